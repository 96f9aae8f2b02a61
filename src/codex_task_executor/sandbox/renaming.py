"""Renames that never overwrite, and exchanges, both relative to a folder's descriptor.

Linux has ``renameat2(2)``, macOS ``renameatx_np(2)``; file systems may lack either flag.
"""

from __future__ import annotations

import ctypes
import errno
import os
import sys
from collections.abc import Callable
from functools import cache

_NO_REPLACE, _EXCHANGE = (0x4, 0x2) if sys.platform == "darwin" else (0x1, 0x2)
"""RENAME_EXCL and RENAME_SWAP of macOS; RENAME_NOREPLACE and RENAME_EXCHANGE of Linux."""

_UNSUPPORTED = {errno.ENOSYS, errno.EINVAL, errno.ENOTSUP, errno.EOPNOTSUPP}


class Unsupported(Exception):
    """This system or file system cannot rename in that way."""


@cache
def _function() -> Callable[..., int] | None:
    library = ctypes.CDLL(None, use_errno=True)
    name = "renameatx_np" if sys.platform == "darwin" else "renameat2"
    function = getattr(library, name, None)
    if function is not None:
        path, folder = ctypes.c_char_p, ctypes.c_int
        function.argtypes = (folder, path, folder, path, ctypes.c_uint)
    return function


def rename_new(folder: int, old: str, new: str) -> None:
    """Rename within a folder; FileExistsError where the new name is taken.

    Raises Unsupported, OSError.
    """
    _rename(folder, old, new, _NO_REPLACE)


def exchange(folder: int, one: str, other: str) -> None:
    """Swap what two names of a folder stand for, in one step. Raises Unsupported, OSError."""
    _rename(folder, one, other, _EXCHANGE)


def _rename(folder: int, old: str, new: str, flags: int) -> None:
    function = _function()
    if function is None:  # musl before 1.2.6 has no wrapper
        raise Unsupported
    if function(folder, os.fsencode(old), folder, os.fsencode(new), flags) == 0:
        return
    code = ctypes.get_errno()
    if code in _UNSUPPORTED:
        raise Unsupported
    raise OSError(code, os.strerror(code), new)
