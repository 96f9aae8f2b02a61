"""Where a hunk lies in a file.

The search is as Codex does it: the first place after the previous hunk, at the strictest
level that has one. It differs where Codex is known to go wrong: stacked headers narrow the
search one after the other, a header counts for a pure addition too, and one that stands
above the previous hunk still names the place where the search goes on.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice, takewhile

from codex_task_executor.tools.patching.levels import KEYS, Level, fold
from codex_task_executor.tools.patching.sections import Hunk, HunkLine, old_texts


@dataclass(frozen=True)
class Match:
    """A hunk's place: its first line (from 0), the lines that apply, and how it was found.

    ``after`` is the line at which the search for the next hunk begins.
    """

    at: int
    lines: tuple[HunkLine, ...]
    after: int
    level: Level = Level.EXACT


class LineIndex:
    """The lines of a file, made ready for searching runs of them.

    Each line is written as one character and a run searched as a string, which CPython (since
    3.10) does in linear time however repetitive both are. Only lines in ``wanted`` can be
    found; at most 0x10FFFF of them can differ, which the size limit of patches assures.
    """

    def __init__(self, texts: Sequence[str], wanted: Iterable[str]) -> None:
        self.texts = texts
        self._wanted = tuple(dict.fromkeys(wanted))
        self._levels: dict[Level, tuple[dict[str, str], str]] = {}
        self._sorted: list[tuple[str, int]] = []
        self._beginnings: dict[str, list[int]] = {}

    def __len__(self) -> int:
        return len(self.texts)

    def _level(self, level: Level) -> tuple[dict[str, str], str]:
        if level not in self._levels:
            key = KEYS[level]
            characters: dict[str, str] = {}
            for text in self._wanted:
                characters.setdefault(key(text), chr(len(characters) + 1))
            written = "".join([characters.get(key(text), "\0") for text in self.texts])
            self._levels[level] = characters, written
        return self._levels[level]

    def find(self, run: Sequence[str], start: int, level: Level, near: int | None = None) -> int:
        """The first place of the run from line ``start`` on, or the one nearest to ``near``.

        -1 where there is none.
        """
        characters, written = self._level(level)
        needle = "".join(characters[KEYS[level](text)] for text in run)
        if near is None or near <= start:
            return written.find(needle, start)
        below = written.find(needle, near)
        above = written.rfind(needle, start, near + len(needle) - 1)
        if above < 0 or (below >= 0 and below - near < near - above):
            return below
        return above

    def ends_with(self, run: Sequence[str], start: int, level: Level) -> int:
        """The place of the run if it is the file's last lines and not above ``start``, or -1."""
        characters, written = self._level(level)
        needle = "".join(characters[KEYS[level](text)] for text in run)
        at = len(written) - len(needle)
        return at if at >= start and written.endswith(needle) else -1

    def find_header(self, header: str, start: int) -> int:
        """The line that a header names: the whole line at any level, else its beginning."""
        for level in Level:
            if (at := self.find([header], start, level)) >= 0:
                return at
        places = self._lines_beginning(fold(header))
        nth = bisect_left(places, start)
        return places[nth] if nth < len(places) else -1

    def _lines_beginning(self, beginning: str) -> list[int]:
        """The lines that begin so, in their order; among sorted lines they lie side by side."""
        if beginning not in self._beginnings:
            if not self._sorted:
                self._sorted = sorted((fold(text), at) for at, text in enumerate(self.texts))
            candidates = islice(self._sorted, bisect_left(self._sorted, (beginning, 0)), None)
            alike = takewhile(lambda line: line[0].startswith(beginning), candidates)
            places = [at for line, at in alike if _ends_word(line, len(beginning))]
            self._beginnings[beginning] = sorted(places)
        return self._beginnings[beginning]


def _ends_word(line: str, at: int) -> bool:
    """``class Menu`` begins ``class Menu(Base):`` but not ``class MenuItem:``."""
    return not (_in_word(line[at - 1 : at]) and _in_word(line[at : at + 1]))


def _in_word(character: str) -> bool:
    return character.isalnum() or character == "_"


