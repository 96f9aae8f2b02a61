"""Making, replacing and removing a file in an open folder, never half, never over an edit.

A new file is written without a name (O_TMPFILE) and then linked, or written under a
temporary name and renamed where nothing is (RENAME_NOREPLACE). To replace, both names are
exchanged (RENAME_EXCHANGE) and what was displaced is compared, inode and content, with
what had been read: a save in place keeps the inode. Another version is put back. Where the
file system cannot exchange, the comparison comes first and a plain rename follows.

Not promised: against a program that keeps the file open and writes to it afterwards.
"""

from __future__ import annotations

import os
import secrets
from dataclasses import dataclass

from codex_task_executor.sandbox.path_errors import Changed
from codex_task_executor.sandbox.place import Place
from codex_task_executor.sandbox.reading import Version
from codex_task_executor.sandbox.renaming import Unsupported, exchange, rename_new
from codex_task_executor.sandbox.spelling import TEMPORARY_PREFIX

_NAMED_FLAGS = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_PERMISSIONS = 0o777
"""What is kept of a mode: setuid, setgid and sticky bits are not."""


@dataclass(frozen=True)
class _Temporary:
    name: str
    inode: int


def create(place: Place, data: bytes, mode: int) -> None:
    """Make a file that must not exist. Raises FileExistsError, OSError."""
    if not _create_unnamed(place, data, mode):
        _create_named(place, data, mode)


def _create_unnamed(place: Place, data: bytes, mode: int) -> bool:
    """Write to O_TMPFILE and link it in; False where the system cannot."""
    try:
        descriptor = os.open(".", os.O_TMPFILE | os.O_WRONLY, 0o600, dir_fd=place.folder)
    except (AttributeError, OSError):  # macOS; NFS, overlayfs before Linux 6.1 ...
        return False
    try:
        _fill(descriptor, data, mode)
        os.link(f"/proc/self/fd/{descriptor}", place.name, dst_dir_fd=place.folder)
    except FileNotFoundError:  # no /proc here
        return False
    finally:
        os.close(descriptor)
    return True


def _create_named(place: Place, data: bytes, mode: int) -> None:
    temporary = _write_temporary(place, data, mode)
    try:
        _name_finally(place, temporary.name)
    except OSError:
        place.unlink(temporary.name)
        raise


def _name_finally(place: Place, temporary: str) -> None:
    try:
        rename_new(place.folder, temporary, place.name)
    except Unsupported:
        os.link(temporary, place.name, src_dir_fd=place.folder, dst_dir_fd=place.folder)
        place.unlink(temporary)


def replace(place: Place, data: bytes, expected: Version, mode: int | None) -> None:
    """Put new content where ``expected`` is. Raises Changed, PathError, OSError."""
    current = place.read()
    if current.version != expected:
        raise Changed(place.path)
    temporary = _write_temporary(place, data, current.mode if mode is None else mode)
    if _swap(place, temporary):
        _settle(place, temporary, expected)


def _swap(place: Place, temporary: _Temporary) -> bool:
    """Exchange the names, or rename where that is impossible (False: nothing is left over)."""
    try:
        return _exchanged(place, temporary.name) or _renamed(place, temporary.name)
    except OSError:
        place.unlink(temporary.name)
        raise


def _exchanged(place: Place, temporary: str) -> bool:
    try:
        exchange(place.folder, temporary, place.name)
    except Unsupported:
        return False
    return True


def _renamed(place: Place, temporary: str) -> bool:
    os.rename(temporary, place.name, src_dir_fd=place.folder, dst_dir_fd=place.folder)
    return False


def _settle(place: Place, temporary: _Temporary, expected: Version) -> None:
    if not place.holds(temporary.name, expected):
        _give_back(place, temporary)
        raise Changed(place.path)
    place.unlink(temporary.name)


def _give_back(place: Place, temporary: _Temporary) -> None:
    """Undo an exchange that displaced what nobody had read.

    Where ours has been replaced once more meanwhile, the newest stays in place and the one
    before it under the temporary name: nothing that is not ours is deleted.
    """
    exchange(place.folder, temporary.name, place.name)
    if place.status(temporary.name).st_ino == temporary.inode:
        place.unlink(temporary.name)
    else:
        exchange(place.folder, temporary.name, place.name)


def remove(place: Place, expected: Version) -> None:
    """Unlink a file that is still ``expected``. Raises Changed, PathError, OSError."""
    if place.read().version != expected:
        raise Changed(place.path)
    aside = _temporary_name()
    try:
        rename_new(place.folder, place.name, aside)
    except Unsupported:
        place.unlink()
        return
    if not place.holds(aside, expected):
        rename_new(place.folder, aside, place.name)
        raise Changed(place.path)
    place.unlink(aside)


def _write_temporary(place: Place, data: bytes, mode: int) -> _Temporary:
    name = _temporary_name()
    descriptor = os.open(name, _NAMED_FLAGS, 0o600, dir_fd=place.folder)
    try:
        _fill(descriptor, data, mode)
        return _Temporary(name, os.fstat(descriptor).st_ino)
    except OSError:
        place.unlink(name)
        raise
    finally:
        os.close(descriptor)


def _temporary_name() -> str:
    return TEMPORARY_PREFIX + secrets.token_hex(8)


def _fill(descriptor: int, data: bytes, mode: int) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]
    os.fchmod(descriptor, mode & _PERMISSIONS)
