"""The wrapping of a patch: what models put around ``*** Begin Patch`` and ``*** End Patch``.

Models learned the format as a shell command, as a Markdown block and as a bare tool input,
and mix the three; each wrapper is taken off only where it cannot mean anything else.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from codex_task_executor.tools.patching.sections import PatchSyntaxError

BEGIN = "*** Begin Patch"
END = "*** End Patch"
SIZE_LIMIT = 1024 * 1024
"""Characters in a patch; the longest answer of today's models has about half as many."""

_SURROGATE = re.compile("[\ud800-\udfff]")
_FENCE = re.compile(r"(`{3,}|~{3,})\s*[\w+-]*")
_HEREDOC = re.compile(r"(?:(?:apply_patch|applypatch)\s*)?<<-?\s*(['\"]?)(\w+)\1")
_COMMAND = re.compile(r"apply_patch|applypatch")


@dataclass(frozen=True)
class Body:
    """The lines between the two markers; ``first`` is the number of the first in the text."""

    lines: tuple[str, ...]
    first: int


def unwrap(text: str) -> Body:
    """Take everything around the sections off. Raises PatchSyntaxError."""
    _check_characters(text)
    lines = [line.removesuffix("\r") for line in text.removeprefix("\ufeff").split("\n")]
    start, stop = _inside_wrappers(lines)
    if start == stop or lines[start].strip() != BEGIN:
        line = start + 1 if start < stop else 1
        raise PatchSyntaxError(line, f"the first line must be '{BEGIN}'")
    if stop - start < 2 or lines[stop - 1].strip() != END:
        raise PatchSyntaxError(stop, f"the last line must be '{END}'")
    return Body(tuple(lines[start + 1 : stop - 1]), start + 2)


def _check_characters(text: str) -> None:
    if len(text) > SIZE_LIMIT:
        raise PatchSyntaxError(1, f"longer than {SIZE_LIMIT:,} characters; send it in parts")
    if found := _SURROGATE.search(text):
        line = text.count("\n", 0, found.start()) + 1
        raise PatchSyntaxError(line, f"half a character (U+{ord(found[0]):04X})")


def _inside_wrappers(lines: Sequence[str]) -> tuple[int, int]:
    """The range of lines left when blank ends and wrappers are gone."""
    start, stop = _without_blanks(lines, 0, len(lines))
    while start < stop and (closing := _closing(lines[start].strip())) is not None:
        start, stop = _without_blanks(lines, start + 1, stop)
        if closing and start < stop and lines[stop - 1].strip() == closing:
            start, stop = _without_blanks(lines, start, stop - 1)
    return start, stop


def _without_blanks(lines: Sequence[str], start: int, stop: int) -> tuple[int, int]:
    while start < stop and not lines[start].strip():
        start += 1
    while start < stop and not lines[stop - 1].strip():
        stop -= 1
    return start, stop


def _closing(opening: str) -> str | None:
    """The line that closes a wrapper, "" where none does; None where no wrapper opens."""
    if fence := _FENCE.fullmatch(opening):
        return fence[1]
    if heredoc := _HEREDOC.fullmatch(opening):
        return heredoc[2]
    return "" if _COMMAND.fullmatch(opening) else None
