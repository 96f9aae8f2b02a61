"""Patch text -> values. Nothing here looks at a file."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from codex_task_executor.tools.patching.envelope import BEGIN, END, Body, unwrap
from codex_task_executor.tools.patching.sections import (
    AddFile,
    DeleteFile,
    Hunk,
    HunkLine,
    Kind,
    OldRange,
    Patch,
    PatchSyntaxError,
    Section,
    UpdateFile,
)

END_OF_FILE = "*** End of File"
KINDS: dict[str, Kind] = {" ": " ", "-": "-", "+": "+"}
SECTION_HINT = "expected '*** Add File: path', '*** Update File: path' or '*** Delete File: path'"
LINE_HINT = (
    "every line of a hunk starts with a space (context), '-' (removed) or '+' (added), "
    "or is an '@@' line"
)

_SECTION = re.compile(r"\*\*\* (Add|Update|Delete) File:(.*)")
_MOVE = re.compile(r"\*\*\* Move to:(.*)")
_HEADER = re.compile(r"@@(?: (.*))?")
_NUMBERS = re.compile(r"@@ ?-(\d{1,9})(?:,(\d{1,9}))? \+\d{1,9}(?:,\d{1,9})?(?: ?@@ ?(.*))?")
_KNOWN = re.compile(
    r"@@(?: .*)?|\*\*\* (?:(?:Add|Update|Delete) File:.*|Move to:.*"
    r"|End of File|Begin Patch|End Patch)"
)


def parse(text: str) -> tuple[Patch, ...]:
    """The readings of a patch, the likeliest first; one, or two.

    There are two where a line of a hunk looks like a marker with white space before it. Such
    a line is a context line of a file that shows a patch, or a marker that the model has
    indented (which Codex accepts): only the files can tell, so the caller takes the first
    reading that fits them. Raises PatchSyntaxError.
    """
    body = unwrap(text)
    first = _reading(body, lenient=False)
    if not any(line[:1].isspace() and _KNOWN.fullmatch(line.strip()) for line in body.lines):
        return (_patch(first),)
    readings = [first, _reading(body, lenient=True)]
    patches = [reading for reading in readings if isinstance(reading, Patch)]
    return tuple(dict.fromkeys(patches)) or (_patch(first),)


def _reading(body: Body, lenient: bool) -> Patch | PatchSyntaxError:
    try:
        return Patch(tuple(_sections(_Cursor(body, lenient))))
    except PatchSyntaxError as error:
        return error


def _patch(reading: Patch | PatchSyntaxError) -> Patch:
    if isinstance(reading, PatchSyntaxError):
        raise reading
    return reading


@dataclass
class _Cursor:
    """A place in the body. ``lenient`` accepts white space before markers inside hunks."""

    body: Body
    lenient: bool
    at: int = 0

    @property
    def line(self) -> str | None:
        return self.body.lines[self.at] if self.at < len(self.body.lines) else None

    @property
    def marker(self) -> str:
        """The line as a marker is written; "" where it is none."""
        text = (self.line or "").rstrip()
        if self.lenient and _KNOWN.fullmatch(text.lstrip()):
            text = text.lstrip()
        return text if text.startswith(("*** ", "@@")) else ""

    def skip_blanks(self) -> None:
        while self.line is not None and not self.line.strip():
            self.at += 1

    def error(self, problem: str) -> PatchSyntaxError:
        return PatchSyntaxError(self.body.first + self.at, problem)


def _sections(cursor: _Cursor) -> Iterator[Section]:
    cursor.skip_blanks()
    if cursor.line is None:
        raise cursor.error(f"the patch is empty; {SECTION_HINT}")
    while cursor.line is not None:
        yield _section(cursor, cursor.line.strip())
        cursor.skip_blanks()


def _section(cursor: _Cursor, line: str) -> Section:
    if not (found := _SECTION.fullmatch(line)):
        raise cursor.error(_not_a_section(line))
    path = _path(cursor, found[2])
    cursor.at += 1
    if found[1] == "Delete":
        return DeleteFile(path)
    return AddFile(path, _added_text(cursor)) if found[1] == "Add" else _update(cursor, path)


def _not_a_section(line: str) -> str:
    if line in (BEGIN, END):
        return f"a second '{line}'; send one patch with all its files"
    return f"{line[:100]!r} is not a section; {SECTION_HINT}"


def _path(cursor: _Cursor, text: str) -> str:
    if path := text.strip():
        return path
    raise cursor.error("the path is missing")


def _added_text(cursor: _Cursor) -> str:
    """The lines after ``+``. An empty line counts as one of them if another ``+`` follows."""
    lines: list[str] = []
    blanks = 0
    while (line := cursor.line) is not None and not line.lstrip().startswith("*** "):
        if line.startswith("+"):
            lines += [""] * blanks + [line[1:]]
            blanks = 0
        elif not line.strip():
            blanks += 1
        else:
            raise cursor.error("every line of an added file starts with '+'")
        cursor.at += 1
    cursor.at += (cursor.line or "").strip() == END_OF_FILE
    return "".join(f"{line}\n" for line in lines)


def _update(cursor: _Cursor, path: str) -> UpdateFile:
    begins = cursor.at
    move_to = None
    if found := _MOVE.fullmatch(cursor.marker):
        move_to = _path(cursor, found[1])
        cursor.at += 1
    hunks = tuple(_hunks(cursor))
    if not hunks and move_to is None:
        cursor.at = begins
        raise cursor.error(f"the update of {path} has no hunk; {LINE_HINT}")
    return UpdateFile(path, move_to, hunks)


def _hunks(cursor: _Cursor) -> Iterator[Hunk]:
    number = 0
    cursor.skip_blanks()
    while cursor.line is not None and not cursor.marker.startswith("*** "):
        number += 1
        yield _hunk(cursor, number)
        cursor.skip_blanks()


def _hunk(cursor: _Cursor, number: int) -> Hunk:
    begins = cursor.body.first + cursor.at
    headers, old_range = _headers(cursor)
    if number > 1 and begins == cursor.body.first + cursor.at:
        raise cursor.error("a further hunk must begin with '@@'")
    lines = tuple(_hunk_lines(cursor))
    if not lines:
        raise cursor.error(f"hunk {number} has no lines; {LINE_HINT}")
    at_end = cursor.marker == END_OF_FILE
    cursor.at += at_end
    return Hunk(number, begins, headers, old_range, lines, at_end)


def _headers(cursor: _Cursor) -> tuple[tuple[str, ...], OldRange | None]:
    """All ``@@`` lines in a row: each narrows the search, a class and then its method."""
    headers: list[str] = []
    old_range = None
    while (marker := cursor.marker).startswith("@@"):
        if numbers := _NUMBERS.fullmatch(marker):
            old_range = OldRange(int(numbers[1]), int(numbers[2] or 1))
            header = numbers[3] or ""
        elif found := _HEADER.fullmatch(marker):
            header = found[1] or ""
        else:
            raise cursor.error("'@@' is followed by a space and the line to look for")
        headers.append(header.removesuffix(" @@"))
        cursor.at += 1
    named = (header for header in headers if header.strip() not in ("", "...", "@@"))
    return tuple(named), old_range


def _hunk_lines(cursor: _Cursor) -> Iterator[HunkLine]:
    while (line := cursor.line) is not None and not cursor.marker:
        if line and line[0] not in KINDS:
            raise cursor.error(f"{line[:100]!r}: {LINE_HINT}")
        yield from _pieces(KINDS[line[:1] or " "], line[1:], bare=not line)
        cursor.at += 1


def _pieces(kind: Kind, text: str, bare: bool) -> Iterator[HunkLine]:
    """The line, split where it has lone carriage returns: files are split there too."""
    *pieces, last = text.split("\r")
    for piece in pieces:
        yield HunkLine(kind, piece, ending="\r")
    yield HunkLine(kind, last, bare=bare)
