"""The system's errors about a path as ours, with what helps: which link is in the way."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from codex_task_executor.sandbox.names import shown
from codex_task_executor.sandbox.path_errors import (
    AccessFailed,
    BadName,
    Exists,
    NotAFile,
    NotAFolder,
    NotFound,
    OutsideRoot,
    PathError,
)
from codex_task_executor.sandbox.place import Beneath

_MOUNT = "is on another file system, mounted inside the project folder; that is out of reach"
_TOO_LONG = "has a name that this file system cannot store (too long, or not its encoding)"
_SIMPLE: dict[int, Callable[[str], PathError]] = {
    errno.ENOENT: NotFound,
    errno.ENOTDIR: NotAFolder,
    errno.EEXIST: Exists,
}


@contextmanager
def reported(beneath: Beneath, path: str) -> Iterator[None]:
    """Turn an OSError about a path into a PathError."""
    try:
        yield
    except OSError as error:
        raise _translated(beneath, path, error) from error


def _translated(beneath: Beneath, path: str, error: OSError) -> PathError:
    # where openat2 says ELOOP, the walk with O_DIRECTORY says ENOTDIR
    link = _link_on(beneath, path) if error.errno in (errno.ELOOP, errno.ENOTDIR) else None
    return link or _plain(path, error)


def _plain(path: str, error: OSError) -> PathError:
    code = error.errno or 0
    if code in _SIMPLE:
        return _SIMPLE[code](path)
    match code:
        case errno.ENXIO:  # open(2) of a UNIX socket
            return NotAFile(path, "socket")
        case errno.EXDEV:
            return OutsideRoot(path, _MOUNT)
        case errno.ENAMETOOLONG | errno.EILSEQ:
            return BadName(path, _TOO_LONG)
    return AccessFailed(path, os.strerror(code))


def _link_on(beneath: Beneath, path: str) -> NotAFile | None:
    """The first symbolic link on a path, as an error that says where it points."""
    parts = path.split("/")
    prefixes = ("/".join(parts[:end]) for end in range(1, len(parts) + 1))
    for prefix in prefixes:
        target = _target(beneath, prefix)
        if target is not None:
            return NotAFile(path, "symbolic link", _detail(path, prefix, target))
    return None


def _target(beneath: Beneath, path: str) -> str | None:
    try:
        with beneath.place(path) as place:
            return os.readlink(place.name, dir_fd=place.folder)
    except OSError:
        return None


def _detail(path: str, link: str, target: str) -> str:
    what = "is a symbolic link" if link == path else f"goes through a symbolic link, {shown(link)},"
    return f"{what} to {shown(target)}; links are not followed: name the real file instead"
