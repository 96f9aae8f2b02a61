"""Reading files as numbered lines."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from codex_task_executor.events import ToolUsed
from codex_task_executor.sandbox.paths import Root
from codex_task_executor.tools.base import ToolError
from codex_task_executor.tools.read import Read, ReadArguments
from codex_task_executor.tools.truncate import OUTPUT_LIMIT


@pytest.fixture
def root(tmp_path: Path) -> Iterator[Root]:
    with Root.open(tmp_path) as opened:
        yield opened


async def read(root: Root, data: bytes, offset: int | None = None, limit: int | None = None) -> str:
    (root.path / "file").write_bytes(data)
    arguments = ReadArguments(path="file", offset=offset, limit=limit)
    return (await Read(root).run(arguments)).text


async def refusal(
    root: Root, path: str, offset: int | None = None, limit: int | None = None
) -> str:
    with pytest.raises(ToolError) as raised:
        await Read(root).run(ReadArguments(path=path, offset=offset, limit=limit))
    return raised.value.text


def test_the_line_to_show_is_one_line(root: Root) -> None:
    lines = Read(root).lines(ReadArguments(path="a\nb"))
    assert lines == (ToolUsed("Read", '"a\\nb"'),)


async def test_lines_are_numbered(root: Root) -> None:
    assert await read(root, b"one\n\ttwo\n") == "     1\tone\n     2\t\ttwo"


async def test_a_range_says_what_is_left_and_where_the_file_ends(root: Root) -> None:
    data = b"".join(b"%d\n" % number for number in range(1, 11))
    text = await read(root, data, 3, 2)
    assert text == "     3\t3\n     4\t4\n(lines 3-4 of 10; read on with offset=5)"
    assert (await read(root, data, 10, 5)).endswith("    10\t10\n(end of the file, line 10)")
    assert await read(root, data, 0, 1) == await read(root, data, None, 1)


async def test_at_most_2000_lines_come_at_once(root: Root) -> None:
    text = await read(root, b"x\n" * 2001)
    assert "  2000\tx" in text
    assert text.endswith("(lines 1-2,000 of 2,001; read on with offset=2001)")


async def test_long_files_stop_within_the_output_limit_and_can_be_read_on(root: Root) -> None:
    data = b"".join(b"%06d" % number + b"x" * 993 + b"\n" for number in range(100))
    text = await read(root, data)
    assert len(text.encode()) <= OUTPUT_LIMIT
    shown = text.count("xxx\n")
    assert text.endswith(f"(lines 1-{shown} of 100; read on with offset={shown + 1})")


async def test_long_lines_are_cut_with_a_count(root: Root) -> None:
    assert (await read(root, b"y" * 2_500 + b"\n")).endswith("y [+500 characters]")


async def test_line_endings_are_told(root: Root) -> None:
    assert await read(root, b"a\r\nb\r\n") == "     1\ta\n     2\tb\n(line endings are CRLF)"
    mixed = await read(root, b"a\r\nb\nc\n")
    assert mixed.startswith("     1\ta\u240d\n     2\tb\n")
    assert mixed.endswith("(mixed line endings: 1 line of CRLF, marked \u240d)")


async def test_only_newlines_end_lines(root: Root) -> None:
    assert "     2\t" not in await read(root, "a\x0cb\u2028c\x85d\re\n".encode())


async def test_what_is_not_utf8_is_replaced_and_said(root: Root) -> None:
    text = await read(root, b"caf\xe9\n")
    assert text == "     1\tcaf\ufffd\n(not valid UTF-8: \ufffd stands for other bytes)"


async def test_a_byte_order_mark_and_a_missing_newline_are_said(root: Root) -> None:
    text = await read(root, b"\xef\xbb\xbfa")
    assert text == "     1\ta\n(starts with a byte order mark)\n(no newline at the end)"


async def test_an_empty_file_is_said_to_be_empty(root: Root) -> None:
    assert await read(root, b"") == "(the file is empty)"
    assert await read(root, b"\n") == "     1\t"


async def test_what_cannot_be_read_says_what_to_do(root: Root) -> None:
    (root.path / "folder").mkdir()
    (root.path / "image").write_bytes(b"\x89PNG\0" + b"x" * 100)
    (root.path / "three").write_bytes(b"1\n2\n3\n")
    (root.path / ".env").write_bytes(b"TOKEN=x")
    os.mkfifo(root.path / "fifo")
    assert "Use glob with the pattern folder/*" in await refusal(root, "folder")
    assert "binary file of 105 bytes" in await refusal(root, "image")
    assert "has 3 lines; offset 4" in await refusal(root, "three", 4)
    assert "limit must be at least 1" in await refusal(root, "three", 1, 0)
    assert "Use glob to find" in await refusal(root, "missing.py")
    assert "off limits" in await refusal(root, ".env")
    assert "FIFO" in await refusal(root, "fifo")
    assert "outside" in await refusal(root, "../x")
