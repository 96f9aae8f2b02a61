"""Carry replacements out on a document: which bytes stay, which ending a new line gets."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from codex_task_executor.tools.patching.lines import Document, hidden_bytes, restore_bytes
from codex_task_executor.tools.patching.sections import HunkLine


@dataclass(frozen=True)
class Replacement:
    """Lines ``start`` to ``start + count`` (from 0) of a document give way to ``added``."""

    start: int
    count: int
    added: tuple[HunkLine, ...]


def replacements(at: int, lines: Sequence[HunkLine]) -> Iterator[Replacement]:
    """The changes of a hunk that lies at line ``at``; its context lines are left alone."""
    count, added = 0, list[HunkLine]()
    for line in lines:
        if line.kind == "+":
            added.append(line)
        elif line.kind == "-":
            count += 1
        else:
            if count or added:
                yield Replacement(at, count, tuple(added))
            at, count, added = at + count + 1, 0, []
    if count or added:
        yield Replacement(at, count, tuple(added))


def rewrite(document: Document, changes: Sequence[Replacement]) -> Document:
    """The document with its changes, which must not overlap, made.

    Every line of the result has an ending. Raises UnreadableBytes.
    """
    old = document.terminated()
    usual = old.usual_ending()
    texts: list[str] = []
    endings: list[str] = []
    at = 0
    for change in sorted(changes, key=lambda change: change.start):
        texts += old.texts[at : change.start]
        endings += old.endings[at : change.start]
        texts += _texts(old, change)
        endings += _endings(old, change, usual)
        at = change.start + change.count
    return Document((*texts, *old.texts[at:]), (*endings, *old.endings[at:]), old.mark)


@dataclass(eq=False)
class UnreadableBytes(Exception):
    """The lines at ``line`` (from 0) have bytes that are not UTF-8 and would lose them.

    Whoever reads such a file sees U+FFFD and writes U+FFFD back; the bytes can be put back
    only where the new lines hold as many of them as the removed ones.
    """

    line: int


def _texts(old: Document, change: Replacement) -> list[str]:
    texts = [line.text for line in change.added]
    if old.mark:
        texts = [text.removeprefix(old.mark) for text in texts]
    if not any("\ufffd" in text for text in texts):
        return texts
    hidden = hidden_bytes(old.texts[change.start : change.start + change.count])
    if all(piece == "\ufffd" for piece in hidden):
        return texts
    restored = restore_bytes(texts, hidden)
    if restored is None:
        raise UnreadableBytes(change.start)
    return restored


def _endings(old: Document, change: Replacement, usual: str) -> Iterator[str]:
    """A new line ends as the line that it replaces, a further one as its neighbour.

    A lone CR is taken over only where as many lines are added as removed: elsewhere it would
    hide a line from everything that looks for LF.
    """
    paired = len(change.added) == change.count
    ending = _neighbour(old, change, usual)
    for number, line in enumerate(change.added):
        if number < change.count:
            ending = _kept_ending(old, change.start + number, usual)
        yield line.ending or (usual if ending == "\r" and not paired else ending)


def _kept_ending(old: Document, at: int, usual: str) -> str:
    """A replaced line's ending, unless it is a stray one that no line beside it has.

    So a file of mixed endings does not get worse; the public scenario 024 expects it.
    """
    ending = old.endings[at]
    beside = (*old.endings[max(at - 1, 0) : at], *old.endings[at + 1 : at + 2])
    return ending if ending == "\r" or ending in beside else usual


def _neighbour(old: Document, change: Replacement, usual: str) -> str:
    """The ending of the line before a change, or after it at the top of the file."""
    beside = change.start - 1 if change.start else change.count
    return old.endings[beside] if beside < len(old.endings) else usual
