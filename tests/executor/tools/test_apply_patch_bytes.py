"""What an update leaves alone: line endings, byte order marks, bytes that are not UTF-8."""

from __future__ import annotations

from pathlib import Path

import pytest

from codex_task_executor.tools.patching.lines import Document
from support.patches import fill, patch, patched, refusal

REPLACE_B = ("@@", " a", "-b", "+B", " c")


@pytest.mark.parametrize(
    "data", [b"", b"\n", b"a", b"a\r", b"\r\n\r\r\n\n\xff\xc3\x28", b"\xef\xbb\xbf"]
)
def test_splitting_and_joining_gives_the_same_bytes(data: bytes) -> None:
    assert Document.parse(data).encode() == data


def test_only_cr_and_lf_end_lines() -> None:
    assert Document.parse(b"a\x0bb\x0cc\xc2\x85d\xe2\x80\xa8e").texts == ("a\vb\fc\x85d\u2028e",)


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_endings_of_a_uniform_file_stay(tmp_path: Path, ending: str) -> None:
    before = ending.join("abc") + ending
    more = ("@@", " a", "-b", "+B", "+B2", " c", "@@", "+d")
    assert patched(tmp_path, before, *more).decode() == ending.join(("a", "B", "B2", "c", "d", ""))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b"a\nb\nc", b"a\nB\nc\n"),
        (b"a\r\nb\r\nc", b"a\r\nB\r\nc\r\n"),
        (b"a\nb\r\nc\r\n", b"a\nB\r\nc\r\n"),
        (b"a\r\nb\nc\n", b"a\r\nB\nc\n"),
        (b"a\rb\nc\n", b"a\rB\nc\n"),
        (b"a\nb\rc\n", b"a\nB\rc\n"),
        (b"z\r\nz\r\na\r\nb\nc\r\n", b"z\r\nz\r\na\r\nB\r\nc\r\n"),
        (b"a\nb\nc\nlog 1%\rlog 2%\rlog 3%\n", b"a\nB\nc\nlog 1%\rlog 2%\rlog 3%\n"),
    ],
)
def test_a_replaced_line_ends_as_before_unless_it_was_a_stray(
    tmp_path: Path, before: bytes, after: bytes
) -> None:
    assert patched(tmp_path, before, *REPLACE_B) == after


def test_added_lines_end_as_their_neighbour(tmp_path: Path) -> None:
    before = b"a\r\nb\r\nc\nd\n"
    assert patched(tmp_path, before, "@@", " a", "+x") == b"a\r\nx\r\nb\r\nc\nd\n"
    assert patched(tmp_path, before, "@@", " c", "+x") == b"a\r\nb\r\nc\nx\nd\n"
    assert patched(tmp_path, before, "@@", "+x", " a") == b"x\r\na\r\nb\r\nc\nd\n"


def test_added_lines_are_never_hidden_behind_a_lone_carriage_return(tmp_path: Path) -> None:
    before = b"a\n1%\r2%\nb\n"
    assert patched(tmp_path, before, "@@", " 1%", "+x") == b"a\n1%\rx\n2%\nb\n"
    assert patched(tmp_path, before, "@@", "-1%", "-2%", "+x") == b"a\nx\nb\n"
    assert patched(tmp_path, before, "@@", "-1%", "+x", "+y") == b"a\nx\ny\n2%\nb\n"


def test_lone_carriage_returns_within_lines_of_the_patch_are_kept(tmp_path: Path) -> None:
    before = b"a\n1%\r2%\nb\n"
    assert patched(tmp_path, before, "@@", " 1%\r2%", "-b", "+B") == b"a\n1%\r2%\nB\n"
    assert patched(tmp_path, before, "@@", "-1%\r2%", "+3%\r4%", " b") == b"a\n3%\r4%\nb\n"
    assert patched(tmp_path, before, "@@ b", "+5%\r6%") == b"a\n1%\r2%\nb\n5%\r6%\n"


def test_final_newline_is_added_wherever_the_change_is(tmp_path: Path) -> None:
    assert patched(tmp_path, b"a\nb", "@@", "-a", "+A") == b"A\nb\n"
    assert patched(tmp_path, b"a", "@@", "-a", "+A") == b"A\n"
    assert patched(tmp_path, b"a\r\nb", "@@", "-b", "+B", "+C") == b"a\r\nB\r\nC\r\n"


def test_file_can_be_emptied(tmp_path: Path) -> None:
    assert patched(tmp_path, b"a\nb", "@@", "-a", "-b") == b""


def test_byte_order_mark_stays_and_does_not_hide_the_first_line(tmp_path: Path) -> None:
    before = "\ufeffa\nb\n"
    assert patched(tmp_path, before, "@@", "-a", "+A") == "\ufeffA\nb\n".encode()
    assert patched(tmp_path, before, "@@", "-\ufeffa", "+\ufeffA") == "\ufeffA\nb\n".encode()


def test_bytes_that_are_not_utf8_stay(tmp_path: Path) -> None:
    before = "# caf\xe9\nx = 1\n".encode("latin-1")
    assert patched(tmp_path, before, "@@", "-x = 1", "+x = 'é'") == b"# caf\xe9\nx = '\xc3\xa9'\n"


def test_lines_that_are_not_utf8_are_found_as_they_are_shown(tmp_path: Path) -> None:
    before = b"# caf\xe9 \xe2\x82 na\xefve\nx = 1\n"
    context = " # caf\ufffd \ufffd na\ufffdve"
    assert patched(tmp_path, before, "@@", context, "-x = 1", "+x = 2") == (
        b"# caf\xe9 \xe2\x82 na\xefve\nx = 2\n"
    )


def test_bytes_of_a_changed_line_that_are_not_utf8_come_back(tmp_path: Path) -> None:
    before = b"# caf\xe9\xe9 \xe2\x82!\n\xff\n"
    lines = ("@@", "-# caf\ufffd\ufffd \ufffd!", "+# the caf\ufffd\ufffd", "+# \ufffd!")
    assert patched(tmp_path, before, *lines) == b"# the caf\xe9\xe9\n# \xe2\x82!\n\xff\n"


def test_losing_bytes_that_are_not_utf8_is_refused(tmp_path: Path) -> None:
    fill(tmp_path, {"file.txt": b"a\ncaf\xe9 \xe9\n"})
    lines = ("@@", "-caf\ufffd \ufffd", "+caf\ufffd")
    said = refusal(tmp_path, patch("*** Update File: file.txt", *lines))
    assert "file.txt, line 2 of the file: the removed lines hold bytes that are not UTF-8" in said


def test_line_that_is_not_utf8_can_be_rewritten_without_those_bytes(tmp_path: Path) -> None:
    assert patched(tmp_path, b"caf\xe9\n", "@@", "-caf\ufffd", "+café") == "café\n".encode()


def test_replacement_characters_that_are_real_stay_so(tmp_path: Path) -> None:
    before = "a \ufffd\n"
    assert (
        patched(tmp_path, before, "@@", "-a \ufffd", "+b \ufffd\ufffd")
        == "b \ufffd\ufffd\n".encode()
    )


def test_binary_content_around_a_change_stays(tmp_path: Path) -> None:
    before = bytes(range(256)) + b"\nx\n" + bytes(range(256))
    after = patched(tmp_path, before, "@@", "-x", "+y")
    assert after == bytes(range(256)) + b"\ny\n" + bytes(range(256)) + b"\n"
