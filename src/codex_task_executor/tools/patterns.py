"""Glob patterns over relative paths: ``**``, ``*``, ``?``, ``[a-z]``, ``{a,b}``.

``**`` is any number of folders, also none; the others stay within one name and match hidden
names too. Matching takes time proportional to pattern times path, whatever the pattern:
names go through ``fnmatch``, whose expressions do not backtrack since Python 3.9, and folders
through a set of states.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from codex_task_executor.tools.wildcards import fits, is_wild

MOST_ALTERNATIVES = 200
"""Patterns that the braces of one pattern may stand for."""

LONGEST = 500
"""Characters of a pattern."""


class BadPattern(Exception):
    """A pattern that cannot be used; the text says why."""


@dataclass(frozen=True)
class Pattern:
    """One pattern without braces; it matches whole paths."""

    segments: tuple[str, ...]

    @classmethod
    def of(cls, text: str) -> Pattern:
        """Split a pattern at its slashes; '.' and empty parts mean nothing."""
        return cls(tuple(part for part in text.split("/") if part not in ("", ".")))

    @property
    def literal(self) -> tuple[str, ...]:
        """The names before the first wildcard."""
        wild = (at for at, part in enumerate(self.segments) if is_wild(part))
        return self.segments[: next(wild, len(self.segments))]

    @property
    def parent(self) -> tuple[str, ...]:
        """The folder, as far as it is without wildcards, that holds what can match."""
        return self.literal[: len(self.segments) - 1]

    def matches(self, path: str) -> bool:
        """Whether a path is what the pattern asks for."""
        return len(self.segments) in self._after(path)

    def reaches(self, folder: str) -> bool:
        """Whether something below a folder may match."""
        return any(state < len(self.segments) for state in self._after(folder))

    def _after(self, path: str) -> set[int]:
        """How many segments the names of a path may have used up."""
        states = self._closed({0})
        for name in path.split("/") if path != "." else ():
            states = self._closed(self._step(states, name))
        return states

    def _step(self, states: set[int], name: str) -> Iterator[int]:
        """A segment fits itself too: ``[id].tsx`` is a file's name in some frameworks."""
        for state in states:
            if state == len(self.segments):
                continue
            if self.segments[state] == "**":
                yield state
            elif name == self.segments[state] or fits(self.segments[state], name):
                yield state + 1

    def _closed(self, states: set[int] | Iterator[int]) -> set[int]:
        """With the states reached by letting ``**`` stand for nothing."""
        closed = set(states)
        for state, segment in enumerate(self.segments):
            if segment == "**" and state in closed:
                closed.add(state + 1)
        return closed


def alternatives(text: str) -> list[str]:
    """What the braces of a pattern stand for. Raises BadPattern."""
    if len(text) > LONGEST:
        raise BadPattern(f"a pattern may have at most {LONGEST} characters")
    found = list(islice(_expanded(text), MOST_ALTERNATIVES + 1))
    if len(found) > MOST_ALTERNATIVES:
        raise BadPattern(f"its braces stand for more than {MOST_ALTERNATIVES} patterns")
    return found


def _expanded(text: str) -> Iterator[str]:
    """Braces without a comma, or without an end, are ordinary characters."""
    for start in (at for at, character in enumerate(text) if character == "{"):
        end, choices = _braces(text, start)
        if len(choices) > 1:
            for choice in choices:
                yield from (text[:start] + rest for rest in _expanded(choice + text[end:]))
            return
    yield text


def _braces(text: str, start: int) -> tuple[int, Sequence[str]]:
    """Where a brace's group ends, and its choices; none where it has no end."""
    depth, choices, since = 0, list[str](), start + 1
    for at in range(start, len(text)):
        depth += {"{": 1, "}": -1}.get(text[at], 0)
        if depth == 0 or (depth == 1 and text[at] == ","):
            choices.append(text[since:at])
            since = at + 1
        if depth == 0:
            return at + 1, choices
    return start, ()