def index_for(texts: Sequence[str], hunks: Iterable[Hunk]) -> LineIndex:
    """An index that knows every line of these hunks."""
    wanted: list[str] = []
    for hunk in hunks:
        wanted += [*hunk.headers, *(line.text for line in hunk.lines)]
    return LineIndex(texts, wanted)


def locate(index: LineIndex, hunk: Hunk, position: int) -> Match | None:
    """The hunk's place at or after line ``position``; None where there is none."""
    for lines in _readings(hunk.lines):
        if not old_texts(lines):
            return _insertion(index, hunk, lines, position)
        for start in _starts(index, hunk, position):
            if match := _search(index, hunk, lines, start):
                return match
    return None


def _readings(lines: tuple[HunkLine, ...]) -> Iterator[tuple[HunkLine, ...]]:
    """The lines as they stand, then without empty ones at the end.

    Models separate hunks by empty lines and write the final newline as one; both look like
    lines of the file. Where nothing else is left to find, empty lines are separators.
    """
    kept = len(lines)
    while kept and lines[kept - 1].kind == " " and not lines[kept - 1].text.strip():
        kept -= 1
    separators = all(line.bare for line in lines[kept:])
    anchored = bool(old_texts(lines[:kept]))
    if anchored or not separators or kept == len(lines):
        yield lines
    if kept < len(lines) and (anchored or separators):
        yield lines[:kept]
    if shorter := _without_removed_blank(lines[:kept]):
        yield shorter


def _without_removed_blank(lines: tuple[HunkLine, ...]) -> tuple[HunkLine, ...]:
    """Without the last removed line if it is empty, and the last added one if that is too.

    () where there is no such line, or nothing to find without it.
    """
    dropped = set()
    for other in "+-":
        last = max((at for at, line in enumerate(lines) if line.kind != other), default=-1)
        if last >= 0 and not lines[last].text:
            dropped.add(last)
        elif other == "+":
            return ()
    shorter = tuple(line for at, line in enumerate(lines) if at not in dropped)
    return shorter if old_texts(shorter) else ()


def _search(index: LineIndex, hunk: Hunk, lines: tuple[HunkLine, ...], start: int) -> Match | None:
    run = old_texts(lines)
    near = hunk.old_range.start - 1 if hunk.old_range else None
    for level in Level:
        if hunk.at_end:
            at = index.ends_with(run, start, level)
        else:
            at = index.find(run, start, level, near)
        if at >= 0:
            return Match(at, lines, at + len(run), level)
    return None


def _starts(index: LineIndex, hunk: Hunk, position: int) -> Iterator[int]:
    """Where to begin searching, the likeliest first."""
    scopes = list(_scopes(index, hunk, position))
    for scope in scopes:
        yield max(scope, position)
    for scope in scopes:  # the header's own line repeated as the first line of the hunk
        if scope > position:
            yield scope - 1
    if not hunk.headers or hunk.old_range:
        yield position


def _scopes(index: LineIndex, hunk: Hunk, position: int) -> Iterator[int]:
    """The lines below the hunk's headers: seen from the previous hunk, then from the top.

    With line numbers only from the top: the text after them is what git found above the hunk,
    often above the previous one too, and the numbers choose between equal places.
    """
    if not hunk.headers:
        return
    for origin in (0,) if hunk.old_range else (position, 0):
        if (scope := narrow(index, hunk.headers, origin)) >= 0:
            yield scope


def narrow(index: LineIndex, headers: Sequence[str], start: int) -> int:
    """The line below the last header, each searched below the one before it; -1: missing."""
    for header in headers:
        at = index.find_header(header, start)
        if at < 0:
            return -1
        start = at + 1
    return start


def _insertion(
    index: LineIndex, hunk: Hunk, lines: tuple[HunkLine, ...], position: int
) -> Match | None:
    """Where a pure addition goes: below its header, after its line number, else at the end."""
    end = Match(len(index), lines, position)
    if hunk.at_end:
        return end
    if hunk.old_range and not hunk.old_range.count:
        at = max(position, min(hunk.old_range.start, len(index)))
        return Match(at, lines, at)
    if not hunk.headers:
        return end
    scope = next(_scopes(index, hunk, position), -1)
    return Match(max(scope, position), lines, max(scope, position)) if scope >= 0 else None
