"""Folders that are gone at once and deleted later.

Deleting a checkout of 30,000 files takes a second; renaming it takes none. What a killed
deletion leaves behind goes with the next one.
"""

from __future__ import annotations

import os
import shutil
import uuid
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

_DELETE = 'rm -rf -- "$@" || { chmod -R u+rwX -- "$@"; rm -rf -- "$@"; }'
"""A command may have left folders that their owner cannot enter; links are never followed."""


@dataclass(frozen=True)
class Trash:
    """A folder for what is to be deleted, on the same file system as what is put there."""

    folder: Path

    def put(self, path: Path) -> None:
        """Rename the path into the trash; nothing happens where there is none."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with suppress(FileNotFoundError):
            path.rename(self.folder / f"{path.name}-{uuid.uuid4().hex}")

    def empty(self) -> int | None:
        """Delete everything in the trash, in a process that may outlive this one: its pid.

        It is a child of this process and may be waited for. None where the trash is empty.
        """
        doomed = [str(entry) for entry in self.folder.iterdir()] if self.folder.is_dir() else []
        if not doomed:
            return None
        return os.posix_spawn(
            "/bin/sh",
            ["sh", "-c", _DELETE, "sh", *doomed],
            {"PATH": "/usr/bin:/bin"},
            file_actions=[(os.POSIX_SPAWN_OPEN, n, os.devnull, os.O_RDWR, 0) for n in (0, 1, 2)],
            setpgroup=0,  # a Ctrl-C is not meant for it
        )


def discard(folder: Path) -> int | None:
    """Delete a folder now; one too deep for Python 3.11 (1,000 levels) later, by a process.

    Returns that process's pid, as ``Trash.empty`` does.
    """
    try:
        shutil.rmtree(folder, ignore_errors=True)
    except RecursionError:
        rubbish = Trash(folder.parent / ".trash")
        rubbish.put(folder)
        return rubbish.empty()
    return None
