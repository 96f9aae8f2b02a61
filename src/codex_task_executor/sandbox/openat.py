"""Opening files beneath a folder's descriptor, whatever is renamed or linked meanwhile.

On Linux ``openat2(2)`` (5.6) resolves a whole path in the kernel, beneath the folder, through
no symbolic link and no mount. Where it is missing (older kernels, macOS, containers whose
seccomp filter does not know it) each component is opened by itself with O_NOFOLLOW.

Errors are OSErrors of the system: ELOOP (a symbolic link; from the walk also ENOTDIR),
EXDEV (a mount, or out of the folder), ENOENT, ENOTDIR, ENAMETOOLONG ...
"""

from __future__ import annotations

import ctypes
import errno
import os
import sys
from collections.abc import Callable
from functools import cache, lru_cache

Opener = Callable[[int, str, int], int]
"""``opener(folder, path, flags)`` -> descriptor. The path is relative, without '..'."""

FOLDER_FLAGS = getattr(os, "O_PATH", os.O_NONBLOCK) | os.O_DIRECTORY | os.O_CLOEXEC
"""To pass through a folder; needs no right to read it, except on macOS (no O_PATH)."""

READ_FLAGS = os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
"""To read: no FIFO blocks, no terminal takes us over, nothing is inherited."""

_NR_OPENAT2 = 437  # the same on every architecture that Linux 5.6 runs on but alpha
_RESOLVE_NO_XDEV = 0x01
_RESOLVE_NO_MAGICLINKS = 0x02
_RESOLVE_NO_SYMLINKS = 0x04
_RESOLVE_BENEATH = 0x08
_RESOLVE = _RESOLVE_NO_XDEV | _RESOLVE_NO_MAGICLINKS | _RESOLVE_NO_SYMLINKS | _RESOLVE_BENEATH
_ATTEMPTS = 1000
"""openat2 answers EAGAIN while something is renamed meanwhile; a race must not spin for ever."""


class _OpenHow(ctypes.Structure):
    """``struct open_how`` of linux/openat2.h."""

    _fields_ = (
        ("flags", ctypes.c_uint64),
        ("mode", ctypes.c_uint64),
        ("resolve", ctypes.c_uint64),
    )


@cache
def _syscall() -> Callable[..., int]:
    function = ctypes.CDLL(None, use_errno=True).syscall
    function.restype = ctypes.c_long
    function.argtypes = (
        ctypes.c_long,
        ctypes.c_int,
        ctypes.c_char_p,
        ctypes.POINTER(_OpenHow),
        ctypes.c_size_t,
    )
    return function


@lru_cache(maxsize=32)
def _how(flags: int) -> _OpenHow:
    return _OpenHow(flags=flags, mode=0, resolve=_RESOLVE)


def open_by_kernel(folder: int, path: str, flags: int) -> int:
    """Open with openat2. Raises OSError."""
    how, name = _how(flags), os.fsencode(path)
    for _ in range(_ATTEMPTS):
        descriptor = _syscall()(_NR_OPENAT2, folder, name, how, ctypes.sizeof(how))
        if descriptor >= 0:
            return descriptor
        code = ctypes.get_errno()
        if code not in (errno.EAGAIN, errno.EINTR):
            break
    raise OSError(code, os.strerror(code), path)


def open_by_walk(folder: int, path: str, flags: int) -> int:
    """Open component by component, following no link and crossing no device. Raises OSError.

    Unlike openat2 this does not see a bind mount of the same file system.
    """
    *folders, leaf = path.split("/")
    device = os.fstat(folder).st_dev
    descriptor = os.dup(folder)
    try:
        for name in folders:
            descriptor = _step(descriptor, name, FOLDER_FLAGS, device)
        return _step(descriptor, leaf, flags, device)
    except BaseException:
        os.close(descriptor)
        raise


def _step(folder: int, name: str, flags: int, device: int) -> int:
    """Replace a folder's descriptor by that of something in it; the folder's is closed."""
    found = os.open(name, flags | os.O_NOFOLLOW, dir_fd=folder)
    if os.fstat(found).st_dev != device:
        os.close(found)
        raise OSError(errno.EXDEV, os.strerror(errno.EXDEV), name)
    os.close(folder)
    return found


def best_opener(folder: int) -> Opener:
    """The opener that works here, found by trying."""
    if not sys.platform.startswith("linux"):
        return open_by_walk
    try:
        os.close(open_by_kernel(folder, ".", FOLDER_FLAGS))
    except OSError:  # ENOSYS from an old kernel, EPERM from a container's seccomp filter
        return open_by_walk
    return open_by_kernel
