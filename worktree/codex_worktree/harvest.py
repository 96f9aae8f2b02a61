"""Copies of changed files, read by descriptor, for git to add from a folder nobody else has.

git opens what it adds by name: between its ``lstat`` and its ``open`` a file can become a
link to somewhere else. Here each folder on the way is opened from the one above without
following links, and so is the file; git then sees only the copies.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from codex_worktree.quoting import path_bytes

LARGEST = 1 << 30
"""Bytes. A larger file is left out and reported: sparse giants cost nothing to make."""

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_SOURCE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
_COPY = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_UNREADABLE = (
    *(errno.EACCES, errno.EPERM, errno.ELOOP, errno.ENOTDIR, errno.EEXIST),
    *(errno.ENXIO, errno.ENODEV, errno.ENAMETOOLONG),
)
"""Errors that say something about the file. Any other, a full disk say, ends the copying."""

KINDS = {
    stat.S_IFIFO: "a FIFO",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}


@dataclass(frozen=True)
class Skipped:
    """A path that is not in the snapshot as it is in the worktree, and why."""

    path: str
    reason: str


@dataclass(frozen=True)
class Harvest:
    """Which paths were copied, which are gone, which are folders, which cannot be taken."""

    copied: tuple[str, ...]
    gone: tuple[str, ...]
    folders: tuple[str, ...]
    skipped: tuple[Skipped, ...]


def copy(root: Path, paths: Iterable[str], destination: Path) -> Harvest:
    """Copy files and links from ``root`` to the same paths in ``destination``, an empty folder.

    Paths are relative, their undecodable bytes surrogates. Only the owner's exec bit of a
    mode is kept, which is all that git records.

    Raises OSError where the copies cannot be written.
    """
    copied, gone, folders, skipped = [], [], [], []
    with _opened(root) as source, _opened(destination) as target:
        for path in paths:
            try:
                _copy(source, target, path_bytes(path))
                copied.append(path)
            except FileNotFoundError:
                gone.append(path)
            except IsADirectoryError:
                folders.append(path)
            except _Unfit as unfit:
                skipped.append(Skipped(path, str(unfit)))
            except OSError as error:
                if error.errno not in _UNREADABLE:
                    raise
                skipped.append(Skipped(path, f"cannot be read: {error.strerror}"))
    return Harvest(tuple(copied), tuple(gone), tuple(folders), tuple(skipped))


class _Unfit(Exception):
    """Something that git does not store."""


def _copy(source: int, target: int, path: bytes) -> None:
    folder, _, name = path.rpartition(b"/")
    with _below(source, folder, _enter) as here:
        mode = os.stat(name, dir_fd=here, follow_symlinks=False).st_mode
        if stat.S_ISDIR(mode):
            raise IsADirectoryError
        if not stat.S_ISREG(mode) and not stat.S_ISLNK(mode):
            raise _Unfit(KINDS.get(stat.S_IFMT(mode), "not a file"))
        write = _copy_link if stat.S_ISLNK(mode) else _copy_file
        with _below(target, folder, _make) as there:
            write(here, there, name)


def _copy_link(here: int, there: int, name: bytes) -> None:
    os.symlink(os.readlink(name, dir_fd=here), name, dir_fd=there)


def _copy_file(here: int, there: int, name: bytes) -> None:
    with os.fdopen(os.open(name, _SOURCE, dir_fd=here), "rb") as source:
        found = os.fstat(source.fileno())
        if not stat.S_ISREG(found.st_mode):
            raise _Unfit("changed while it was read")
        if found.st_size > LARGEST:
            raise _Unfit(f"larger than {LARGEST >> 20} MiB")
        mode = 0o700 if found.st_mode & stat.S_IXUSR else 0o600
        with os.fdopen(os.open(name, _COPY, mode, dir_fd=there), "wb") as copied:
            _copy_bytes(source, copied, found.st_size)


def _copy_bytes(source: BinaryIO, copied: BinaryIO, size: int) -> None:
    """No more than there was at first: a file that grows all the time ends too."""
    while size and (chunk := source.read(min(size, 1 << 20))):
        copied.write(chunk)
        size -= len(chunk)


@contextmanager
def _below(root: int, folder: bytes, step: Callable[[int, bytes], int]) -> Iterator[int]:
    """The folder below ``root``, reached one step at a time without following a link."""
    here = os.dup(root)
    try:
        for part in filter(None, folder.split(b"/")):
            below = step(here, part)
            os.close(here)
            here = below
        yield here
    finally:
        os.close(here)


def _enter(here: int, part: bytes) -> int:
    try:
        return os.open(part, _FOLDER, dir_fd=here)
    except OSError as error:
        if error.errno in (errno.ENOTDIR, errno.ELOOP):  # a file or a link: nothing is below it
            raise FileNotFoundError(error.errno, error.strerror) from error
        raise


def _make(here: int, part: bytes) -> int:
    with suppress(FileExistsError):
        os.mkdir(part, 0o700, dir_fd=here)
    return os.open(part, _FOLDER, dir_fd=here)


@contextmanager
def _opened(folder: Path) -> Iterator[int]:
    descriptor = os.open(folder, _FOLDER)
    try:
        yield descriptor
    finally:
        os.close(descriptor)
