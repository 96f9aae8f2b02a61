"""Holds: places in a stream where the server waits, so that tests need no timing.

Within the process: ``wait_reached`` and ``release``. Across processes, with a folder: the
server creates ``NAME.reached`` there and waits for ``NAME.release``.
"""

from __future__ import annotations

import asyncio
import threading
from collections import defaultdict
from pathlib import Path

POLL_SECONDS = 0.01


class Holds:
    """The holds of one server; safe to use from any thread."""

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = folder
        self._lock = threading.Lock()
        self._reached: dict[str, threading.Event] = defaultdict(threading.Event)
        self._released: set[str] = set()

    def wait_reached(self, name: str, timeout: float = 30) -> None:
        """Block until a stream stands at the hold. Raises TimeoutError after ``timeout`` s."""
        if not self._event(name).wait(timeout):
            raise TimeoutError(f"hold {name!r} was not reached within {timeout:g} s")

    def release(self, name: str) -> None:
        """Let streams pass the hold, now and from now on."""
        with self._lock:
            self._released.add(name)

    async def passed(self, name: str) -> None:
        """Announce the hold and return when it is released."""
        self._event(name).set()
        if self.folder is not None:
            (self.folder / f"{name}.reached").touch()
        while not self._is_released(name):  # noqa: ASYNC110 - a file or another thread says so
            await asyncio.sleep(POLL_SECONDS)

    def _event(self, name: str) -> threading.Event:
        with self._lock:
            return self._reached[name]

    def _is_released(self, name: str) -> bool:
        with self._lock:
            if name in self._released:
                return True
        return self.folder is not None and (self.folder / f"{name}.release").exists()
