"""A Python file of ours as a process of its own, for work that may have to be killed."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event
from typing import IO, cast

_KILLED = (-signal.SIGXCPU, -signal.SIGKILL)


_LOOK_AGAIN = 0.05
"""Seconds between two looks at ``stop`` while a program is silent."""


class ProgramEnded(Exception):
    """The program is gone. ``out_of_time`` says whether its own limit on time ended it."""

    def __init__(self, out_of_time: bool) -> None:
        super().__init__(out_of_time)
        self.out_of_time = out_of_time


class Program:
    """A running program: bytes in, one line out for each time. Both raise ProgramEnded."""

    def __init__(self, process: subprocess.Popen[bytes], stop: Event) -> None:
        self._process = process
        self._stop = stop
        self._input = cast("IO[bytes]", process.stdin).fileno()
        output = cast("IO[bytes]", process.stdout).fileno()
        self._output = open(output, "rb", closefd=False)  # noqa: SIM115

    def send(self, data: bytes) -> None:
        """Write to its standard input."""
        view = memoryview(data)
        try:
            while view:
                view = view[os.write(self._input, view) :]
        except BrokenPipeError as error:
            raise self._ended() from error

    def line(self) -> bytes:
        """The next line of its standard output."""
        while not select.select([self._output], [], [], _LOOK_AGAIN)[0]:
            if self._stop.is_set():
                self._process.kill()
        line = self._output.readline()
        if not line.endswith(b"\n"):
            raise self._ended()
        return line

    def _ended(self) -> ProgramEnded:
        return ProgramEnded(self._process.wait() in _KILLED)


@contextmanager
def program(file: Path, stop: Event) -> Iterator[Program]:
    """Start a file that imports only the standard library; it is killed at the end.

    ``stop`` ends it early, from another thread.

    Nothing of our environment is in it, and neither site-packages nor its own folder.
    """
    with subprocess.Popen(
        [sys.executable, "-I", "-S", str(file)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        bufsize=0,  # what a broken pipe leaves in a buffer would fail again on closing
        env={},
        cwd="/",
        start_new_session=True,
    ) as process:
        try:
            yield Program(process, stop)
        finally:
            process.kill()
