from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from codex_worktree.errors import GitCommandError, UnrelatedHistories
from codex_worktree.git import Git
from codex_worktree.merge import (
    AlreadyContained,
    CleanMerge,
    Conflict,
    ConflictedMerge,
    MergeResult,
    NothingToMerge,
    preview,
)
from support.repositories import Sandpit
from support.trees import EXECUTABLE, SYMLINK, File, Tree, commit, edited, trees

TEXT = b"".join(b"line %d\n" % number for number in range(30))


def changed(line: int, text: bytes = TEXT, to: bytes = b"changed") -> File:
    return File(text.replace(b"line %d\n" % line, to + b"\n"))


def git_of(pit: Sandpit) -> Git:
    return Git(pit.root / ".git", pit.environment)


def merge(pit: Sandpit, base: Tree, target: Tree, result: Tree) -> MergeResult:
    start = commit(pit, base)
    ours, theirs = commit(pit, target, start), commit(pit, result, start)
    return preview(git_of(pit), "main", ours, start, theirs)


def conflicts(pit: Sandpit, base: Tree, target: Tree, result: Tree) -> list[tuple[str, str]]:
    found = merge(pit, base, target, result)
    assert isinstance(found, ConflictedMerge)
    return [(conflict.path, conflict.kind) for conflict in found.conflicts]


def tree_of(pit: Sandpit, tree: Tree) -> str:
    return pit.git("rev-parse", f"{commit(pit, tree)}^{{tree}}")


