"""Which paths of a worktree may have to be committed, and which of them never are."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from codex_worktree import settings, shadow
from codex_worktree.git import Completed, Git
from codex_worktree.harvest import Skipped
from codex_worktree.repository import Repository

TEMPORARY = ".codex-task-tmp-"
"""Prefix of the file tools' own temporary files; one that a kill left is no result."""

UNTRACKED, DELETED = "?", "D"
_STATUS = (
    *("status", "--porcelain=v1", "-z", "-uall", "--no-renames"),
    "--ignore-submodules=dirty",  # never a status inside a repository of the agent's
)


@dataclass(frozen=True)
class Candidates:
    """Paths that differ from the base, with status's letter for the work tree."""

    states: Mapping[str, str]
    skipped: tuple[Skipped, ...]


def find(
    repository: Repository,
    git: Git,
    root: Path,
    refuse: Callable[[str], bool],
) -> Candidates:
    """What differs in the worktree ``root`` from the base, which the shadow's index holds."""
    status = _status(git, root)
    states = {entry[3:]: entry[1] for entry in status.fields}
    skipped = [
        *_warnings(status),
        *_unwanted(states, refuse),
        *_filtered(repository, git, states),
    ]
    left_out = {entry.path for entry in skipped}
    taken = {
        path: state
        for path, state in states.items()
        if path not in left_out and not (state == UNTRACKED and _temporary(path))
    }
    return Candidates(taken, tuple(skipped))


def _status(git: Git, root: Path) -> Completed:
    found = git.run(*_STATUS)
    nested = [entry[3:] for entry in found.fields if entry.endswith("/")]
    if all((root / folder / ".git").exists() for folder in nested):
        return found
    # the untracked cache (seen with git 2.39) still has a folder as a repository after its
    # .git is gone, and hides the files in it
    return git.run("-c", "core.untrackedCache=false", *_STATUS)


def _warnings(status: Completed) -> Iterable[Skipped]:
    """git goes on where it cannot open a folder, and says so on stderr only (dir.c)."""
    lines = status.stderr.decode("utf-8", "replace").split("\n")
    return [Skipped(".", line) for line in lines if "could not open directory" in line]


def _unwanted(states: Mapping[str, str], refuse: Callable[[str], bool]) -> Iterable[Skipped]:
    for path, state in states.items():
        if path.endswith("/"):
            yield Skipped(path, "a git repository of its own")
        elif state == UNTRACKED and refuse(path):
            yield Skipped(path, "a new file with the name of a secret")


def _temporary(path: str) -> bool:
    return any(part.startswith(TEMPORARY) for part in path.split("/"))


def _filtered(repository: Repository, git: Git, states: Mapping[str, str]) -> Iterable[Skipped]:
    """Files whose content a program of the user's would turn into something else.

    That is every file with a filter that the user has configured, and those of git LFS
    even where it is not: their content does not belong into the repository.
    """
    found = shadow.filtered(git, [path for path, state in states.items() if state != DELETED])
    programs = {*settings.read(repository).filters, "lfs"} if found else set()
    return [
        Skipped(path, f"its filter {name} is not run on a task's files")
        for path, name in found.items()
        if name in programs
    ]
