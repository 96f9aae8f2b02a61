"""Read: a text file's lines, numbered."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import Field

from codex_task_executor.events import ToolUsed
from codex_task_executor.sandbox.paths import Root
from codex_task_executor.tools.base import Arguments, ToolError, ToolOutput
from codex_task_executor.tools.files import label, on_files, plural, require_text
from codex_task_executor.tools.text_lines import WIDEST, TextLines
from codex_task_executor.tools.truncate import OUTPUT_LIMIT

MOST_LINES = 2_000
"""Lines of one call unless it asks for fewer."""

_FOR_NOTES = 500
"""Bytes of the output kept free for the notes after the lines."""


class ReadArguments(Arguments):
    """Arguments of ``read``."""

    path: str = Field(description="The file, relative to the project folder.")
    offset: int | None = Field(
        default=None, description="The first line to show, counted from 1; null: the first."
    )
    limit: int | None = Field(
        default=None, description=f"How many lines to show; null: up to {MOST_LINES}."
    )


class Read:
    """Shows lines of one text file."""

    name = "read"
    description = (
        "Read a text file. Lines come numbered (number, tab, text); the numbers are not part of "
        f"the file. At most {MOST_LINES} lines and {OUTPUT_LIMIT:,} bytes a call, lines cut after "
        f"{WIDEST} characters; what is left is said, read on with offset."
    )
    exclusive = False
    arguments = ReadArguments

    def __init__(self, root: Root) -> None:
        self._root = root

    def lines(self, arguments: ReadArguments) -> Sequence[ToolUsed]:
        """One line with the path."""
        return (ToolUsed("Read", label(arguments.path)),)

    async def run(self, arguments: ReadArguments) -> ToolOutput:
        """Read and number the lines. Raises ToolError."""
        return await on_files(lambda _: self._read(arguments))

    def _read(self, arguments: ReadArguments) -> ToolOutput:
        content = self._root.read(arguments.path)
        require_text(arguments.path, content)
        if not content.data:
            return ToolOutput("(the file is empty)")
        text = TextLines.of(content.data)
        start, count = _range(arguments, len(text.lines))
        lines = text.numbered(start, count, OUTPUT_LIMIT - _FOR_NOTES)
        return ToolOutput("\n".join([*lines, *_notes(text, start, len(lines))]))


def _range(arguments: ReadArguments, total: int) -> tuple[int, int]:
    """The first line, counted from 0, and how many. Raises ToolError."""
    start = max((arguments.offset or 1) - 1, 0)
    count = MOST_LINES if arguments.limit is None else arguments.limit
    if start >= total:
        raise ToolError(f"The file has {plural(total, 'line')}; offset {start + 1} is beyond them.")
    if count < 1:
        raise ToolError("limit must be at least 1, or null.")
    return start, min(count, MOST_LINES)


def _notes(text: TextLines, start: int, count: int) -> list[str]:
    end, total = start + count, len(text.lines)
    notes = [f"({note})" for note in text.notes]
    if end < total:
        left = f"lines {start + 1:,}-{end:,} of {total:,}; read on with offset={end + 1}"
        notes.append(f"({left})")
    elif start:
        notes.append(f"(end of the file, line {total:,})")
    return notes
