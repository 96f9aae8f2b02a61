"""What a patch says, as values: sections for files, hunks of lines.

``parser`` makes them, ``matcher`` and ``plan`` use them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal[" ", "-", "+"]


@dataclass(frozen=True)
class HunkLine:
    """One line of a hunk: context, removed or added.

    ``ending`` is set only where the patch itself has a lone carriage return inside a line;
    every other line takes its ending from the file. ``bare`` marks a line that is wholly
    empty, without even the space of a context line: at the end of a hunk it may be meant as
    a separator.
    """

    kind: Kind
    text: str
    ending: str = ""
    bare: bool = False


@dataclass(frozen=True)
class OldRange:
    """The old half of a ``@@ -start,count +start,count @@`` header, lines counted from 1."""

    start: int
    count: int


@dataclass(frozen=True)
class Hunk:
    """One change of a file.

    ``number`` counts from 1 in its section, ``patch_line`` is where it begins in the patch.
    ``headers`` are the texts of its ``@@`` lines, outermost first; ``at_end`` says that it
    was closed by ``*** End of File``.
    """

    number: int
    patch_line: int
    headers: tuple[str, ...]
    old_range: OldRange | None
    lines: tuple[HunkLine, ...]
    at_end: bool = False


def old_texts(lines: tuple[HunkLine, ...]) -> tuple[str, ...]:
    """What the file must hold where the lines apply: context and removed lines."""
    return tuple(line.text for line in lines if line.kind != "+")


def new_texts(lines: tuple[HunkLine, ...]) -> tuple[str, ...]:
    """What the file holds there afterwards: context and added lines."""
    return tuple(line.text for line in lines if line.kind != "-")


@dataclass(frozen=True)
class AddFile:
    """``*** Add File: path``: make it, or overwrite what is there."""

    path: str
    text: str


@dataclass(frozen=True)
class DeleteFile:
    """``*** Delete File: path``."""

    path: str


@dataclass(frozen=True)
class UpdateFile:
    """``*** Update File: path``, with ``move_to`` where the file gets another path.

    ``hunks`` may be empty only together with ``move_to``.
    """

    path: str
    move_to: str | None
    hunks: tuple[Hunk, ...]


Section = AddFile | DeleteFile | UpdateFile


@dataclass(frozen=True)
class Patch:
    """The sections of a patch, in order; at least one."""

    sections: tuple[Section, ...]


@dataclass(eq=False)
class PatchSyntaxError(Exception):
    """Text that is no patch. ``line`` counts from 1 in the text as it came."""

    line: int
    problem: str

    def __str__(self) -> str:
        return f"line {self.line} of the patch: {self.problem}"
