"""The transcript file: one JSON record a line, appended and never rewritten."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

from codex_task_executor.agent import records
from codex_task_executor.agent.records import Record
from codex_task_executor.errors import SessionDamaged


class TranscriptFile:
    """A journal on disk. A record is one ``write``, so a SIGKILL leaves at most a torn last line.

    Opening the file cuts such a line off; ``read`` must have accepted the rest before.
    """

    def __init__(self, path: Path) -> None:
        self._handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        end = _end_of_last_line(self._handle)
        os.ftruncate(self._handle, end)
        os.lseek(self._handle, end, os.SEEK_SET)

    def append(self, record: Record) -> None:
        """Add one record. Raises OSError, ENOSPC among them; then nothing of it is kept."""
        line = json.dumps(records.to_json(record), separators=(",", ":")).encode() + b"\n"
        start = os.lseek(self._handle, 0, os.SEEK_CUR)
        try:
            _write_all(self._handle, line)
        except OSError:
            os.ftruncate(self._handle, start)
            os.lseek(self._handle, start, os.SEEK_SET)
            raise

    def close(self) -> None:
        """Close the file."""
        os.close(self._handle)


def read(path: Path) -> Iterator[Record]:
    """The records of a transcript; a torn last line counts as never written.

    Raises SessionDamaged for any other line that is no record.
    """
    try:
        lines = path.read_bytes().split(b"\n")[:-1]
    except FileNotFoundError:
        return
    for number, line in enumerate(lines, 1):
        try:
            yield records.from_json(json.loads(line))
        except ValueError as error:
            raise SessionDamaged(path, f"line {number} is no record") from error


def _end_of_last_line(handle: int) -> int:
    size = os.fstat(handle).st_size
    for start in range(size, 0, -_BLOCK):
        begin = max(0, start - _BLOCK)
        found = os.pread(handle, start - begin, begin).rfind(b"\n")
        if found >= 0:
            return begin + found + 1
    return 0


_BLOCK = 1 << 16


def _write_all(handle: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(handle, view) :]
