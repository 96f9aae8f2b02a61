"""Replacing text in files: exact, unique, and helpful when it is neither."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from codex_task_executor.events import ToolUsed
from codex_task_executor.sandbox.paths import Root
from codex_task_executor.tools.base import ToolError
from codex_task_executor.tools.edit import Edit, EditArguments
from codex_task_executor.tools.replacing import substitutions


@pytest.fixture
def root(tmp_path: Path) -> Iterator[Root]:
    with Root.open(tmp_path) as opened:
        yield opened


async def edit(root: Root, data: bytes, old: str, new: str, every: bool | None = None) -> bytes:
    (root.path / "file").write_bytes(data)
    await Edit(root).run(arguments(old, new, every))
    return (root.path / "file").read_bytes()


async def refusal(root: Root, data: bytes, old: str, new: str = "", every: bool = False) -> str:
    with pytest.raises(ToolError) as raised:
        await edit(root, data, old, new, every)
    assert (root.path / "file").read_bytes() == data
    return raised.value.text


def arguments(old: str, new: str, every: bool | None = None) -> EditArguments:
    return EditArguments(path="file", old_string=old, new_string=new, replace_all=every)


async def test_the_text_is_replaced_and_the_place_told(root: Root) -> None:
    (root.path / "file").write_bytes(b"a\nb\nc\n")
    (root.path / "file").chmod(0o755)
    tool = Edit(root)
    assert tool.exclusive
    assert tool.lines(arguments("b", "B")) == (ToolUsed("Edit", "file"),)
    output = await tool.run(arguments("b", "B"))
    assert output.text == "Edited file: replaced 1 occurrence, at line 2."
    assert (root.path / "file").read_bytes() == b"a\nB\nc\n"
    assert (root.path / "file").stat().st_mode & 0o777 == 0o755


async def test_every_occurrence_is_replaced_on_request(root: Root) -> None:
    assert await edit(root, b"x y x\nx\n", "x", "", True) == b" y \n\n"


async def test_several_matches_are_refused_with_their_lines(root: Root) -> None:
    text = await refusal(root, b"x\ny\nx\n", "x", "z")
    assert "occurs 2 times in file, at lines 1, 3" in text
    assert "replace_all" in text


async def test_overlapping_matches_are_not_unique(root: Root) -> None:
    assert "occurs 2 times" in await refusal(root, b"aaa", "aa", "b")


async def test_an_edit_that_changes_nothing_or_names_nothing_is_refused(root: Root) -> None:
    assert "are the same" in await refusal(root, b"a", "a", "a")
    assert "Use write" in await refusal(root, b"a", "", "b")


@pytest.mark.parametrize(
    ("data", "old", "why"),
    [
        (b"def f():\n\treturn 1\n", "def f():\n    return 1\n", "only tabs and spaces differ"),
        (b"    a = 1\n    b = 2\n", "a = 1\nb = 2\n", "only the indentation differs"),
        (b"a = 1  \nb = 2\n", "a = 1\nb = 2\n", "only white space at the ends"),
        (b"a\nb\n", "a\r\nb\r\n", "only the line endings differ"),
        (b"Hello World\n", "hello world", "only upper and lower case differ"),
        ("say \u201chi\u201d\n".encode(), 'say "hi"', "dashes, quotes or spaces"),
        (b"caf\xe9 au lait\n", "caf\ufffd au lait", "not UTF-8"),
        (b"x = compute(a, b)\n", "x = compute(a, c)\n", "nearest text is this:\n     1 | x = comp"),
        (b"unrelated\n", "%%%%%%", "Nothing in the file is like it"),
        (b"a\nb\n", "     1\ta\n     2\tb", "line numbers"),
    ],
)
async def test_text_that_is_not_there_is_explained(
    root: Root, data: bytes, old: str, why: str
) -> None:
    text = await refusal(root, data, old, "new")
    assert "does not occur in file" in text
    assert why in text


async def test_the_nearest_text_comes_with_its_line_numbers(root: Root) -> None:
    data = b"".join(b"line %d\n" % number for number in range(50)) + b"def total(items):\n"
    assert "    51 | def total(items):" in await refusal(root, data, "def total(item):")


async def test_crlf_files_stay_crlf_when_the_model_sends_lf(root: Root) -> None:
    data = b"a\r\nb\r\nc\r\n"
    assert await edit(root, data, "a\nb\n", "a\nx\nb\n") == b"a\r\nx\r\nb\r\nc\r\n"
    assert await edit(root, data, "b", "x\ny") == b"a\r\nx\r\ny\r\nc\r\n"
    assert await edit(root, data, "b\r\n", "x\n") == b"a\r\nx\nc\r\n"


async def test_mixed_files_keep_the_ending_of_the_text_found(root: Root) -> None:
    data = b"a\r\nb\r\nc\nd\n"
    assert await edit(root, data, "c\nd", "c\nx\nd") == b"a\r\nb\r\nc\nx\nd\n"
    assert await edit(root, data, "a\nb", "a\nx\nb") == b"a\r\nx\r\nb\r\nc\nd\n"


async def test_bytes_that_are_not_utf8_survive_elsewhere(root: Root) -> None:
    assert await edit(root, b"\xff\xfe caf\xe9\nhere\n", "here", "there") == (
        b"\xff\xfe caf\xe9\nthere\n"
    )


async def test_a_byte_order_mark_survives(root: Root) -> None:
    assert await edit(root, b"\xef\xbb\xbfa\n", "a", "b") == b"\xef\xbb\xbfb\n"


async def test_files_that_are_no_text_or_not_there_are_refused(root: Root) -> None:
    assert "binary" in await refusal(root, b"a\0b", "a", "b")
    (root.path / "file").unlink()
    with pytest.raises(ToolError, match="Use glob"):
        await Edit(root).run(arguments("a", "b"))


async def test_a_bomb_of_an_edit_is_refused_before_it_is_made(root: Root) -> None:
    data = b"a" * 1_000_000
    assert "larger than" in await refusal(root, data, "a", "b" * 1_000_000, True)
    assert "occurs 500,001 times" not in await refusal(root, data, "a" * 500_000, "b")


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.text("ab", max_size=3), min_size=1, max_size=6),
    st.integers(0, 5),
    st.text("ab\n", min_size=1, max_size=5),
)
def test_a_crlf_file_never_gains_a_bare_newline(lines: list[str], at: int, new: str) -> None:
    text = "\r\n".join(lines) + "\r\n"
    old = "\n".join(lines[at % len(lines) :])
    for substitution in substitutions(text, old, new):
        if old and substitution.old in text:
            assert substitution.apply(text).replace("\r\n", "").count("\n") == 0
            break
