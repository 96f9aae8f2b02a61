"""A regular file's content through an open descriptor, bounded, with its identity."""

from __future__ import annotations

import hashlib
import os
import stat
from dataclasses import dataclass

from codex_task_executor.sandbox.path_errors import NotAFile, TooLarge

READ_LIMIT = 10 * 1024 * 1024
"""The most bytes of a file that are ever held in memory."""

_CHUNK = 1024 * 1024


@dataclass(frozen=True)
class Version:
    """What a file was when it was read: its inode number and the SHA-256 of its bytes."""

    inode: int
    digest: bytes


@dataclass(frozen=True)
class FileContent:
    """A file as it was read. ``mode`` is the whole ``st_mode``."""

    data: bytes
    mode: int
    version: Version


def content_of(descriptor: int, path: str, limit: int = READ_LIMIT) -> FileContent:
    """Read an open file of at most ``limit`` bytes (never more than READ_LIMIT).

    Raises NotAFile, TooLarge (also for a file that grows while it is read), OSError.
    """
    limit = min(limit, READ_LIMIT)
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode):
        raise NotAFile(path, kind_of(status.st_mode))
    if status.st_size > limit:
        raise TooLarge(path, limit)
    data = _read(descriptor, limit + 1)
    if len(data) > limit:
        raise TooLarge(path, limit)
    version = Version(status.st_ino, hashlib.sha256(data).digest())
    return FileContent(data, status.st_mode, version)


def _read(descriptor: int, most: int) -> bytes:
    chunks, left = [], most
    while left and (chunk := os.read(descriptor, min(left, _CHUNK))):
        chunks.append(chunk)
        left -= len(chunk)
    return b"".join(chunks)


def kind_of(mode: int) -> str:
    """A word for what is not a regular file."""
    if stat.S_ISDIR(mode):
        return "folder"
    if stat.S_ISLNK(mode):
        return "symbolic link"
    if stat.S_ISFIFO(mode):
        return "FIFO"
    return "socket" if stat.S_ISSOCK(mode) else "device"
