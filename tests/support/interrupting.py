"""Runs that are ended from outside, and what may be left of them."""

from __future__ import annotations

import json
import os
import select
import subprocess
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from support.program import Program, Ran
from support.repositories import Sandpit
from support.scenes import TASK, WORDS

PATIENCE = 30
"""Seconds after which a test fails that waits for something that never comes."""


@dataclass(frozen=True)
class Running:
    """A run under way; its output so far has been read as far as ``until`` went."""

    process: subprocess.Popen[str]

    @classmethod
    def start(cls, program: Program, **more: str) -> Self:
        """Start the scenes' task."""
        return cls(program.start("execute-task", TASK, WORDS, "plan.md", **more))

    def until_it_says(self, beginning: str) -> None:
        """Read its output up to a line that begins like this."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if line.startswith(beginning):
                return
        raise AssertionError(f"it ended without {beginning}: {self.ended()}")

    def until(self, happened: Callable[[], object]) -> None:
        """Wait for something that it does to the file system."""
        while not happened():
            assert self.process.poll() is None, self.ended()

    def end(self, number: int) -> Ran:
        """Send it a signal and wait for its end."""
        self.process.send_signal(number)
        return self.ended()

    def ended(self) -> Ran:
        """Its end and the rest of its output."""
        stdout, stderr = self.process.communicate(timeout=PATIENCE)
        return Ran(self.process.returncode, stdout, stderr)


class Lifeline:
    """A FIFO that a command in the sandbox holds open for writing, for as long as it lives."""

    def __init__(self, path: Path) -> None:
        os.mkfifo(path)
        self._path = path
        self._reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)

    def is_held(self) -> None:
        """Wait until the command has written something."""
        assert self._poll(select.POLLIN, PATIENCE), "the command never began"

    def breaks(self, seconds: float = PATIENCE) -> bool:
        """Whether every process that could hold it is gone within a time."""
        return self._poll(select.POLLHUP, seconds)

    def _poll(self, event: int, seconds: float) -> bool:
        poll = select.poll()
        poll.register(self._reader, event)
        return bool(poll.poll(seconds * 1000))

    def close(self) -> None:
        """Take it away."""
        os.close(self._reader)
        self._path.unlink()


def processes_about(folder: Path) -> list[str]:
    """The command lines of all processes that name a folder."""
    found = []
    for place in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = place.read_bytes().decode("utf-8", "replace").replace("\0", " ")
        except OSError:  # it has ended meanwhile
            continue
        if str(folder) in words:
            found.append(words)
    return found


def times_started(program: Program) -> Counter[tuple[int, int]]:
    """How often each call of the task was begun, by its iteration and position."""
    tasks = program.pit.root / ".codex-sessions" / "tasks"
    lines = (tasks / TASK / "transcript.jsonl").read_text().splitlines()
    records = [json.loads(line) for line in lines]
    return Counter((r["iteration"], r["position"]) for r in records if r["kind"] == "start")


def check_repository(pit: Sandpit) -> None:
    """git finds nothing wrong, nothing is locked, no branch is there but those known."""
    pit.git("fsck", "--strict")
    assert [str(path) for path in (pit.root / ".git").rglob("*.lock")] == []
