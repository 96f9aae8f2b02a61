"""Which lines of a text match a regular expression; also a program that answers that.

Python cannot interrupt a match, and holds its lock meanwhile: ``(a+)+$`` on one line would
stop every task of the process. So a model's expression is run by this file as a program of
its own, with a limit on processor time that the kernel enforces. It imports nothing of its
package, so that it starts in some 20 ms.

Standard input: one JSON line (``Job``'s fields), then texts, each after its length in 8
bytes. Standard output: one JSON line for the job ({} or {"error": text}), then one for each
text: [[line number from 0, column of the match], ...].
"""

from __future__ import annotations

import json
import os
import re
import resource
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import BinaryIO

LONGEST_LINE = 10_000
"""Characters of a line that are searched."""

_MEMORY = 1 << 30


@dataclass(frozen=True)
class Job:
    """What to look for: at most ``most`` lines of a text, in ``seconds`` of processor time."""

    pattern: str
    ignore_case: bool
    most: int
    seconds: int


def compiled(pattern: str, ignore_case: bool) -> re.Pattern[str]:
    """The expression. Raises re.error, RecursionError, OverflowError."""
    return re.compile(pattern, re.IGNORECASE if ignore_case else 0)


def lines_of(data: bytes) -> list[str]:
    """A file's lines without LF or CRLF; what is not UTF-8 is U+FFFD."""
    lines = data.decode("utf-8", "replace").split("\n")
    if lines[-1] == "":
        lines.pop()
    return [line.removesuffix("\r") for line in lines]


def matching(regex: re.Pattern[str], data: bytes, most: int) -> list[tuple[int, int]]:
    """Number (from 0) and column of the first match of the first ``most`` lines with one."""
    return list(islice(_matching(regex, lines_of(data)), most))


def _matching(regex: re.Pattern[str], lines: list[str]) -> Iterator[tuple[int, int]]:
    for number, line in enumerate(lines):
        found = regex.search(line[:LONGEST_LINE])
        if found:
            yield number, found.start()


def _serve(texts: BinaryIO, answers: BinaryIO) -> None:
    job = Job(**json.loads(texts.readline()))
    _limit(job.seconds)
    try:
        regex = compiled(job.pattern, job.ignore_case)
    except (re.error, RecursionError, OverflowError) as error:
        _answer(answers, {"error": str(error)})
        return
    _answer(answers, {})
    while length := texts.read(8):
        data = texts.read(int.from_bytes(length, "big"))
        _answer(answers, matching(regex, data, job.most))


def _limit(seconds: int) -> None:
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    if sys.platform.startswith("linux"):  # macOS refuses it
        resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))


def _answer(answers: BinaryIO, value: object) -> None:
    answers.write(json.dumps(value).encode() + b"\n")
    answers.flush()


if __name__ == "__main__":
    with os.fdopen(0, "rb") as pipe_in, os.fdopen(1, "wb") as pipe_out:
        _serve(pipe_in, pipe_out)
