"""SIGINT, SIGTERM and SIGHUP end a run in order: its state is safe and said within a second."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Coroutine
from typing import Any, TypeVar

from codex_task_executor.exit_codes import ExitCode

T = TypeVar("T")

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Interruption:
    """Remembers the first signal and cancels what runs; later ones are ignored.

    Claude Code sends SIGTERM and, 1.4 s later, SIGKILL; a person presses Ctrl-C twice.
    """

    def __init__(self) -> None:
        self.received: signal.Signals | None = None
        self._ignored = False

    @property
    def code(self) -> ExitCode:
        """What to exit with after a signal."""
        interrupted = self.received == signal.SIGINT
        return ExitCode.INTERRUPTED if interrupted else ExitCode.TERMINATED

    async def guard(self, work: Coroutine[Any, Any, T]) -> T:
        """Await ``work``; a signal cancels it."""
        task = asyncio.ensure_future(work)
        loop = asyncio.get_running_loop()
        for number in SIGNALS:
            loop.add_signal_handler(number, self._stop, number, task)
        return await task

    def too_late(self) -> None:
        """Ignore every signal from now on: the run has come to its own end."""
        self._ignored = True

    def _stop(self, number: signal.Signals, task: asyncio.Future[Any]) -> None:
        if self.received is None and not self._ignored:
            self.received = number
            task.cancel()
