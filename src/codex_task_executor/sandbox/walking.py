"""Everything below a folder, by descriptor: sorted, links not followed, secrets not shown."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from codex_task_executor.sandbox.openat import READ_FLAGS
from codex_task_executor.sandbox.place import Beneath
from codex_task_executor.sandbox.spelling import is_hidden


@dataclass(frozen=True, slots=True)
class Entry:
    """Something that a walk found; ``path`` is relative to the root, ``size`` in bytes.

    What is none of the three kinds is a FIFO, a socket or a device.
    """

    path: str
    is_dir: bool
    is_file: bool
    is_symlink: bool
    size: int
    mtime_ns: int


Enter = Callable[[Entry], bool]
"""Whether a walk goes into a folder that it has just yielded."""


def walk(beneath: Beneath, start: str, enter: Enter) -> Iterator[Entry]:
    """Yield what is below a folder, depth first, each folder before what it holds.

    No descriptor stays open between two steps, so any depth works. A folder below the start
    that cannot be read, has gone or is a mount is yielded but not entered. Raises OSError
    for the start.
    """
    pending = _scan(beneath, start)
    while pending:
        entry = pending.pop()
        yield entry
        if entry.is_dir and enter(entry):
            pending += _scan_or_nothing(beneath, entry.path)


def _scan_or_nothing(beneath: Beneath, folder: str) -> list[Entry]:
    try:
        return _scan(beneath, folder)
    except OSError:
        return []


def _scan(beneath: Beneath, folder: str) -> list[Entry]:
    """The entries of one folder, last name first."""
    prefix = "" if folder == "." else f"{folder}/"
    with beneath.opened(folder, READ_FLAGS | os.O_DIRECTORY) as opened, os.scandir(opened) as found:
        entries = [_entry(prefix, item) for item in found if not is_hidden(item.name)]
    return sorted((e for e in entries if e is not None), key=_by_path, reverse=True)


def _by_path(entry: Entry) -> str:
    return entry.path


def _entry(prefix: str, item: os.DirEntry[str]) -> Entry | None:
    try:
        status = item.stat(follow_symlinks=False)
    except OSError:  # gone since
        return None
    return entry_of(prefix + item.name, status)


def entry_of(path: str, status: os.stat_result) -> Entry:
    """An entry from what lstat says."""
    mode = status.st_mode
    return Entry(
        path,
        stat.S_ISDIR(mode),
        stat.S_ISREG(mode),
        stat.S_ISLNK(mode),
        status.st_size,
        status.st_mtime_ns,
    )
