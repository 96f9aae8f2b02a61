"""The index of somebody's checkout, changed the way git itself would: under its lock.

git's lock is the existence of ``index.lock``. Ours holds a line that says whose it is, so
that one left by a kill can be told from another program's: it appears with that line in one
step, as a hard link.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from codex_worktree.checkouts import Checkout
from codex_worktree.errors import Busy
from codex_worktree.files import read_if_there


def lock(checkout: Checkout, owner: str, folder: Path) -> None:
    """Create ``index.lock`` in the name of ``owner``. Raises Busy where there is one.

    ``folder`` is a private one on the same file system.
    """
    scratch = folder / "lock"
    scratch.write_bytes(_content(owner))
    try:
        os.link(scratch, _lock_file(checkout))
    except FileExistsError as error:
        raise Busy(f"the index of {checkout.path}", None) from error
    finally:
        scratch.unlink()


def refuse_locked(checkout: Checkout) -> None:
    """Raise Busy where anybody holds the lock."""
    if os.path.lexists(_lock_file(checkout)):
        raise Busy(f"the index of {checkout.path}", None)


def is_locked_by(checkout: Checkout, owner: str) -> bool:
    """Whether ``lock`` was called with this owner and ``unlock`` was not."""
    return read_if_there(_lock_file(checkout)) == _content(owner)


def unlock(checkout: Checkout, owner: str) -> None:
    """Remove ``index.lock`` if it is this owner's."""
    if is_locked_by(checkout, owner):
        _lock_file(checkout).unlink()


def copy(checkout: Checkout, folder: Path) -> Path:
    """The index with its times: git trusts entries that are older than their index."""
    place = folder / "index"
    if (checkout.git_dir / "index").exists():
        shutil.copy2(checkout.git_dir / "index", place)
    return place


def install(checkout: Checkout, changed: Path) -> None:
    """Put a copy, after git has worked on it, into its place. The lock must be held."""
    if changed.exists():
        changed.replace(checkout.git_dir / "index")


def _lock_file(checkout: Checkout) -> Path:
    return checkout.git_dir / "index.lock"


def _content(owner: str) -> bytes:
    return f"codex-task {owner}\n".encode()
