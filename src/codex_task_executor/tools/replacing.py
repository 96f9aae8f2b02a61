"""Where text occurs, and what replaces it in a file with CRLF line endings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Substitution:
    """``old`` gives way to ``new``."""

    old: str
    new: str

    def apply(self, text: str) -> str:
        """The text with every occurrence replaced."""
        return text.replace(self.old, self.new)


def substitutions(text: str, old: str, new: str) -> Sequence[Substitution]:
    """What a model may have meant, the likeliest first.

    Models send LF. In a file of CRLF all of it means CRLF. In a mixed one, text of one line
    becomes lines with the ending that most lines have; text of several lines keeps the ending
    under which it is found, and no reading begins inside a CRLF if another one fits.
    """
    as_sent, as_crlf = Substitution(old, new), Substitution(_crlf(old), _crlf(new))
    if "\r\n" not in text or "\r" in old + new:
        return [as_sent]
    if text.count("\r\n") == text.count("\n"):
        return [as_crlf]
    if "\n" in old:
        return [as_crlf, as_sent] if old.startswith("\n") else [as_sent, as_crlf]
    return [as_crlf if _mostly_crlf(text) else as_sent]


def _crlf(text: str) -> str:
    return text.replace("\n", "\r\n")


def _mostly_crlf(text: str) -> bool:
    return text.count("\r\n") * 2 > text.count("\n")


def positions(text: str, wanted: str, most: int) -> list[int]:
    """Where text begins to occur, the first ``most`` places.

    Occurrences may overlap, so that 'once' means once.
    """
    found: list[int] = []
    at = text.find(wanted)
    while at >= 0 and len(found) < most:
        found.append(at)
        at = text.find(wanted, at + 1)
    return found


def line_number(text: str, position: int) -> int:
    """The line, counted from 1, that a position is on."""
    return text.count("\n", 0, position) + 1
