"""Matchers of lines: for literal text here, for a model's expressions in a bounded process."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import IO, Any, Protocol, cast

from codex_task_executor.tools import line_matcher
from codex_task_executor.tools.base import ToolError
from codex_task_executor.tools.line_matcher import Job

SECONDS = 10
"""Processor time that a model's expression gets in one call."""

Found = list[tuple[int, int]]
"""Number (from 0) of each matching line and the column where the match begins."""

_PROGRAM = (sys.executable, "-I", "-S", str(line_matcher.__file__))
_KILLED = (-signal.SIGXCPU, -signal.SIGKILL)


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

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process
        self._texts = cast("IO[bytes]", process.stdin).fileno()
        answers = cast("IO[bytes]", process.stdout).fileno()
        self._answers = open(answers, "rb", closefd=False)  # noqa: SIM115

    def begin(self, job: Job) -> None:
        """Send the expression. Raises ToolError if it is none."""
        self._send(json.dumps(asdict(job)).encode() + b"\n")
        refused = self._answer().get("error")
        if refused:
            raise ToolError(
                f"Not a regular expression as Python's re knows them: {refused}. Escape special "
                "characters with a backslash, or set literal to true."
            )

    def match(self, data: bytes) -> Found:
        self._send(len(data).to_bytes(8, "big") + data)
        return [(number, column) for number, column in self._answer()]

    def _send(self, data: bytes) -> None:
        view = memoryview(data)
        try:
            while view:
                view = view[os.write(self._texts, view) :]
        except BrokenPipeError as error:
            raise self._ended() from error

    def _answer(self) -> Any:
        line = self._answers.readline()
        if not line.endswith(b"\n"):
            raise self._ended()
        return json.loads(line)

    def _ended(self) -> ToolError:
        if self._process.wait() in _KILLED:
            return TimeUsedUp(
                "The expression takes too long. Avoid nested repetitions such as (a+)+, search "
                "fewer files, or set literal to true."
            )
        return ToolError("The expression needs too much memory. Use a simpler one.")


@contextmanager
def matcher(
    pattern: str, literal: bool, ignore_case: bool, most: int, seconds: int = SECONDS
) -> Iterator[Matcher]:
    """What finds the first ``most`` lines of a text that match a pattern.

    Raises ToolError for a pattern that is no expression.
    """
    job = Job(pattern, ignore_case, most, seconds)
    if literal:
        yield _LiteralMatcher(job)
        return
    with _process() as expression_matcher:
        expression_matcher.begin(job)
        yield expression_matcher


@contextmanager
def _process() -> Iterator[_ExpressionMatcher]:
    """Our own program, nothing of our environment in it, killed at the end."""
    with subprocess.Popen(
        _PROGRAM,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        bufsize=0,  # what a broken pipe leaves in a buffer would fail again on closing
        env={},
        cwd="/",
        start_new_session=True,
    ) as process:
        try:
            yield _ExpressionMatcher(process)
        finally:
            process.kill()
