"""The tool on real folders: all files or none, modes, messages, lines to show."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

from codex_task_executor.events import ToolUsed
from codex_task_executor.sandbox.paths import FileContent, Root, Version
from codex_task_executor.tools.apply_patch import ApplyPatch, ApplyPatchArguments
from codex_task_executor.tools.base import ToolError
from support.patches import apply, contents, fill, patch, refusal

UPDATE_A = ("*** Update File: a.txt", "@@", "-one", "+two")


def lines_of(folder: Path, text: str) -> list[ToolUsed]:
    with Root.open(folder) as root:
        return list(ApplyPatch(root).lines(ApplyPatchArguments(input=text)))


def test_success_lists_files_with_the_letters_of_git(tmp_path: Path) -> None:
    fill(tmp_path, {"a.txt": "one\n", "old.txt": "x\n", "gone.txt": "y\n"})
    said = apply(
        tmp_path,
        patch(
            "*** Add File: new/b.txt",
            "+b",
            *UPDATE_A,
            "*** Update File: old.txt",
            "*** Move to: moved.txt",
            "@@",
            "-x",
            "+z",
            "*** Delete File: gone.txt",
        ),
    )
    assert said.splitlines() == [
        "Success. Updated the following files:",
        "A new/b.txt",
        "M a.txt",
        "A moved.txt",
        "D old.txt",
        "D gone.txt",
    ]
    assert contents(tmp_path) == {"a.txt": b"two\n", "moved.txt": b"z\n", "new/b.txt": b"b\n"}


def test_patch_without_effect_says_so(tmp_path: Path) -> None:
    fill(tmp_path, {"a.txt": "one\n"})
    said = apply(tmp_path, patch("*** Update File: a.txt", "@@", " one"))
    assert said.splitlines() == ["Nothing had to be changed.", "(already so: a.txt)"]


@pytest.mark.parametrize("bad", ["missing.txt", "../outside.txt", ".env", ".git/config", "sub"])
def test_one_bad_file_leaves_all_files_alone(tmp_path: Path, bad: str) -> None:
    root = tmp_path / "root"
    fill(root, {"a.txt": "one\n", "sub/x": "x\n", ".env": "k\n", ".git/config": "c\n"})
    fill(tmp_path, {"outside.txt": "one\n"})
    section = (f"*** Update File: {bad}", "@@", "-one", "+two")
    said = refusal(root, patch("*** Add File: n.txt", "+n", *UPDATE_A, *section))
    assert bad in said
    assert (tmp_path / "outside.txt").read_text() == "one\n"


@pytest.mark.parametrize("target", ["../out.txt", "/etc/out.txt", ".git/hooks/x", "k.pem", "sub"])
def test_nothing_moves_or_is_added_where_no_file_may_be(tmp_path: Path, target: str) -> None:
    root = tmp_path / "root"
    fill(root, {"a.txt": "one\n", "sub/x": "x\n", ".git/HEAD": "ref\n"})
    moved = ("*** Update File: a.txt", f"*** Move to: {target}", "@@", "-one", "+two")
    assert target in refusal(root, patch(*moved))
    assert target in refusal(root, patch(f"*** Add File: {target}", "+x"))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["root"]


def test_links_are_not_written_through(tmp_path: Path) -> None:
    root = tmp_path / "root"
    fill(tmp_path, {"outside.txt": "one\n", "root/x": ""})
    (root / "a.txt").symlink_to("../outside.txt")
    (root / "out").symlink_to("..")
    refusal(root, patch(*UPDATE_A))
    refusal(root, patch("*** Add File: a.txt", "+x"))
    refusal(root, patch("*** Add File: out/new.txt", "+x"))
    assert contents(tmp_path)["outside.txt"] == b"one\n"


def test_deleting_a_folder_is_refused(tmp_path: Path) -> None:
    fill(tmp_path, {"sub/x": "x\n"})
    assert "sub is a folder" in refusal(tmp_path, patch("*** Delete File: sub"))


def test_missing_file_is_answered_with_what_to_do(tmp_path: Path) -> None:
    said = refusal(tmp_path, patch(*UPDATE_A))
    assert "a.txt does not exist; look for its path, or make it with '*** Add File: a.txt'" in said
    assert "leave its section out" in refusal(tmp_path, patch("*** Delete File: a.txt"))


def test_failures_of_several_files_are_told_together(tmp_path: Path) -> None:
    fill(tmp_path, {"a.txt": "1\n", "b.txt": "2\n"})
    said = refusal(tmp_path, patch(*UPDATE_A, "*** Update File: b.txt", "@@", "-one", "+two"))
    assert "a.txt, hunk 1 (line 3 of the patch)" in said
    assert "b.txt, hunk 1 (line 7 of the patch)" in said


def test_many_failures_are_cut_and_counted(tmp_path: Path) -> None:
    gone = [f"*** Delete File: {number}" for number in range(9)]
    said = refusal(tmp_path, patch(*gone))
    assert said.count("does not exist") == 5
    assert "... and 4 more." in said


def test_add_overwrites_and_keeps_the_mode(tmp_path: Path) -> None:
    fill(tmp_path, {"run.sh": "old\n"})
    (tmp_path / "run.sh").chmod(0o755)
    said = apply(tmp_path, patch("*** Add File: run.sh", "+new"))
    assert said.endswith("M run.sh")
    assert (tmp_path / "run.sh").read_text() == "new\n"
    assert os.access(tmp_path / "run.sh", os.X_OK)


def test_move_keeps_the_executable_bit(tmp_path: Path) -> None:
    fill(tmp_path, {"run.sh": "one\n"})
    (tmp_path / "run.sh").chmod(0o755)
    move = ("*** Update File: run.sh", "*** Move to: bin/run", "@@", "-one", "+two")
    apply(tmp_path, patch(*move))
    assert contents(tmp_path) == {"bin/run": b"two\n"}
    assert (tmp_path / "bin/run").stat().st_mode & 0o777 == 0o755


def test_move_over_a_file_brings_its_own_mode(tmp_path: Path) -> None:
    fill(tmp_path, {"run.sh": "same\n", "there": "same\n"})
    (tmp_path / "run.sh").chmod(0o755)
    apply(tmp_path, patch("*** Update File: run.sh", "*** Move to: there"))
    assert contents(tmp_path) == {"there": b"same\n"}
    assert (tmp_path / "there").stat().st_mode & 0o777 == 0o755


@pytest.mark.parametrize("target", ["a.txt", "./a.txt", "sub/../a.txt"])
def test_move_to_the_same_path_is_an_update(tmp_path: Path, target: str) -> None:
    fill(tmp_path, {"a.txt": "one\n"})
    move = ("*** Update File: a.txt", f"*** Move to: {target}", "@@", "-one", "+two")
    assert apply(tmp_path, patch(*move)).endswith("M a.txt")
    assert contents(tmp_path) == {"a.txt": b"two\n"}


def test_move_without_hunks_keeps_every_byte(tmp_path: Path) -> None:
    data = b"\xff\x00 no newline\r\rat the end"
    fill(tmp_path, {"a.bin": data})
    apply(tmp_path, patch("*** Update File: a.bin", "*** Move to: b.bin"))
    assert contents(tmp_path) == {"b.bin": data}


def test_second_section_of_a_file_sees_what_the_first_made(tmp_path: Path) -> None:
    fill(tmp_path, {"a.txt": "one\n"})
    again = ("*** Update File: ./a.txt", "@@", "-two", "+three")
    apply(tmp_path, patch(*UPDATE_A, *again))
    assert contents(tmp_path) == {"a.txt": b"three\n"}


def test_sections_may_undo_and_follow_each_other(tmp_path: Path) -> None:
    fill(tmp_path, {"a.txt": "one\n"})
    apply(
        tmp_path,
        patch(
            "*** Add File: temporary.txt",
            "+t",
            "*** Delete File: temporary.txt",
            "*** Update File: a.txt",
            "*** Move to: b.txt",
            "*** Add File: a.txt",
            "+fresh",
            "*** Update File: b.txt",
            "@@",
            "-one",
            "+two",
        ),
    )
    assert contents(tmp_path) == {"a.txt": b"fresh\n", "b.txt": b"two\n"}


def test_file_that_was_deleted_in_the_patch_is_gone_for_later_sections(tmp_path: Path) -> None:
    fill(tmp_path, {"a.txt": "one\n"})
    said = refusal(tmp_path, patch("*** Delete File: a.txt", *UPDATE_A))
    assert "a.txt does not exist" in said


def test_file_can_become_a_folder(tmp_path: Path) -> None:
    fill(tmp_path, {"menu": "one\n"})
    apply(tmp_path, patch("*** Delete File: menu", "*** Add File: menu/main.txt", "+x"))
    assert contents(tmp_path) == {"menu/main.txt": b"x\n"}
    apply(tmp_path, patch("*** Update File: menu/main.txt", "*** Move to: other"))
    assert contents(tmp_path) == {"other": b"x\n"}
    apply(tmp_path, patch("*** Update File: other", "*** Move to: other/main.txt"))
    assert contents(tmp_path) == {"other/main.txt": b"x\n"}


def test_file_and_folder_of_one_name_are_refused(tmp_path: Path) -> None:
    said = refusal(tmp_path, patch("*** Add File: a", "+x", "*** Add File: a/b", "+x"))
    assert "a cannot be a file and the folder of a/b" in said
    fill(tmp_path, {"c": "x\n"})
    assert "c/d cannot be reached" in refusal(tmp_path, patch("*** Add File: c/d", "+x"))


def test_absolute_paths_inside_the_root_are_taken(tmp_path: Path) -> None:
    fill(tmp_path, {"a.txt": "one\n"})
    apply(tmp_path, patch(f"*** Update File: {tmp_path}/a.txt", "@@", "-one", "+two"))
    assert contents(tmp_path) == {"a.txt": b"two\n"}


def test_paths_are_relative_to_the_folder_of_the_call(tmp_path: Path) -> None:
    fill(tmp_path, {"web/a.txt": "one\n", "a.txt": "one\n"})
    apply(tmp_path, patch(*UPDATE_A, "*** Add File: ../top.txt", "+t"), "web")
    assert contents(tmp_path) == {"web/a.txt": b"two\n", "a.txt": b"one\n", "top.txt": b"t\n"}


@pytest.mark.parametrize("folder", ["missing", "a.txt", "../x", ".git"])
def test_folder_that_is_none_is_refused_and_not_made(tmp_path: Path, folder: str) -> None:
    root = tmp_path / "root"
    fill(root, {"a.txt": "one\n"})
    with pytest.raises(ToolError, match=r"does not|is not a folder|outside|off limits"):
        apply(root, patch("*** Add File: new.txt", "+n"), folder)
    assert contents(tmp_path) == {"root/a.txt": b"one\n"}


def test_paths_may_have_spaces_and_any_letters(tmp_path: Path) -> None:
    apply(tmp_path, patch("*** Add File: mein Ordner/naïve ✅.txt  ", "+x"))
    assert contents(tmp_path) == {"mein Ordner/naïve ✅.txt": b"x\n"}


def test_each_file_gets_one_line_to_show(tmp_path: Path) -> None:
    text = patch(
        "*** Add File: new.txt",
        "+n",
        *UPDATE_A,
        *UPDATE_A,
        "*** Update File: old.txt",
        "*** Move to: moved.txt",
        "*** Delete File: gone.txt",
    )
    assert lines_of(tmp_path, text) == [
        ToolUsed("Write", "new.txt"),
        ToolUsed("Edit", "a.txt"),
        ToolUsed("Edit", "moved.txt"),
        ToolUsed("Edit", "gone.txt"),
    ]


def test_paths_are_shown_clean_and_in_their_folder(tmp_path: Path) -> None:
    text = patch(f"*** Delete File: {tmp_path}/x/../a.txt", "*** Delete File: ../../out\u202e")
    assert lines_of(tmp_path, text) == [
        ToolUsed("Edit", "a.txt"),
        ToolUsed("Edit", '"../../out\\342\\200\\256"'),
    ]
    with Root.open(tmp_path) as root:
        arguments = ApplyPatchArguments(input=patch(*UPDATE_A))
        assert ApplyPatch(root).lines(arguments, "web") == (ToolUsed("Edit", "web/a.txt"),)


def test_grammar_and_description_name_every_marker(tmp_path: Path) -> None:
    with Root.open(tmp_path) as root:
        tool = ApplyPatch(root)
    marks = ("Begin Patch", "Add File: ", "Update File: ", "Move to: ", "Delete File: ")
    for marker in (*marks, "End of File", "End Patch"):
        assert f'"*** {marker}"' in tool.grammar
        assert f"*** {marker.strip(' :')}" in tool.description


def test_malformed_patch_gets_one_line_to_show(tmp_path: Path) -> None:
    assert lines_of(tmp_path, "no patch") == [ToolUsed("Edit", "(malformed patch)")]


def test_case_of_a_name_can_be_changed_where_case_is_ignored(tmp_path: Path) -> None:
    fill(tmp_path, {"Readme": "one\n"})
    with CaseBlindRoot.open(tmp_path) as root:
        text = patch("*** Update File: Readme", "*** Move to: README", "@@", "-one", "+two")
        asyncio.run(ApplyPatch(root).run(ApplyPatchArguments(input=text)))
    assert contents(tmp_path) == {"README": b"two\n"}


class CaseBlindRoot(Root):
    """A file system as macOS has it: a name finds its file in any case."""

    def _stored(self, name: str) -> str:
        stored = {path.name.casefold(): path.name for path in self.path.iterdir()}
        return stored.get(name.casefold(), name)

    def read(self, name: str, limit: int = 1_000_000) -> FileContent:
        return super().read(self._stored(name), limit)

    def create(self, name: str, data: bytes, mode: int = 0o644) -> None:
        assert self._stored(name) == name, "exists already"
        super().create(name, data, mode)

    def replace(self, name: str, data: bytes, expected: Version, mode: int | None = None) -> None:
        super().replace(self._stored(name), data, expected, mode)

    def remove(self, name: str, expected: Version) -> None:
        super().remove(self._stored(name), expected)
