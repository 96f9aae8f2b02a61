"""A worktree's content as a commit, by plumbing: nothing that lies in the tree runs.

``status`` in the shadow names the candidates; they are copied by descriptor (harvest.py);
``update-index`` adds the copies with git's built-in conversions under the base commit's
attributes; then ``write-tree`` and ``commit-tree``. The commit and what is new in it lie
in the shadow's own store until they are published (publish.py).
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from codex_worktree import settings, shadow
from codex_worktree.errors import GitCommandError
from codex_worktree.files import empty_folder
from codex_worktree.git import Git
from codex_worktree.harvest import Harvest, Skipped, copy
from codex_worktree.quoting import path_bytes
from codex_worktree.repository import Identity, Repository
from codex_worktree.transfer import own
from codex_worktree.worktrees import TaskWorktree

TEMPORARY = ".codex-task-tmp-"
"""Prefix of the file tools' own temporary files; one that a kill left is no result."""

MANY = 200
"""From so many named paths on, the whole worktree is looked at instead."""


@dataclass(frozen=True)
class Snapshot:
    """A commit of the worktree: ``base`` is the task's base, not the commit's parent."""

    commit: str
    tree: str
    base: str
    skipped: tuple[Skipped, ...]


def take(
    repository: Repository,
    worktree: TaskWorktree,
    parent: str,
    message: str,
    identity: Identity,
    *,
    refuse: Callable[[str], bool] = lambda path: False,
    paths: Collection[str] = (),
) -> Snapshot:
    """Commit what the worktree holds; ``parent`` itself where nothing differs from it.

    All processes of the task must have ended. ``refuse`` says of a new file's path that it
    must not be committed (a secret's name). ``paths`` limits the search to the files that
    can have changed since the last snapshot; empty means all.

    A path that cannot be taken keeps the content it had in the last snapshot, or stays out,
    and is named in ``skipped``.
    """
    with shadow.working(repository, worktree.task_id, worktree.path) as git:
        skipped = _update_index(repository, git, worktree.path, refuse, paths)
        tree = git.text("write-tree")
        if not _own_what_is_new(git, parent, tree):
            return Snapshot(parent, tree, worktree.base, skipped)
        commit = git.with_variables(**identity.variables).text(
            "commit-tree", tree, "-p", parent, stdin=message.encode("utf-8", "replace")
        )
        own(git, [commit])
        git.run("update-ref", shadow.CHECKPOINT, commit)
        return Snapshot(commit, tree, worktree.base, skipped)


def _update_index(
    repository: Repository,
    git: Git,
    root: Path,
    refuse: Callable[[str], bool],
    paths: Collection[str],
) -> tuple[Skipped, ...]:
    """Bring the shadow's index to the state of the worktree; what could not be brought."""
    states = _changed(git, paths)
    skipped = [found for path in states if (found := _unwanted(path, states[path], refuse))]
    skipped += _filtered(repository, git, states)
    left_out = {entry.path for entry in skipped}
    wanted = [path for path in states if path not in left_out and not _temporary(path)]
    if wanted:
        staging = empty_folder(git.git_dir.parent / "staging")
        harvest = copy(root, wanted, staging)
        gone = [path for path in harvest.folders if states[path] == "D"] + list(harvest.gone)
        skipped += [*harvest.skipped, *_nested(harvest, states)]
        _remove(git, gone)
        skipped += _add(_adding(git, staging), staging, harvest.copied)
        shutil.rmtree(staging)
    return tuple(skipped)


def _changed(git: Git, paths: Collection[str]) -> dict[str, str]:
    """Paths that differ from the index, with status's letter for the work tree."""
    limit = ("--", *paths) if 0 < len(paths) < MANY else ()
    status = git.with_variables(GIT_LITERAL_PATHSPECS="1").run(
        *("status", "--porcelain=v1", "-z", "-uall", "--no-renames", "--ignore-submodules=dirty"),
        *limit,
    )
    return {entry[3:]: entry[1] for entry in status.fields if entry[1] != " "}


def _unwanted(path: str, state: str, refuse: Callable[[str], bool]) -> Skipped | None:
    if path.endswith("/"):
        return Skipped(path, "a git repository of its own")
    if state == "?" and refuse(path):
        return Skipped(path, "a new file with the name of a secret")
    return None


def _temporary(path: str) -> bool:
    return any(part.startswith(TEMPORARY) for part in path.split("/"))


def _nested(harvest: Harvest, states: dict[str, str]) -> list[Skipped]:
    reason = "a git repository or submodule: only its own history can change it"
    return [Skipped(path, reason) for path in harvest.folders if states[path] != "D"]


def _filtered(repository: Repository, git: Git, paths: Iterable[str]) -> list[Skipped]:
    """Files whose content a program of the user's would turn into something else.

    That is every file with a filter that the user has configured, and those of git LFS
    even where it is not: their content does not belong into the repository.
    """
    if b"filter=" not in (git.git_dir / "info/attributes").read_bytes():
        return []
    found = git.run("check-attr", "-z", "--stdin", "filter", stdin=_listed(paths)).fields
    programs = {*settings.read(repository).filters, "lfs"}
    return [
        Skipped(path, f"it goes through the filter {name}, which is not run on a task's files")
        for path, name in zip(found[::3], found[2::3], strict=True)
        if name in programs
    ]


def _adding(git: Git, staging: Path) -> Git:
    """Git that adds the copies: into the shadow's own store, whatever the user's has.

    The index's untracked cache belongs to the worktree; ``keep`` leaves it alone.
    """
    there = replace(shadow.own(git), work_tree=staging)
    return replace(there, config=("core.untrackedCache=keep",))


def _remove(git: Git, paths: Sequence[str]) -> None:
    if paths:
        git.run("update-index", "--force-remove", "-z", "--stdin", stdin=_listed(paths))


def _add(git: Git, staging: Path, paths: Sequence[str]) -> list[Skipped]:
    """Add all; where git refuses, find out which by halves."""
    if not paths:
        return []
    arguments = ("update-index", "--add", "--replace", "-z", "--stdin")
    try:
        git.run(*arguments, stdin=_listed(paths))
    except GitCommandError as error:
        if len(paths) > 1:
            middle = len(paths) // 2
            return [*_add(git, staging, paths[:middle]), *_add(git, staging, paths[middle:])]
        return [_refused(git, staging, paths[0], error)]
    return []


def _refused(git: Git, staging: Path, path: str, error: GitCommandError) -> Skipped:
    """Why git does not take this path (``.git`` in disguise, a failed conversion).

    Raises the error again where the cause is another: the index or the store is at fault.
    """
    copied = staging / path
    git.run("update-index", "--force-write-index")
    if copied.is_file() and not copied.is_symlink():
        with copied.open("rb") as content:
            git.run("hash-object", "-w", "--no-filters", "--stdin", stdin=content)
    reason = error.stderr.decode("utf-8", "replace").strip().split("\n")[0]
    return Skipped(path, f"git refuses it: {reason}")


def _listed(paths: Iterable[str]) -> bytes:
    return b"".join(path_bytes(path) + b"\0" for path in paths)


def _own_what_is_new(git: Git, parent: str, tree: str) -> bool:
    """Whether the tree differs from the parent's; if so, all that is new is in our store."""
    changed = git.run("diff-tree", "-r", "-t", "-z", "--raw", "--no-renames", parent, tree).fields
    own(git, [tree, *(meta.split(" ")[3] for meta in changed[::2])])
    return bool(changed)
