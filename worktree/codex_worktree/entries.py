"""Worktree entries: the folders ``worktrees/*`` of the common dir (gitrepository-layout(5)).

An entry is the task's when its ``locked`` file holds the task's reason or its ``gitdir``
names the task's folder. git itself makes them; what a kill left unfinished is removed
and made again, and one that points elsewhere is pointed back, as ``worktree repair`` does.
Never ``worktree prune``: it unregisters every other worktree whose folder is away just now.
All changes here happen under the repository's writer lock.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from codex_worktree import checkouts, refs
from codex_worktree.errors import CheckoutInTheWay, GitCommandError, UnsupportedRepository
from codex_worktree.files import read_if_there, write_atomically
from codex_worktree.git import Git
from codex_worktree.repository import Repository


def reason(task_id: str) -> str:
    """Why the worktree is locked (``git worktree lock --reason``); tells our entries."""
    return f"codex-task {task_id}"


def find(repository: Repository, task_id: str, path: Path) -> Path | None:
    """The entry of the task's worktree, whole or not."""
    folder = repository.common_dir / "worktrees"
    for entry in sorted(folder.iterdir()) if folder.is_dir() else ():
        if _first_line(entry / "locked") == reason(task_id) or _points_to(entry, path):
            return entry
    return None


def ensure(repository: Repository, git: Git, task_id: str, path: Path) -> Path:
    """The entry and the folder's ``.git`` file, made or mended. The branch must exist.

    Files that the folder already has are left alone.
    """
    entry = find(repository, task_id, path)
    if entry is not None and not _whole(entry):
        shutil.rmtree(entry)
        entry = None
    if entry is None:
        entry = _add(repository, git, task_id, path)
    _point(entry, path)
    _lock(entry, task_id)
    return entry


def remove(entry: Path) -> None:
    """Unregister this one worktree."""
    shutil.rmtree(entry)


def vacant(path: Path) -> bool:
    """Whether nothing lies at the path, or a folder without files but ``.git``.

    Raises UnsupportedRepository where something else stands in the way.
    """
    if not os.path.lexists(path):
        return True
    if path.is_symlink() or not path.is_dir():
        raise UnsupportedRepository(path, "not a folder, so no worktree can be made there")
    if (path / ".git").is_dir() and not (path / ".git").is_symlink():
        raise UnsupportedRepository(path, "its .git is a folder: it belongs to another repository")
    return all(entry.name == ".git" for entry in path.iterdir())


def _add(repository: Repository, git: Git, task_id: str, path: Path) -> Path:
    """``worktree add`` at the path, or beside it where the folder already has files."""
    place = path if vacant(path) else _beside(path)
    shutil.rmtree(_beside(path), ignore_errors=True)
    (place / ".git").unlink(missing_ok=True)
    place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        git.run(
            *(
                "-c",
                "worktree.useRelativePaths=false",
            ),  # git >= 2.48 would extend the user's config
            *("worktree", "add", "-q", "--no-checkout", "--lock", "--reason", reason(task_id)),
            *(str(place), f"codex/{task_id}"),
        )
    except GitCommandError as error:
        other = checkouts.of_branch(repository, refs.branch(task_id))
        if other is None:
            raise
        raise CheckoutInTheWay(other.path, (), f"codex/{task_id} is checked out there") from error
    return next(filter(None, [find(repository, task_id, place)]))


def _point(entry: Path, path: Path) -> None:
    """Make the entry and the folder name each other, as ``git worktree repair`` does."""
    vacant(path)
    path.mkdir(mode=0o700, exist_ok=True)
    expected = b"gitdir: %s\n" % os.fsencode(entry)
    link = path / ".git"
    if link.is_symlink() or read_if_there(link) != expected:
        scratch = path.with_name(f".{path.name}.git")
        scratch.write_bytes(expected)
        scratch.replace(link)
    if not _points_to(entry, path):
        write_atomically(entry / "gitdir", b"%s\n" % os.fsencode(link))
    shutil.rmtree(_beside(path), ignore_errors=True)


def _lock(entry: Path, task_id: str) -> None:
    if _first_line(entry / "locked") != reason(task_id):
        write_atomically(entry / "locked", f"{reason(task_id)}\n".encode())


def _beside(path: Path) -> Path:
    return path.with_name(f".{path.name}.new")


def _whole(entry: Path) -> bool:
    """git writes ``locked`` first and HEAD last: as zeros, then as what it stands for."""
    head = _first_line(entry / "HEAD")
    return bool(
        head.strip("0") and _first_line(entry / "commondir") and _first_line(entry / "gitdir")
    )


def _points_to(entry: Path, path: Path) -> bool:
    named = _first_line(entry / "gitdir")
    return bool(named) and (entry / named).parent.resolve() == path.resolve()


def _first_line(file: Path) -> str:
    return os.fsdecode(read_if_there(file)).split("\n")[0]
