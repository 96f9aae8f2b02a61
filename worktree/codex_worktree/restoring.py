"""Bring a half-changed checkout back to one side, without losing what is somebody else's.

A checkout that was killed leaves each touched path as it was, as it was to become, cut
short in the middle of being written, or missing. Whatever holds anything else was changed
by somebody since: it is kept and named.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from codex_worktree import checkout_index
from codex_worktree.checkouts import Checkout
from codex_worktree.diff_tree import SUBMODULE, SYMLINK, FileChange
from codex_worktree.git import Git
from codex_worktree.quoting import folders, path_bytes


@dataclass(frozen=True)
class Sides:
    """The commits that a branch goes from and to."""

    before: str
    after: str


@dataclass(frozen=True)
class _Found:
    """What lies at a path: a regular file or a symbolic link (``data`` is its target)."""

    data: bytes
    mode: str


def restore_files(
    git: Git, checkout: Checkout, sides: Sides, touched: Sequence[FileChange], folder: Path
) -> tuple[str, ...]:
    """Bring the touched files back to how they were before; returns the paths that are kept.

    ``git`` works in the checkout and is silenced, the index's lock is held, and the index
    has not been replaced. ``folder`` is private and empty.
    """
    files = [change for change in touched if SUBMODULE not in (change.old_mode, change.new_mode)]
    after = _written(git, sides.after, [each for each in files if each.status != "deleted"], folder)
    origin = _written(
        git, sides.before, [each for each in files if each.status != "created"], folder
    )
    for change in touched:
        _take_away(checkout.path, change, origin.get(change.path), after.get(change.path))
    missing = [path for path in origin if _is_vacant(checkout.path, path)]
    _check_out(_with_index(git, _private_index(folder, sides.before)), missing)
    _refresh(git, checkout, folder)
    paths = [change.path for change in files]
    return tuple(path for path in paths if _look(checkout.path, path) != origin.get(path))


def advance_index(
    git: Git, checkout: Checkout, touched: Sequence[FileChange], folder: Path
) -> tuple[str, ...]:
    """Bring the index's entries of touched files to their new side; returns those kept.

    For a checkout whose files are all written and whose branch has moved.
    """
    copied = _with_index(git, checkout_index.copy(checkout, folder))
    staged = _staged(copied)
    absent = ("000000", "0" * len(touched[0].old_id)) if touched else ("", "")
    ours: list[FileChange] = []
    kept: list[FileChange] = []
    for change in touched:
        found = staged.get(change.path, absent)
        known = {(change.old_mode, change.old_id), (change.new_mode, change.new_id)}
        (ours if found in known else kept).append(change)
    ours.sort(key=lambda change: change.status != "deleted")  # a file makes way for a folder
    _set_entries(copied, [(each.new_mode, each.new_id, each.path) for each in ours])
    copied.run("update-index", "-q", "--refresh", ok=(0, 1))
    checkout_index.install(checkout, folder / "index")
    return tuple(change.path for change in kept)


def _written(
    git: Git, commit: str, changes: Sequence[FileChange], folder: Path
) -> Mapping[str, _Found]:
    """The files as git would write them here: line endings and all, in a folder of their own.

    Attributes come from the commit too: the folder is empty and the index is the commit's.
    """
    place = folder / f"files-{commit}"
    place.mkdir()
    located = _with_index(replace(git, work_tree=place, cwd=place), _private_index(folder, commit))
    located.run("read-tree", commit)
    paths = [change.path for change in changes]
    _check_out(located, paths)
    found = {path: _look(place, path) for path in paths}
    return {path: what for path, what in found.items() if what is not None}


def _private_index(folder: Path, commit: str) -> Path:
    return folder / f"index-{commit}"


def _take_away(root: Path, change: FileChange, origin: _Found | None, after: _Found | None) -> None:
    """Remove what the landing wrote at the path, whole or in part, and folders left empty."""
    place, found = root / change.path, _look(root, change.path)
    if change.new_mode == SUBMODULE:
        with suppress(OSError):
            place.rmdir()
    if found is None or after is None or found == origin or not _is_ours(found, after):
        return
    place.unlink()
    for folder in reversed(folders(change.path)):
        with suppress(OSError):
            (root / folder).rmdir()


def _is_ours(found: _Found, after: _Found) -> bool:
    regular = SYMLINK not in (found.mode, after.mode)
    return found == after or (regular and after.data.startswith(found.data))


def _is_vacant(root: Path, path: str) -> bool:
    """Nothing lies there, and no file or link stands in the place of a folder above."""
    above = [root / folder for folder in folders(path) if os.path.lexists(root / folder)]
    real = all(folder.is_dir() and not folder.is_symlink() for folder in above)
    return real and not os.path.lexists(root / path)


def _look(root: Path, path: str) -> _Found | None:
    """None where nothing lies, or a folder, or where a link stands among the folders above."""
    place = root / path
    if any((root / folder).is_symlink() for folder in folders(path)):
        return None
    if place.is_symlink():
        return _Found(os.fsencode(place.readlink()), SYMLINK)
    if not place.is_file():
        return None
    executable = place.stat().st_mode & 0o100
    return _Found(place.read_bytes(), "100755" if executable else "100644")


def _check_out(git: Git, paths: Sequence[str]) -> None:
    """Write files from the index; what lies there already is left alone, with exit code 1."""
    stdin = b"".join(path_bytes(path) + b"\0" for path in paths)
    git.run("checkout-index", "-q", "-z", "--stdin", stdin=stdin, ok=(0, 1))


def _set_entries(git: Git, entries: Sequence[tuple[str, str, str]]) -> None:
    lines = [
        f"{mode} {object_id}\t".encode() + path_bytes(path) for mode, object_id, path in entries
    ]
    stdin = b"".join(line + b"\0" for line in lines)
    git.run("update-index", "-z", "--index-info", stdin=stdin)


def _staged(git: Git) -> dict[str, tuple[str, str]]:
    staged = {}
    for entry in git.run("ls-files", "-s", "-z").fields:
        described, _, path = entry.partition("\t")
        mode, object_id, _stage = described.split(" ")
        staged[path] = (mode, object_id)
    return staged


def _refresh(git: Git, checkout: Checkout, folder: Path) -> None:
    copied = _with_index(git, checkout_index.copy(checkout, folder))
    copied.run("update-index", "-q", "--refresh", ok=(0, 1))
    checkout_index.install(checkout, folder / "index")


def _with_index(git: Git, index: Path) -> Git:
    return git.with_variables(GIT_INDEX_FILE=str(index))
