"""What to tell the model when a hunk does not fit: where, what was expected, what is there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from codex_task_executor.tools.patching.levels import Level
from codex_task_executor.tools.patching.matcher import LineIndex, narrow
from codex_task_executor.tools.patching.nearest import clipped, nearest, numbered
from codex_task_executor.tools.patching.sections import Hunk, new_texts, old_texts

MOST_LINES = 12
"""Lines of a hunk, and of the file, that one message shows."""


def hunk_problem(path: str, index: LineIndex, hunk: Hunk, position: int) -> str:
    """The message for a hunk that has no place at or after line ``position`` (from 0)."""
    where = f"{path}, hunk {hunk.number} (line {hunk.patch_line} of the patch): "
    if missing := _missing_header(index, hunk, position):
        return where + _header_problem(index, missing)
    wanted = old_texts(hunk.lines)
    lines = [where + _lines_problem(index, hunk, position)]
    lines += ["The hunk expects:", *(f"       | {clipped(text)}" for text in wanted[:MOST_LINES])]
    if len(wanted) > MOST_LINES:
        lines.append(f"       ... and {len(wanted) - MOST_LINES} more lines")
    return "\n".join([*lines, *_what_is_there(index, wanted)])


def bytes_problem(path: str, line: int) -> str:
    """The message for added lines that would lose bytes of a removed ``line`` (from 0)."""
    return (
        f"{path}, line {line + 1} of the file: the removed lines hold bytes that are not UTF-8, "
        "shown as U+FFFD. Keep each U+FFFD of the removed lines in the added ones, in the same "
        "order, or leave those lines out of the change."
    )


def _missing_header(index: LineIndex, hunk: Hunk, position: int) -> str:
    """The first header that cannot be found, below the previous hunk or above; "" if none."""
    soft = hunk.old_range is not None and old_texts(hunk.lines)
    if soft or any(narrow(index, hunk.headers, at) >= 0 for at in (position, 0)):
        return ""
    found = 0
    while narrow(index, hunk.headers[: found + 1], 0) >= 0:
        found += 1
    return hunk.headers[found]


def _header_problem(index: LineIndex, header: str) -> str:
    lines = [f"no line of the file is {clipped(header.strip())!r}, which an '@@' line names."]
    lines += _what_is_there(index, [header])
    lines.append("After '@@ ' comes one whole line of the file, or nothing.")
    return "\n".join(lines)


def _lines_problem(index: LineIndex, hunk: Hunk, position: int) -> str:
    """Which of the known mistakes it is."""
    wanted = old_texts(hunk.lines)
    if (at := _anywhere(index, wanted)) >= 0:
        return _misplaced(hunk, at, position)
    added = new_texts(hunk.lines)
    if added and added != wanted and (at := _anywhere(index, added)) >= 0:
        return f"its result is in the file already, at line {at + 1}; leave this hunk out."
    return "its lines are not in the file as written."


def _misplaced(hunk: Hunk, at: int, position: int) -> str:
    if hunk.at_end and at >= position:
        return (
            f"its lines are at line {at + 1}, not at the end of the file; "
            "leave '*** End of File' out."
        )
    if at < position:
        return (
            f"its lines are at line {at + 1}, above the end of the previous hunk at line "
            f"{position}; put hunks in the order of the file, and do not repeat lines."
        )
    return f"its lines are at line {at + 1}, above its '@@' line; leave that out or correct it."


def _anywhere(index: LineIndex, texts: Sequence[str]) -> int:
    places = (index.find(texts, 0, level) for level in Level)
    return next((at for at in places if at >= 0), -1)


def _what_is_there(index: LineIndex, wanted: Sequence[str]) -> Iterator[str]:
    if not len(index):
        yield "The file is empty."
    elif (at := nearest(index.texts, wanted)) is not None:
        yield "The most similar lines of the file are:"
        yield from numbered(index.texts, at, min(len(wanted), MOST_LINES))
    else:
        yield f"The file has {len(index)} lines, none of them similar."
