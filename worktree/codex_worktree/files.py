"""Small files of the tool's own: written whole or not at all."""

from __future__ import annotations

import os
import shutil
from pathlib import Path


def write_atomically(path: Path, data: bytes) -> None:
    """Replace the file in one rename, so that a kill leaves the old one or the new one.

    A file that has this content already keeps its times: git's untracked cache looks at them.
    """
    if not path.is_symlink() and path.is_file() and path.read_bytes() == data:
        return
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    scratch = path.with_name(f"{path.name}.{os.getpid()}.lock")  # no ref, to git, among refs
    scratch.write_bytes(data)
    scratch.replace(path)


def read_if_there(path: Path) -> bytes:
    """The file's content, empty where there is no such file."""
    try:
        return path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return b""


def empty_folder(path: Path) -> Path:
    """The folder, made anew without what an interrupted run may have left in it."""
    shutil.rmtree(path, ignore_errors=True)
    path.mkdir(mode=0o700, parents=True)
    return path
