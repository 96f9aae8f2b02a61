"""The patch language: every wrapping and spelling that models use, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from codex_task_executor.tools.base import ToolError
from codex_task_executor.tools.patching.envelope import SIZE_LIMIT
from codex_task_executor.tools.patching.parser import parse
from codex_task_executor.tools.patching.sections import (
    AddFile,
    Patch,
    PatchSyntaxError,
    UpdateFile,
)
from support.patches import apply, contents, fill, patch, patched, refusal

PLAIN = patch("*** Add File: a.txt", "+x")


def error_of(text: str) -> str:
    with pytest.raises(PatchSyntaxError) as caught:
        parse(text)
    return str(caught.value)


def update(*lines: str) -> UpdateFile:
    (only,) = parse(patch("*** Update File: f", *lines))
    (section,) = only.sections
    assert isinstance(section, UpdateFile)
    return section


@pytest.mark.parametrize(
    "text",
    [
        PLAIN,
        PLAIN.rstrip("\n"),
        f"\n\n{PLAIN}\n  \n",
        f"\ufeff{PLAIN}",
        PLAIN.replace("\n", "\r\n"),
        f"<<EOF\n{PLAIN}EOF\n",
        f"<<'EOF'\n{PLAIN}EOF",
        f'<<"EOF"\n{PLAIN}EOF\n\n',
        f"<< 'PATCH'\n{PLAIN}PATCH\n",
        f"apply_patch <<'EOF'\n{PLAIN}EOF\n",
        f"applypatch<<EOF\n{PLAIN}EOF\n",
        f"apply_patch\n{PLAIN}",
        f"apply_patch <<'EOF'\n{PLAIN}",
        f"```\n{PLAIN}```",
        f"```diff\n{PLAIN}```\n",
        f"~~~~\n{PLAIN}~~~~\n",
        f"```bash\napply_patch <<'EOF'\n{PLAIN}EOF\n```\n",
        f"apply_patch <<'EOF'\r\n{PLAIN}EOF\r\n".replace("\n", "\r\n").replace("\r\r", "\r"),
        PLAIN.replace("*** Begin Patch", "  *** Begin Patch\t"),
        PLAIN.replace("*** End Patch", " *** End Patch  "),
        PLAIN.replace("*** Add File: a.txt", "\t*** Add File:   a.txt  "),
    ],
)
def test_wrapping_around_a_patch_does_not_matter(text: str) -> None:
    assert parse(text) == (Patch((AddFile("a.txt", "x\n"),)),)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "line 1 of the patch: the first line must be '*** Begin Patch'"),
        ("hello", "the first line must be '*** Begin Patch'"),
        (f"Here it is:\n{PLAIN}", "the first line must be '*** Begin Patch'"),
        (f"cd x && apply_patch <<EOF\n{PLAIN}EOF", "the first line must be '*** Begin Patch'"),
        ("*** Begin Patch", "the last line must be '*** End Patch'"),
        ("*** Begin Patch\n*** Add File: a\n+x\n", "line 3 of the patch: the last line must be"),
        (f"{PLAIN}Done!", "line 5 of the patch: the last line must be"),
        (f"{PLAIN}EOF", "the last line must be"),
        (f"{PLAIN}{PLAIN}", "a second '*** End Patch'"),
        (patch(), "the patch is empty"),
        (patch("", " "), "the patch is empty"),
        (patch("*** Frobnicate File: foo"), "'*** Frobnicate File: foo' is not a section"),
        (patch("*** Add File:  "), "line 2 of the patch: the path is missing"),
        (patch("*** Update File: a", "*** Move to: ", "@@", "-x"), "line 3 of the patch: the path"),
        (patch("*** Add File: a", "+x", "y"), "line 4 of the patch: every line of an added file"),
        (patch("*** Delete File: a", "-x"), "'-x' is not a section"),
        (patch("*** Update File: a"), "the update of a has no hunk"),
        (patch("*** Update File: a", "@@"), "hunk 1 has no lines"),
        (patch("*** Update File: a", "@@ def f():", "*** End of File"), "hunk 1 has no lines"),
        (patch("*** Update File: a", "@@count", "-x"), "'@@' is followed by a space"),
        (patch("*** Update File: a", "@@", "-x", "y"), "line 5 of the patch: 'y': every line of"),
        (patch("*** Update File: a", "@@", "-x", "***"), "'***': every line of a hunk starts"),
        (patch("*** Update File: a", "@@", "-x", "*** What: b"), "'*** What: b' is not a section"),
        (
            patch("*** Update File: a", "@@", "-x", "*** End of File", "-y"),
            "line 6 of the patch: a further hunk must begin with '@@'",
        ),
        (patch("*** Add File: a", "+\ud83d"), "line 3 of the patch: half a character (U+D83D)"),
        (patch("*** Add File: a", "+" + "x" * SIZE_LIMIT), "longer than 1,048,576 characters"),
    ],
)
def test_text_that_is_no_patch_is_refused_by_line(text: str, said: str) -> None:
    assert said in error_of(text)


def test_malformed_patch_is_answered_through_the_tool(tmp_path: Path) -> None:
    with pytest.raises(ToolError) as caught:
        apply(tmp_path, "*** Begin Patch\nnonsense\n*** End Patch")
    assert caught.value.text.startswith("Nothing was changed: line 2 of the patch: 'nonsense'")


def test_empty_lines_between_sections_do_not_matter() -> None:
    (only,) = parse(patch("", "*** Add File: a", "+x", "", "*** Add File: b", "+y", "  "))
    assert only.sections == (AddFile("a", "x\n"), AddFile("b", "y\n"))


def test_empty_line_within_an_added_file_belongs_to_it() -> None:
    (only,) = parse(patch("*** Add File: a", "+x", "", "+y", "+"))
    assert only.sections == (AddFile("a", "x\n\ny\n\n"),)


def test_added_file_may_be_empty_or_end_with_the_end_of_file_marker() -> None:
    (only,) = parse(patch("*** Add File: a", "*** Add File: b", "+x", "*** End of File"))
    assert only.sections == (AddFile("a", ""), AddFile("b", "x\n"))


def test_added_text_is_taken_word_for_word() -> None:
    (only,) = parse(patch("*** Add File: a", "+*** End Patch", "++ b", "+\t x \f"))
    assert only.sections == (AddFile("a", "*** End Patch\n+ b\n\t x \f\n"),)


@pytest.mark.parametrize(
    ("lines", "headers"),
    [
        (["@@"], ()),
        (["@@ "], ()),
        (["@@ def f():"], ("def f():",)),
        (["@@     def f():  "], ("    def f():",)),
        (["@@ def f(): @@"], ("def f():",)),
        (["@@ class A:", "@@   def f():"], ("class A:", "  def f():")),
        (["@@", "@@ def f():"], ("def f():",)),
        (["@@ ... @@"], ()),
        (["@@ -1,2 +1,2 @@"], ()),
        (["@@ -1,2 +1,2 @@ def f():"], ("def f():",)),
        (["@@ -1 +1,3 @@"], ()),
    ],
)
def test_forms_of_the_hunk_header(lines: list[str], headers: tuple[str, ...]) -> None:
    (hunk,) = update(*lines, "-x").hunks
    assert hunk.headers == headers


def test_first_hunk_needs_no_header(tmp_path: Path) -> None:
    assert patched(tmp_path, "one\ntwo\n", " one", "-two", "+2") == b"one\n2\n"
    assert patched(tmp_path, "one\ntwo\n", "", "-two", "+2") == b"one\n2\n"


def test_empty_line_of_a_hunk_is_context(tmp_path: Path) -> None:
    before = "a\nb\n\na\n\nb\n"
    assert patched(tmp_path, before, "@@", " a", "", "-b", "+c") == b"a\nb\n\na\n\nc\n"


def test_carriage_returns_of_the_patch_do_not_reach_the_file(tmp_path: Path) -> None:
    fill(tmp_path, {"a.txt": "one\ntwo\n"})
    text = patch("*** Update File: a.txt", "@@ one", "-two", "+2", "*** Add File: b.txt", "+b")
    apply(tmp_path, text.replace("\n", "\r\n"))
    assert contents(tmp_path) == {"a.txt": b"one\n2\n", "b.txt": b"b\n"}


def test_indented_markers_within_an_update_are_markers(tmp_path: Path) -> None:
    fill(tmp_path, {"a.txt": "one\n", "b.txt": "x\nx\n"})
    second = ("  *** Update File: b.txt", " @@ x", "-x", "+y", " *** Add File: c.txt", "+c")
    apply(tmp_path, patch("*** Update File: a.txt", "@@", "-one", "+two", *second))
    assert contents(tmp_path) == {"a.txt": b"two\n", "b.txt": b"x\ny\n", "c.txt": b"c\n"}


def test_file_that_shows_a_patch_can_be_patched(tmp_path: Path) -> None:
    shown = "x\n*** Update File: b.txt\n@@ y\n*** End Patch\nz\n"
    lines = ("@@", " x", " *** Update File: b.txt", " @@ y", " *** End Patch", "-z", "+Z")
    assert patched(tmp_path, shown, *lines) == shown.replace("z", "Z").encode()


def test_two_readings_that_both_fail_tell_of_the_first(tmp_path: Path) -> None:
    fill(tmp_path, {"a.txt": "one\n"})
    lines = ("@@", "-no", "+two", " *** Delete File: b.txt")
    said = refusal(tmp_path, patch("*** Update File: a.txt", *lines))
    assert "a.txt, hunk 1" in said
    assert "b.txt does not exist" not in said
