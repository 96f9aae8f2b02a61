"""Glob: paths by pattern."""

from __future__ import annotations

import posixpath
from collections.abc import Sequence
from dataclasses import dataclass
from threading import Event

from pydantic import Field

from codex_task_executor.events import ToolUsed
from codex_task_executor.sandbox.names import shown
from codex_task_executor.sandbox.paths import Entry, NotAFolder, NotFound, OutsideRoot, Root
from codex_task_executor.tools.base import Arguments, ToolError, ToolOutput
from codex_task_executor.tools.files import label, on_files
from codex_task_executor.tools.patterns import BadPattern, Pattern, alternatives
from codex_task_executor.tools.searching import Search
from codex_task_executor.tools.truncate import OUTPUT_LIMIT

MOST_PATHS = 1_000
"""Paths of one answer."""

_FOR_NOTES = 500
"""Bytes of the output kept free for the notes after the paths."""


class GlobArguments(Arguments):
    """Arguments of ``glob``."""

    pattern: str = Field(
        description="Such as src/**/*.{ts,tsx}: ** is any number of folders; with / at the end "
        "the pattern finds folders."
    )
    path: str | None = Field(
        default=None, description="The folder that the pattern is relative to; null: the project."
    )


@dataclass(frozen=True)
class _Plan:
    """What to look for: patterns relative to the root, and the folder that holds all matches."""

    patterns: tuple[Pattern, ...]
    folders: bool

    @property
    def start(self) -> str:
        """The deepest folder above all that can match."""
        return posixpath.commonpath(["/".join(one.parent) for one in self.patterns]) or "."

    def finds(self, entry: Entry) -> bool:
        """Whether this is what was asked for."""
        if not (entry.is_dir if self.folders else entry.is_file or entry.is_symlink):
            return False
        return any(pattern.matches(entry.path) for pattern in self.patterns)

    def wants(self, entry: Entry) -> bool:
        """Whether this was asked for, or may hold what was."""
        return self.finds(entry) or (
            entry.is_dir and any(pattern.reaches(entry.path) for pattern in self.patterns)
        )


class Glob:
    """Lists paths that match a pattern."""

    name = "glob"
    description = (
        "Find files by name. Patterns know **, *, ?, [a-z] and {a,b}; *.py finds only in the top "
        "folder, **/*.py everywhere. Paths come sorted; what .gitignore names is left out. "
        f"At most {MOST_PATHS:,} paths."
    )
    exclusive = False
    arguments = GlobArguments

    def __init__(self, root: Root) -> None:
        self._root = root

    def lines(self, arguments: GlobArguments) -> Sequence[ToolUsed]:
        """One line with the pattern."""
        where = f" in {label(arguments.path)}" if arguments.path else ""
        return (ToolUsed("Glob", label(arguments.pattern) + where),)

    async def run(self, arguments: GlobArguments) -> ToolOutput:
        """Walk and match. Raises ToolError."""
        return await on_files(lambda stop: self._glob(arguments, stop))

    def _glob(self, arguments: GlobArguments, stop: Event) -> ToolOutput:
        plan = self._plan(arguments)
        search = Search(self._root, stop)
        found = self._find(plan, search)
        if not found:
            return ToolOutput("\n".join([_nothing(arguments), *search.notes]), ok=False)
        return ToolOutput("\n".join([*_listed(found), *search.notes]))

    def _find(self, plan: _Plan, search: Search) -> list[str]:
        if search.starts_ignored(plan.start):
            return []
        try:
            entries = search.entries(plan.start, plan.wants)
            found = sorted(filter(plan.finds, entries), key=lambda entry: entry.path)
            return [_line(entry) for entry in found]
        except (NotFound, NotAFolder):
            return []

    def _plan(self, arguments: GlobArguments) -> _Plan:
        folder = self._root.relative(arguments.path or ".")
        texts = self._alternatives(arguments.pattern)
        if not texts:
            raise ToolError("The pattern is empty. Use * for a folder's files, **/* for all.")
        patterns = tuple(self._pattern(folder, text) for text in texts)
        return _Plan(patterns, arguments.pattern.endswith("/"))

    def _alternatives(self, pattern: str) -> list[str]:
        try:
            return [text for text in alternatives(pattern) if text.strip("./")]
        except BadPattern as error:
            raise ToolError(f"The pattern cannot be used: {error}.") from error

    def _pattern(self, folder: str, text: str) -> Pattern:
        """A pattern relative to the root. Raises PathError for one that leads out of it."""
        fixed = Pattern.of(text).literal
        rest = Pattern.of(text).segments[len(fixed) :]
        if ".." in rest:
            raise OutsideRoot(text, "has '..' after a wildcard; name the folder instead")
        start = "/" if text.startswith("/") else f"{folder}/"
        clean = self._root.relative(start + "/".join(fixed))
        return Pattern(Pattern.of(clean).segments + rest)


def _line(entry: Entry) -> str:
    kind = "/" if entry.is_dir else " (symbolic link)" if entry.is_symlink else ""
    return shown(entry.path) + kind


def _listed(found: Sequence[str]) -> list[str]:
    """As many paths as an answer takes, and how many there are."""
    lines, left = list[str](), OUTPUT_LIMIT - _FOR_NOTES
    for path in found[:MOST_PATHS]:
        left -= len(path.encode()) + 1
        if left < 0:
            break
        lines.append(path)
    if len(lines) < len(found):
        lines.append(f"(the first {len(lines):,} of {len(found):,}; use a narrower pattern)")
    return lines


def _nothing(arguments: GlobArguments) -> str:
    pattern = arguments.pattern
    text = f"Nothing matches {label(pattern)}."
    if "/" not in pattern:
        text += f" To search all folders use {label('**/' + pattern)}."
    return text
