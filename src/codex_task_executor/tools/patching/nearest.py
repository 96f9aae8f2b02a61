"""What a file has that is most like lines that it has not: for error messages."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from difflib import get_close_matches

from codex_task_executor.tools.patching.levels import fold
from codex_task_executor.tools.patching.lines import shown

MOST_COMPARED = 2_000
"""Different lines of a file that are compared letter by letter: at most some 0.1 s."""
WIDEST = 160
"""Characters of a line that are shown and compared."""
_SAME_LINE = 8
"""How often one wanted line may count; a file of closing brackets says nothing."""


def nearest(texts: Sequence[str], wanted: Sequence[str]) -> int | None:
    """The line (from 0) at which ``wanted`` would lie best; None where nothing is alike."""
    offsets: dict[str, list[int]] = {}
    for offset, text in enumerate(wanted):
        if key := fold(text):
            offsets.setdefault(key, []).append(offset)
    votes = Counter(_votes(texts, offsets))
    if votes:
        return min(votes, key=lambda at: (-votes[at], at))
    return _alike(texts, list(offsets))


def _votes(texts: Sequence[str], offsets: dict[str, list[int]]) -> Iterator[int]:
    for at, text in enumerate(texts):
        for offset in offsets.get(fold(text), ())[:_SAME_LINE]:
            yield max(at - offset, 0)


def _alike(texts: Sequence[str], keys: Sequence[str]) -> int | None:
    """The line most like the longest wanted one."""
    if not keys:
        return None
    places: dict[str, int] = {}
    for at, text in enumerate(texts):
        places.setdefault(fold(text)[:WIDEST], at)
        if len(places) == MOST_COMPARED:
            break
    longest = max(keys, key=len)[:WIDEST]
    found = get_close_matches(longest, places, n=1)
    return places[found[0]] if found else None


def numbered(texts: Sequence[str], start: int, count: int) -> list[str]:
    """Lines of a file with their numbers, counted from 1."""
    start = max(start, 0)
    return [
        f"{number:>6} | {clipped(text)}"
        for number, text in enumerate(texts[start : start + count], start + 1)
    ]


def clipped(text: str) -> str:
    """A line fit to be shown: no bytes that are not UTF-8, not too wide."""
    text = shown(text)
    return text if len(text) <= WIDEST else f"{text[:WIDEST]}..."
