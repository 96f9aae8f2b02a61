"""Grep: lines by regular expression or literal text."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from threading import Event

from pydantic import Field

from codex_task_executor.events import ToolUsed
from codex_task_executor.sandbox.paths import Entry, PathError, Root, TooLarge
from codex_task_executor.tools.base import Arguments, ToolError, ToolOutput
from codex_task_executor.tools.excerpts import excerpts
from codex_task_executor.tools.files import is_binary, label, on_files, plural
from codex_task_executor.tools.line_matcher import LONGEST_LINE, Job
from codex_task_executor.tools.matching import (
    SECONDS,
    Matcher,
    TimeUsedUp,
    expression_matcher,
    literal_matcher,
)
from codex_task_executor.tools.patterns import BadPattern, Pattern, alternatives
from codex_task_executor.tools.searching import Search
from codex_task_executor.tools.truncate import OUTPUT_LIMIT

MOST_MATCHES = 500
"""Matching lines of one answer."""

MOST_CONTEXT = 20
"""Lines around a match that may be asked for."""

LONGEST_PATTERN = 1_000
"""Characters of a pattern."""

_FOR_NOTES = 800
"""Bytes of the output kept free for the notes after the lines."""


class GrepArguments(Arguments):
    """Arguments of ``grep``."""

    pattern: str = Field(description="A regular expression (Python's re), matched line by line.")
    path: str | None = Field(
        default=None, description="The folder or file to search; null: the whole project."
    )
    glob: str | None = Field(
        default=None, description="Only files of this name, such as *.py or src/**/*.{ts,tsx}."
    )
    literal: bool | None = Field(
        default=None, description="true: the pattern is plain text, not an expression."
    )
    ignore_case: bool | None = Field(
        default=None, description="true: upper and lower case are the same."
    )
    context: int | None = Field(
        default=None, description=f"Lines to show before and after each match, 0 to {MOST_CONTEXT}."
    )


class Grep:
    """Finds lines in files."""

    name = "grep"
    description = (
        "Search file contents. Results are 'path:line: text'. Binary files and what .gitignore "
        f"names are left out; at most {MOST_MATCHES} matching lines; of lines over "
        f"{LONGEST_LINE:,} characters only that many are searched; an expression gets {SECONDS} s."
    )
    exclusive = False
    arguments = GrepArguments

    def __init__(self, root: Root, seconds: int = SECONDS) -> None:
        self._root = root
        self._seconds = seconds

    def lines(self, arguments: GrepArguments) -> Sequence[ToolUsed]:
        """One line with the pattern and where."""
        where = " ".join(label(part) for part in (arguments.path, arguments.glob) if part)
        target = label(arguments.pattern) + (f" in {where}" if where else "")
        return (ToolUsed("Grep", target),)

    async def run(self, arguments: GrepArguments) -> ToolOutput:
        """Walk, read, match. Raises ToolError."""
        _check(arguments)
        return await on_files(lambda stop: self._grep(arguments, stop))

    def _grep(self, arguments: GrepArguments, stop: Event) -> ToolOutput:
        start = self._root.relative(arguments.path or ".")
        wanted = _filter(start, arguments.glob)
        search, report = Search(self._root, stop), _Report(arguments.context or 0)
        try:
            with self._matcher(arguments, stop) as found:
                self._search(search.entries(start, wanted), found, report)
        except TimeUsedUp as error:
            if not report.lines:
                raise
            report.stopped = str(error)
        return report.output(arguments.pattern, search.notes)

    def _matcher(self, arguments: GrepArguments, stop: Event) -> AbstractContextManager[Matcher]:
        if arguments.literal:
            return literal_matcher(self._job(arguments))
        return expression_matcher(self._job(arguments), stop)

    def _job(self, arguments: GrepArguments) -> Job:
        ignore_case = bool(arguments.ignore_case)
        return Job(arguments.pattern, ignore_case, MOST_MATCHES + 1, self._seconds)

    def _search(self, entries: Iterable[Entry], found: Matcher, report: _Report) -> None:
        for entry in entries:
            if entry.is_file:
                self._search_file(entry.path, found, report)
            if report.full:
                return

    def _search_file(self, path: str, found: Matcher, report: _Report) -> None:
        try:
            data = self._root.read(path).data
        except TooLarge:
            report.too_large += 1
            return
        except PathError:
            report.unreadable += 1
            return
        if is_binary(data):
            report.binary += 1
            return
        report.add(path, data, found.match(data))


def _check(arguments: GrepArguments) -> None:
    """Raise ToolError for what cannot be searched for."""
    if not arguments.pattern or len(arguments.pattern) > LONGEST_PATTERN:
        raise ToolError(f"A pattern must have 1 to {LONGEST_PATTERN:,} characters.")
    if "\n" in arguments.pattern:
        raise ToolError("Patterns are matched line by line: look for one line of the text.")
    if not 0 <= (arguments.context or 0) <= MOST_CONTEXT:
        raise ToolError(f"context must be 0 to {MOST_CONTEXT}.")


def _filter(start: str, glob: str | None) -> Callable[[Entry], bool]:
    """Which entries to look at: folders, the start itself, files that the glob names.

    A glob without a slash names files in every folder; one with it is relative to the project
    or to the folder searched. Raises ToolError.
    """
    if not glob:
        return lambda _: True
    try:
        texts = alternatives(glob)
    except BadPattern as error:
        raise ToolError(f"The glob cannot be used: {error}.") from error
    patterns = [Pattern.of(text if "/" in text else f"**/{text}") for text in texts]
    inside = "" if start == "." else f"{start}/"

    def named(path: str) -> bool:
        return any(one.matches(path) or one.matches(path.removeprefix(inside)) for one in patterns)

    return lambda entry: entry.is_dir or entry.path == start or named(entry.path)


@dataclass
class _Report:
    """What has been found so far, as lines for the model."""

    context: int
    lines: list[str] = field(default_factory=list)
    matches: int = 0
    binary: int = 0
    too_large: int = 0
    unreadable: int = 0
    full: bool = False
    stopped: str = ""
    _left: int = OUTPUT_LIMIT - _FOR_NOTES

    def add(self, path: str, data: bytes, found: Sequence[tuple[int, int]]) -> None:
        """Take the matches of a file, as many as the answer has room for."""
        room = MOST_MATCHES - self.matches
        self.full = len(found) > room
        found = found[:room]
        if not found:
            return
        if self.context and self.lines:
            self.lines.append("--")
        self.matches += len(found)
        for line in excerpts(path, data, found, self.context):
            self._left -= len(line.encode("utf-8", "replace")) + 1
            if self._left < 0:
                self.full = True
                return
            self.lines.append(line)

    def output(self, pattern: str, notes: Sequence[str]) -> ToolOutput:
        """The answer."""
        lines = self.lines or [f"No line matches {label(pattern)}."]
        return ToolOutput("\n".join([*lines, *self._notes(), *notes]), ok=bool(self.lines))

    def _notes(self) -> list[str]:
        notes = [f"({self.stopped})"] if self.stopped else []
        if self.full:
            notes.append("(there are more matches; narrow the pattern, the path or the glob)")
        for count, what in (
            (self.binary, "binary"),
            (self.too_large, "too large"),
            (self.unreadable, "unreadable"),
        ):
            if count:
                notes.append(f"({plural(count, 'file')} skipped: {what})")
        return notes
