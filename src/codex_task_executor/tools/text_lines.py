"""A file's bytes as lines for a model: numbered, cut to a width, oddities named."""

from __future__ import annotations

import codecs
from collections.abc import Sequence
from dataclasses import dataclass

from codex_task_executor.tools.files import plural

WIDEST = 2_000
"""Characters of a line that are shown."""


@dataclass(frozen=True)
class TextLines:
    """The lines of a text file without their ends, and what is odd about them.

    A line ends at LF; CRLF is an end of its own kind, and a lone CR is part of its line.
    """

    lines: tuple[str, ...]
    notes: tuple[str, ...]

    @classmethod
    def of(cls, data: bytes) -> TextLines:
        """Decode as UTF-8, what is none as U+FFFD."""
        text = data.removeprefix(codecs.BOM_UTF8).decode("utf-8", "replace")
        lines = text.split("\n")
        if lines[-1] == "":
            lines.pop()
        carriage = sum(line.endswith("\r") for line in lines)
        return cls(_without_ends(lines, carriage), tuple(_notes(data, lines, carriage)))

    def numbered(self, start: int, count: int, budget: int) -> list[str]:
        """``count`` lines from ``start`` (0 is the first) as far as ``budget`` bytes reach."""
        shown: list[str] = []
        for number, line in enumerate(self.lines[start : start + count], start + 1):
            text = f"{number:6}\t{cut(line)}"
            budget -= len(text.encode()) + 1
            if budget < 0 and shown:
                break
            shown.append(text)
        return shown


def cut(line: str, widest: int = WIDEST) -> str:
    """A line of at most ``widest`` characters, and how many more there are."""
    more = len(line) - widest
    return line if more <= 0 else f"{line[:widest]} [+{plural(more, 'character')}]"


def _without_ends(lines: Sequence[str], carriage: int) -> tuple[str, ...]:
    """Lines without CR where all have one; where only some have, it is shown."""
    if carriage == len(lines):
        return tuple(line[:-1] for line in lines)
    return tuple(f"{line[:-1]}\u240d" if line.endswith("\r") else line for line in lines)


def _notes(data: bytes, lines: Sequence[str], carriage: int) -> list[str]:
    notes = []
    if data.startswith(codecs.BOM_UTF8):
        notes.append("starts with a byte order mark")
    if carriage and carriage == len(lines):
        notes.append("line endings are CRLF")
    elif carriage:
        notes.append(f"mixed line endings: {plural(carriage, 'line')} of CRLF, marked \u240d")
    if not _is_utf8(data):
        notes.append("not valid UTF-8: \ufffd stands for other bytes")
    if data and not data.endswith(b"\n"):
        notes.append("no newline at the end")
    return notes


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True
