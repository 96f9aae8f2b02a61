"""What in a checkout a landing would overwrite or run; any of it means: change nothing."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Iterator, Sequence
from pathlib import Path

from codex_worktree import tree_attributes
from codex_worktree.checkouts import Checkout
from codex_worktree.diff_tree import FileChange
from codex_worktree.drivers import Drivers
from codex_worktree.errors import CheckoutInTheWay
from codex_worktree.git import Git
from codex_worktree.quoting import folders

_UNMERGED = ("DD", "AU", "UD", "UA", "DU", "AA", "UU")


def refuse(
    git: Git, checkout: Checkout, after: str, touched: Sequence[FileChange], found: Drivers
) -> None:
    """Raise CheckoutInTheWay if the ``touched`` paths cannot all be brought to ``after``.

    That is where one of them is staged, changed, untracked or ignored there, where any file
    is unmerged, or where a file to be written goes through a filter of the user's: filters do
    not run on what a task wrote, and without its filter the file would be wrong.
    ``git`` works in the checkout and is silenced; ``found`` is what it was silenced of.
    """
    _refuse_uncommitted(git, checkout, touched)
    in_the_way = _untracked(checkout.path, touched)
    if in_the_way:
        reason = "untracked or ignored files would be overwritten"
        raise CheckoutInTheWay(checkout.path, tuple(in_the_way), reason)
    if found.filters:
        _refuse_filtered(git, checkout, after, touched, found)


def _refuse_uncommitted(git: Git, checkout: Checkout, touched: Sequence[FileChange]) -> None:
    status = git.run(
        *("status", "--porcelain=v1", "-z", "--untracked-files=no", "--no-renames"),
        "--ignore-submodules=all",
    )
    states = {entry[3:]: entry[:2] for entry in status.fields}
    unmerged = [path for path, state in states.items() if state in _UNMERGED]
    if unmerged:
        raise CheckoutInTheWay(checkout.path, tuple(unmerged), "files are unmerged")
    overlapping = _overlapping(states, {change.path for change in touched})
    if overlapping:
        reason = "uncommitted changes would be overwritten"
        raise CheckoutInTheWay(checkout.path, tuple(overlapping), reason)


def _overlapping(paths: Iterable[str], touched: Collection[str]) -> list[str]:
    """The paths that are touched, lie below a touched one, or are a folder of one."""
    above = {folder for path in touched for folder in folders(path)}
    return [
        path
        for path in paths
        if path in touched or path in above or any(up in touched for up in folders(path))
    ]


def _untracked(root: Path, touched: Sequence[FileChange]) -> list[str]:
    """What lies where a file is to be created, other than what is deleted along with it."""
    deleted = {change.path for change in touched if change.status == "deleted"}
    created = [change.path for change in touched if change.status == "created"]
    leaving = {_identity(root / path) for path in deleted} - {None}
    return sorted({found for path in created for found in _at(root, path, deleted, leaving)})


def _at(root: Path, path: str, deleted: Collection[str], leaving: Collection[object]) -> list[str]:
    for folder in folders(path):
        place = root / folder
        if place.is_symlink() or (os.path.lexists(place) and not place.is_dir()):
            return [] if folder in deleted else [folder]
    place = root / path
    if place.is_dir() and not place.is_symlink():
        return [name for name in _inside(root, place) if name not in deleted]
    if _identity(place) in {None, *leaving}:  # the same file where case is ignored
        return []
    return [path]


def _inside(root: Path, folder: Path) -> Iterator[str]:
    for top, below, names in os.walk(folder):
        links = [name for name in below if Path(top, name).is_symlink()]
        for name in [*names, *links]:
            yield Path(top, name).relative_to(root).as_posix()


def _identity(place: Path) -> object:
    try:
        found = place.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    return found.st_dev, found.st_ino


def _refuse_filtered(
    git: Git, checkout: Checkout, after: str, touched: Sequence[FileChange], found: Drivers
) -> None:
    written = [change.path for change in touched if change.status != "deleted"]
    with tree_attributes.of_commit(git, after) as located:
        named = tree_attributes.values(located, "filter", written)
    filtered = tuple(path for path, name in named.items() if name in found.filters)
    if filtered:
        names = ", ".join(sorted({named[path] for path in filtered}))
        reason = f"files go through the filter {names}, which does not run on a task's files"
        raise CheckoutInTheWay(checkout.path, filtered, reason)
