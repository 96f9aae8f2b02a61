"""The hunks of one file, applied to its bytes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from codex_task_executor.tools.patching.levels import Level
from codex_task_executor.tools.patching.lines import Document
from codex_task_executor.tools.patching.matcher import LineIndex, Match, index_for, locate
from codex_task_executor.tools.patching.problems import bytes_problem, hunk_problem
from codex_task_executor.tools.patching.rewrite import UnreadableBytes, replacements, rewrite
from codex_task_executor.tools.patching.sections import Hunk

MOST_PROBLEMS = 4
"""Hunks that are explained before the rest is left unread."""


@dataclass(frozen=True)
class Updated:
    """A file's new bytes, and what the model should look at again."""

    data: bytes
    notes: tuple[str, ...] = ()


@dataclass(eq=False)
class HunksRejected(Exception):
    """Hunks that do not fit, each explained for the model."""

    problems: tuple[str, ...]


def update(path: str, data: bytes, hunks: Sequence[Hunk]) -> Updated:
    """Apply hunks to a file's bytes; ``path`` is for messages. Raises HunksRejected."""
    if not hunks:
        return Updated(data)
    document = Document.parse(data)
    index = index_for(document.texts, hunks)
    matches = _matches(path, index, hunks)
    changes = [change for match in matches for change in replacements(match.at, match.lines)]
    try:
        changed = rewrite(document, changes)
    except UnreadableBytes as error:
        raise HunksRejected((bytes_problem(path, error.line),)) from None
    return Updated(changed.encode(), tuple(_notes(path, hunks, matches)))


def _matches(path: str, index: LineIndex, hunks: Sequence[Hunk]) -> list[Match]:
    found: list[Match] = []
    problems: list[str] = []
    position = 0
    for hunk in hunks:
        if match := locate(index, hunk, position):
            found.append(match)
            position = match.after
        elif len(problems) < MOST_PROBLEMS:
            problems.append(hunk_problem(path, index, hunk, position))
    if problems:
        raise HunksRejected(tuple(problems))
    return found


def _notes(path: str, hunks: Sequence[Hunk], matches: Sequence[Match]) -> list[str]:
    """A match that ignored indentation may have put lines in with a wrong one."""
    return [
        f"{path}, hunk {hunk.number}: found at line {match.at + 1} only by ignoring white space "
        "or typography; check the indentation of what was added."
        for hunk, match in zip(hunks, matches, strict=True)
        if match.level >= Level.SURROUNDING_SPACE
    ]
