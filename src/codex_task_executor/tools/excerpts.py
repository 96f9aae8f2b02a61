"""Matching lines with the lines around them, as grep prints them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from codex_task_executor.sandbox.names import shown
from codex_task_executor.tools.line_matcher import lines_of

WIDEST = 500
"""Characters of a line that are shown."""

_BEFORE = 100
"""Of them, how many before the match where the line is cut."""


def excerpts(
    path: str, data: bytes, found: Sequence[tuple[int, int]], context: int
) -> Iterator[str]:
    """'path:line: text' of each match, 'path-line- text' of lines around it.

    Groups of lines are parted by '--' if there is context. ``found`` holds numbers (from 0)
    and columns, in order.
    """
    lines, columns, name = lines_of(data), dict(found), shown(path)
    last = None
    for number in _with_context(columns, context, len(lines)):
        if context and last is not None and number > last + 1:
            yield "--"
        mark = ":" if number in columns else "-"
        yield f"{name}{mark}{number + 1}{mark} {window(lines[number], columns.get(number, 0))}"
        last = number


def _with_context(numbers: Sequence[int] | dict[int, int], context: int, total: int) -> list[int]:
    near = {
        line
        for number in numbers
        for line in range(max(number - context, 0), min(number + context + 1, total))
    }
    return sorted(near)


def window(line: str, column: int) -> str:
    """A line, or the part of a long one around a column, with what is missing counted."""
    if len(line) <= WIDEST:
        return line
    start = max(min(column - _BEFORE, len(line) - WIDEST), 0)
    end = start + WIDEST
    before = f"[{start:,} characters] " if start else ""
    after = f" [{len(line) - end:,} characters]" if end < len(line) else ""
    return before + line[start:end] + after
