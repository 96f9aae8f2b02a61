"""A program that was started: its process group, its captured output, its end."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from codex_task_executor.sandbox.capture import Capture

_CHUNK = 1 << 16
_PIPE_PIECES = 64
"""Reads that empty the largest pipe an ordinary user can make (1 MiB, pipe(7))."""


@dataclass(frozen=True)
class Launch:
    """What to start. The child gets this environment and these descriptors, nothing else."""

    arguments: Sequence[str]
    environment: Mapping[str, str]
    stdin: int = subprocess.DEVNULL
    descriptors: Sequence[int] = ()
    folder: str | None = None


class Child:
    """A program in a session of its own; leaving the ``with`` block kills and reaps it.

    It is started by the calling thread (bubblewrap's parent-death signal fires when that
    thread ends) without a single await, so that no cancellation can come between the start
    and the block. A thread waits for its end: portable, and asyncio does the same on 3.11.
    """

    def __init__(self, launch: Launch) -> None:
        self.capture = Capture()
        self._loop = asyncio.get_running_loop()
        self._ended = asyncio.Event()
        self._output, theirs = os.pipe()
        try:
            self._process = _start(launch, theirs)
        except BaseException:
            os.close(self._output)
            raise
        finally:
            os.close(theirs)
        os.set_blocking(self._output, False)
        self._loop.add_reader(self._output, self._read)
        self._waiter = self._watch()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.kill()
        self.join(seconds=5)
        self._loop.remove_reader(self._output)
        self._drain()
        os.close(self._output)

    @property
    def code(self) -> int | None:
        """The exit code, negative for a signal; None while it runs."""
        return self._process.returncode

    async def ended(self, seconds: float) -> bool:
        """Wait for the program's own end; False when the time is up first."""
        try:
            async with asyncio.timeout(seconds):
                await self._ended.wait()
        except TimeoutError:
            return False
        return True

    def kill(self) -> None:
        """SIGKILL to the process group; its leader may have ended and left others behind."""
        with suppress(ProcessLookupError, PermissionError):  # macOS: only zombies are left
            os.killpg(self._process.pid, signal.SIGKILL)

    def join(self, seconds: float) -> bool:
        """Block until the killed program is gone; False when it is not after ``seconds``."""
        self._waiter.join(seconds)
        return not self._waiter.is_alive()

    def _watch(self) -> threading.Thread:
        waiter = threading.Thread(target=self._wait, daemon=True)
        try:
            waiter.start()
        except RuntimeError:  # no more threads: nobody could end the program later
            self.kill()
            self._process.wait()
            raise
        return waiter

    def _wait(self) -> None:
        self._process.wait()
        with suppress(RuntimeError):  # the loop was closed meanwhile
            self._loop.call_soon_threadsafe(self._ended.set)

    def _read(self) -> None:
        if not self._read_piece():
            self._loop.remove_reader(self._output)

    def _drain(self) -> None:
        with suppress(BlockingIOError):
            for _ in range(_PIPE_PIECES):
                if not self._read_piece():
                    return

    def _read_piece(self) -> bool:
        piece = os.read(self._output, _CHUNK)
        self.capture.feed(piece)
        return bool(piece)


def _start(launch: Launch, output: int) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        launch.arguments,
        env=launch.environment,
        cwd=launch.folder,
        stdin=launch.stdin,
        stdout=output,
        stderr=subprocess.STDOUT,
        pass_fds=launch.descriptors,
        start_new_session=True,
    )