def files_below(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_changes_to_different_lines_merge_cleanly(pit: Sandpit) -> None:
    found = merge(pit, {"a": File(TEXT)}, {"a": changed(3)}, {"a": changed(20)})
    assert isinstance(found, CleanMerge)
    assert found.tree == tree_of(pit, {"a": changed(20, changed(3).data)})


def test_a_target_that_did_not_move_gets_the_results_tree(pit: Sandpit) -> None:
    found = merge(pit, {"a": File(TEXT)}, {"a": File(TEXT)}, {"a": changed(20)})
    assert isinstance(found, CleanMerge)
    assert found.tree == tree_of(pit, {"a": changed(20)})


@pytest.mark.parametrize(
    ("base", "target", "result", "expected"),
    [
        (File(TEXT), changed(3), changed(3, to=b"other"), "content"),
        (None, File(b"1\n"), File(b"2\n"), "add/add"),
        (File(b"\0a"), File(b"\0b"), File(b"\0c"), "binary"),
        (File(TEXT), None, changed(3), "modify/delete"),
        (File(TEXT), changed(3), None, "modify/delete"),
        (File(b"a", SYMLINK), File(b"b", SYMLINK), File(b"c", SYMLINK), "content"),
    ],
)
def test_a_conflict_names_its_path_and_kind(
    pit: Sandpit, base: File | None, target: File | None, result: File | None, expected: str
) -> None:
    sides = [{"odd \n": file} if file else {} for file in (base, target, result)]
    assert conflicts(pit, *sides) == [("odd \n", expected)]


def test_a_file_renamed_to_two_names_conflicts_at_all_three(pit: Sandpit) -> None:
    found = conflicts(pit, {"a": File(TEXT)}, {"b": File(TEXT)}, {"c": File(TEXT)})
    assert found == [(path, "rename/rename") for path in ("a", "b", "c")]


def test_a_result_that_the_target_has_is_already_contained(pit: Sandpit) -> None:
    base = commit(pit, {"a": File(b"1\n")})
    result = commit(pit, {"a": File(b"2\n")}, base)
    tip = commit(pit, {"a": File(b"3\n")}, result)
    assert preview(git_of(pit), "main", tip, base, result) == AlreadyContained("main", tip)


def test_a_result_that_was_squashed_into_the_target_is_already_contained(pit: Sandpit) -> None:
    found = merge(pit, {"a": File(b"1\n")}, {"a": File(b"2\n")}, {"a": File(b"2\n")})
    assert isinstance(found, AlreadyContained)


def test_a_result_that_is_its_base_is_nothing_to_merge(pit: Sandpit) -> None:
    assert isinstance(merge(pit, {"a": File(b"1")}, {}, {"a": File(b"1")}), NothingToMerge)


def test_unrelated_histories_are_an_error(pit: Sandpit) -> None:
    base, stranger = commit(pit, {"a": File(b"1")}), commit(pit, {"b": File(b"1")})
    with pytest.raises(UnrelatedHistories):
        preview(git_of(pit), "main", stranger, base, commit(pit, {}, base))


def test_a_preview_writes_nothing_to_the_repository(pit: Sandpit) -> None:
    base = commit(pit, {"a": File(TEXT)})
    ours, theirs = commit(pit, {"a": changed(3)}, base), commit(pit, {"a": changed(20)}, base)
    before = files_below(pit.root)
    assert isinstance(preview(git_of(pit), "main", ours, base, theirs), CleanMerge)
    assert files_below(pit.root) == before


def test_the_targets_attributes_decide_how_to_merge(pit: Sandpit) -> None:
    union = {"x/.gitattributes": File(b"log merge=union\n")}
    base = {"x/log": File(b"start\n"), **union}
    target, result = ({"x/log": File(b"start\n" + line)} for line in (b"a\n", b"b\n"))
    found = merge(pit, base, {**target, **union}, {**result, **union})
    assert isinstance(found, CleanMerge)


def test_neither_the_results_attributes_nor_the_checkouts_count(pit: Sandpit) -> None:
    union = {".gitattributes": File(b"log merge=union\n")}
    pit.write({".gitattributes": "log merge=union\n"})
    base, target = {"log": File(b"start\n")}, {"log": File(b"start\na\n")}
    found = conflicts(pit, base, target, {"log": File(b"start\nb\n"), **union})
    assert found == [("log", "content")]


def test_a_configured_merge_driver_does_not_run_and_is_reported(
    pit: Sandpit, tmp_path: Path
) -> None:
    witness = tmp_path / "ran"
    pit.git("config", "merge.evil.driver", f"touch {witness}")
    attributes = {".gitattributes": File(b"a merge=evil\n")}
    sides = [{"a": file, **attributes} for file in (File(TEXT), changed(3), changed(20))]
    assert conflicts(pit, *sides) == [("a", "merge driver evil")]
    assert not witness.exists()


def test_a_driver_is_no_reason_where_only_one_side_changed_the_file(pit: Sandpit) -> None:
    pit.git("config", "merge.evil.driver", "false")
    attributes = {".gitattributes": File(b"a merge=evil\n")}
    sides = [{"a": file, **attributes} for file in (File(TEXT), File(TEXT), changed(20))]
    assert isinstance(merge(pit, *sides), CleanMerge)


def test_a_default_merge_driver_is_reported_too(pit: Sandpit) -> None:
    pit.git("config", "merge.evil.driver", "false")
    pit.git("config", "merge.default", "evil")
    found = conflicts(pit, {"a": File(TEXT)}, {"a": changed(3)}, {"a": changed(20)})
    assert found == [("a", "merge driver evil")]


def test_a_conflict_value_can_be_compared(pit: Sandpit) -> None:
    found = merge(pit, {"a": File(b"1\n")}, {"a": File(b"2\n")}, {"a": File(b"3\n")})
    assert isinstance(found, ConflictedMerge)
    assert found.conflicts == (Conflict("a", "content"),)


def test_a_mode_and_a_content_change_merge(pit: Sandpit) -> None:
    found = merge(pit, {"a": File(TEXT)}, {"a": File(TEXT, EXECUTABLE)}, {"a": changed(3)})
    assert isinstance(found, CleanMerge)
    assert found.tree == tree_of(pit, {"a": File(changed(3).data, EXECUTABLE)})


def test_works_in_a_shallow_clone_and_with_sha256_ids(tmp_path: Path) -> None:
    origin = Sandpit.create(tmp_path / "origin", "--object-format=sha256")
    origin.commit({"a": TEXT}, "first")
    origin.commit({"b": TEXT}, "second")
    clone = Sandpit(tmp_path / "clone", origin.environment)
    origin.git("clone", "-q", "--depth=1", f"file://{origin.root}", str(clone.root))
    tip = clone.git("rev-parse", "HEAD")
    result = commit(clone, {"a": changed(3)}, tip)
    assert isinstance(preview(git_of(clone), "main", tip, tip, result), CleanMerge)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Sandpit:
    pit = Sandpit.create(tmp_path_factory.mktemp("shared"))
    pit.git("config", "advice.detachedHead", "false")
    return pit


@settings(max_examples=30, deadline=None)
@given(data=st.data())
def test_a_preview_says_what_a_real_merge_does(shared: Sandpit, data: st.DataObject) -> None:
    old = data.draw(trees())
    base = commit(shared, old)
    ours, theirs = (commit(shared, data.draw(edited(old)), base) for _ in range(2))
    shared.git("checkout", "-q", "-f", "--detach", ours)
    shared.git("clean", "-q", "-ffdx")
    merging = ["git", "merge", "-q", "--no-ff", "-m", "merge", theirs]
    real = subprocess.run(merging, cwd=shared.root, env=shared.environment, check=False)
    if real.returncode < 0:  # git 2.39 has assertions that some moved submodules break
        (shared.root / ".git/index.lock").unlink(missing_ok=True)
        with pytest.raises(GitCommandError):
            preview(git_of(shared), "main", ours, base, theirs)
        return
    found = preview(git_of(shared), "main", ours, base, theirs)
    unmerged = shared.git("ls-files", "-u")
    assert bool(unmerged) == isinstance(found, ConflictedMerge)
    if not unmerged:
        expected = found.tree if isinstance(found, CleanMerge) else f"{ours}^{{tree}}"
        assert shared.git("rev-parse", "HEAD^{tree}") == shared.git("rev-parse", expected)
    shared.git("reset", "-q", "--hard")
