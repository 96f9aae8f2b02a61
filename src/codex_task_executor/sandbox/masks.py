"""Files of a worktree that commands may not read: those with secret names."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from codex_task_executor.sandbox.secrets import is_git, is_secret


@dataclass(frozen=True)
class Masks:
    """What to cover in a worktree, as paths relative to it.

    ``files`` and ``folders`` have secret names. ``pinned`` are the folders above them: each
    becomes a mount point, because a folder that a command could rename would carry its
    secret to a path that the next command's mask does not cover.
    """

    files: tuple[str, ...] = ()
    folders: tuple[str, ...] = ()
    pinned: tuple[str, ...] = ()

    @property
    def size(self) -> int:
        """How many mounts the masks need."""
        return len(self.files) + len(self.folders) + len(self.pinned)


def find_masks(root: Path) -> Masks:
    """Look through a worktree for what exists now under a secret name.

    What a command creates later under such a name holds nothing that it did not know.
    Symbolic links are left alone: inside, they lead only to what is shown anyway.
    """
    found = list(_secrets(root, ""))
    files = tuple(path for path, is_folder in found if not is_folder)
    folders = tuple(path for path, is_folder in found if is_folder)
    pinned = sorted({above for path, _ in found for above in _above(path)})
    return Masks(files, folders, tuple(pinned))


def _secrets(root: Path, folder: str) -> Iterator[tuple[str, bool]]:
    """(path, whether it is a folder) of every secret, depth first, sorted.

    A folder that cannot be read counts as one: its owner, a command, could open it later.
    """
    try:
        entries = _entries(root / folder)
    except PermissionError:
        yield folder, True
        return
    for entry in entries:
        path = f"{folder}/{entry.name}" if folder else entry.name
        is_folder = entry.is_dir(follow_symlinks=False)
        if entry.is_symlink() or is_git(entry.name):
            continue
        if is_secret(entry.name):
            yield path, is_folder
        elif is_folder:
            yield from _secrets(root, path)


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    with os.scandir(folder) as entries:
        return sorted(entries, key=lambda entry: entry.name)


def _above(path: str) -> list[str]:
    """The folders between the root and a path."""
    return [str(above) for above in PurePosixPath(path).parents][:-1]
