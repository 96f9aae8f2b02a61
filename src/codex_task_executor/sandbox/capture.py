"""Output of a command, bounded: the beginning and the end are kept, the middle is counted."""

from __future__ import annotations

LIMIT = 1 << 20
"""Bytes kept of one command's output (as Codex keeps)."""


class Capture:
    """Takes a stream piece by piece and keeps its first and last ``limit / 2`` bytes."""

    def __init__(self, limit: int = LIMIT) -> None:
        self._half = limit // 2
        self._head = bytearray()
        self._tail = bytearray()
        self.total = 0

    def feed(self, data: bytes) -> None:
        """Take the next piece of the stream."""
        self.total += len(data)
        room = self._half - len(self._head)
        self._head += data[:room]
        self._tail += data[room:]
        del self._tail[: max(0, len(self._tail) - self._half)]

    @property
    def output(self) -> bytes:
        """What was kept; shorter than ``total`` exactly when a middle was dropped."""
        return bytes(self._head + self._tail)
