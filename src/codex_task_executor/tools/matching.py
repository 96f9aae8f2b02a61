"""Matchers of lines: for literal text here, for a model's expressions in a bounded process."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from threading import Event
from typing import Any, Protocol

from codex_task_executor.sandbox.program import Program, ProgramEnded, program
from codex_task_executor.tools import line_matcher
from codex_task_executor.tools.base import ToolError
from codex_task_executor.tools.line_matcher import Job

SECONDS = 10
"""Processor time that a model's expression gets in one call."""

Found = list[tuple[int, int]]
"""Number (from 0) of each matching line and the column where the match begins."""

_TOO_LONG = (
    "The expression takes too long. Avoid nested repetitions such as (a+)+, search fewer files, "
    "or set literal to true."
)
_TOO_BIG = "The expression needs too much memory. Use a simpler one."


class TimeUsedUp(ToolError):
    """The expression needed more processor time than it had."""


class Matcher(Protocol):
    """Something that finds lines."""

    def match(self, data: bytes) -> Found:
        """The first lines of a file that match. Raises TimeUsedUp, ToolError."""
        ...


class _LiteralMatcher:
    """Finds text; an expression without repetition needs no limit."""

    def __init__(self, job: Job) -> None:
        self._regex = line_matcher.compiled(re.escape(job.pattern), job.ignore_case)
        self._most = job.most

    def match(self, data: bytes) -> Found:
        return line_matcher.matching(self._regex, data, self._most)


class _ExpressionMatcher:
    """Finds what a regular expression matches, in a process that the kernel stops."""

    def __init__(self, started: Program) -> None:
        self._program = started

    def begin(self, job: Job) -> None:
        """Send the expression. Raises ToolError if it is none."""
        refused = self._asked(json.dumps(asdict(job)).encode() + b"\n").get("error")
        if refused:
            raise ToolError(
                f"Not a regular expression as Python's re knows them: {refused}. Escape special "
                "characters with a backslash, or set literal to true."
            )

    def match(self, data: bytes) -> Found:
        found = self._asked(len(data).to_bytes(8, "big") + data)
        return [(number, column) for number, column in found]

    def _asked(self, question: bytes) -> Any:
        try:
            self._program.send(question)
            return json.loads(self._program.line())
        except ProgramEnded as error:
            raise (TimeUsedUp(_TOO_LONG) if error.out_of_time else ToolError(_TOO_BIG)) from error


@contextmanager
def literal_matcher(job: Job) -> Iterator[Matcher]:
    """What finds lines that hold the pattern as it stands."""
    yield _LiteralMatcher(job)


@contextmanager
def expression_matcher(job: Job, stop: Event) -> Iterator[Matcher]:
    """What finds lines that match an expression, until ``stop`` is set.

    Raises ToolError for a pattern that is no expression.
    """
    with program(Path(line_matcher.__file__), stop) as started:
        found = _ExpressionMatcher(started)
        found.begin(job)
        yield found
