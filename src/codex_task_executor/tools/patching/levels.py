"""How alike two lines must be: four levels, the strictest first, as Codex searches."""

from __future__ import annotations

from collections.abc import Callable
from enum import IntEnum

from codex_task_executor.tools.patching.lines import shown

_FOLDED = str.maketrans(
    dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2015\u2212", "-")
    | dict.fromkeys("\u2018\u2019\u201a\u201b", "'")
    | dict.fromkeys("\u201c\u201d\u201e\u201f", '"')
    | dict.fromkeys(
        "\u00a0\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000", " "
    )
    | dict.fromkeys("\u200b\ufeff")
)


class Level(IntEnum):
    """What a match may ignore."""

    EXACT = 0
    TRAILING_SPACE = 1
    SURROUNDING_SPACE = 2
    TYPOGRAPHY = 3  # and the forms of dashes, quotes and spaces


def fold(text: str) -> str:
    """A line at the last level: plain dashes, quotes and spaces, what is no UTF-8 as U+FFFD."""
    return text.strip() if text.isascii() else shown(text).translate(_FOLDED).strip()


KEYS: dict[Level, Callable[[str], str]] = {
    Level.EXACT: str,
    Level.TRAILING_SPACE: str.rstrip,
    Level.SURROUNDING_SPACE: str.strip,
    Level.TYPOGRAPHY: fold,
}
