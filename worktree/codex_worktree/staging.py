"""Adding copied files to the shadow's index, with git's built-in conversions only."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from codex_worktree.errors import GitCommandError
from codex_worktree.git import Completed, Git
from codex_worktree.harvest import Skipped
from codex_worktree.quoting import path_bytes


def remove(git: Git, paths: Sequence[str]) -> None:
    """Take paths out of the index."""
    if paths:
        git.run("update-index", "--force-remove", "-z", "--stdin", stdin=_listed(paths))


def add(git: Git, copies: Path, paths: Sequence[str]) -> list[Skipped]:
    """Add the copies of paths; what git does not take.

    The user's objects are in sight: whether an automatic conversion takes the CRs out of a
    file depends on whether the content that the index has for it has any.
    """
    # the index's untracked cache is about the worktree, not about the copies
    there = replace(git, work_tree=copies, config=("core.untrackedCache=keep",))
    return _add(there, copies, paths)


def _add(git: Git, copies: Path, paths: Sequence[str]) -> list[Skipped]:
    """Add all; where git fails, find out at which by halves."""
    if not paths:
        return []
    arguments = ("update-index", "--add", "--replace", "-z", "--stdin")
    try:
        done = git.run(*arguments, stdin=_listed(paths))
    except GitCommandError as error:
        if len(paths) > 1:
            half = len(paths) // 2
            return [*_add(git, copies, paths[:half]), *_add(git, copies, paths[half:])]
        return [_refused(git, copies / paths[0], paths[0], error)]
    return _ignored(git, paths, done)


def _ignored(git: Git, paths: Sequence[str], done: Completed) -> list[Skipped]:
    """Names that git passes over with exit code 0 and a line on stderr: .git in disguise."""
    if not done.stderr:
        return []
    staged = set(git.run("ls-files", "-z").fields)
    return [Skipped(path, "git allows no such name") for path in paths if path not in staged]


def _refused(git: Git, copied: Path, path: str, error: GitCommandError) -> Skipped:
    """A file that git cannot convert as its attributes ask.

    Raises the error again where the index cannot be written or the bytes not be stored:
    then it is not the file's fault.
    """
    git.run("update-index", "--force-write-index")
    if copied.is_file() and not copied.is_symlink():
        with copied.open("rb") as content:
            git.run("hash-object", "-w", "--no-filters", "--stdin", stdin=content)
    lines = error.stderr.decode("utf-8", "replace").strip().split("\n")
    return Skipped(path, f"git refuses it: {lines[0]}")


def _listed(paths: Iterable[str]) -> bytes:
    return b"".join(path_bytes(path) + b"\0" for path in paths)
