"""A task's worktree: make it, find it again whatever a crash left, remove it.

Making one is a list of steps, each of which does nothing where its work is done already.
So a run that was killed anywhere is finished by the next ``create`` or ``find``, and there
is no repair code beside the ordinary one:

1. one ref transaction makes the branch and the hidden base ref that marks it as ours;
2. ``worktree add --no-checkout``, locked with a reason, under the repository's writer lock
   (unlocked, 32 at once failed 4 to 9 times with git 2.39 and left branches behind);
3. the shadow git dir (shadow.py);
4. the files, written through the shadow, outside the writer lock, one task per core.

No filter that the user configured runs: files kept by git LFS stay pointers, submodules
stay empty (``caveats`` names both). A sparse checkout is inherited.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from codex_worktree import (
    entries,
    locks,
    population,
    refs,
    settings,
    shadow,
    transactions,
    trash,
)
from codex_worktree.errors import BranchTaken
from codex_worktree.git import Git
from codex_worktree.repository import Repository
from codex_worktree.transactions import RefMove


@dataclass(frozen=True)
class Caveats:
    """Paths that a worktree does not have in full: empty submodules, unfiltered files."""

    submodules: tuple[str, ...]
    filtered: tuple[str, ...]


@dataclass(frozen=True)
class TaskWorktree:
    """A worktree that is ready: registered, locked, populated.

    ``branch`` is the short name, ``base`` the commit that the task's changes are counted
    from, ``shadow`` the tool's own git dir for the task, ``entry`` git's admin folder.
    """

    task_id: str
    path: Path
    branch: str
    base: str
    shadow: Path
    entry: Path


def check_branch(repository: Repository, task_id: str) -> None:
    """Raise BranchTaken where ``codex/ID`` cannot be made or is not ours; changes nothing."""
    branch = refs.branch(task_id)
    if repository.git.run("check-ref-format", branch, ok=(0, 1)).code:
        raise BranchTaken(f"codex/{task_id}", "git does not allow this name")
    _refuse_others(_known(repository, task_id), task_id)


def create(repository: Repository, task_id: str, base: str, path: Path) -> TaskWorktree:
    """The task's worktree at ``path``, starting from commit ``base``.

    Where the task has been made before, fully or in part, its recorded base counts, its
    last checkpoint or result is what gets written, and files already there are left alone.

    Raises BranchTaken (before anything is made), UnsupportedRepository.
    """
    check_branch(repository, task_id)
    found = settings.read(repository)
    shadow.require_complete(repository, found)
    place = path.parent.resolve() / path.name
    with shadow.working(repository, task_id, place) as git:
        if not os.path.lexists(place):  # also when somebody deleted it: write the files again
            population.forget(git)
        recorded, entry = _register(repository, task_id, base, place)
        shadow.prepare(repository, task_id, recorded, found)
        population.ensure(repository, git, task_id, recorded, place, entry)
    return TaskWorktree(task_id, place, f"codex/{task_id}", recorded, git.git_dir, entry)


def find(repository: Repository, task_id: str, path: Path) -> TaskWorktree | None:
    """The task's worktree, mended where a kill or a person left it incomplete.

    A folder that was deleted is written again from the last checkpoint. None where the
    task was never made, or was removed: then ``create`` brings it back.

    Raises UnsupportedRepository.
    """
    recorded = repository.reference(refs.base(task_id))
    if recorded is None:
        return None
    there = os.path.lexists(path) or entries.find(repository, task_id, path)
    return create(repository, task_id, recorded, path) if there else None


def remove(repository: Repository, worktree: TaskWorktree) -> None:
    """Take the worktree away; its refs stay, and ``create`` brings it back from them.

    The folder is renamed into ``.trash`` beside it and its entry unregistered; the files are
    deleted by a process that may outlive this one, or by the next removal. Untracked files
    that no snapshot holds are gone: take one before. The shadow git dir goes too, unless its
    last checkpoint has not been published.
    """
    rubbish = trash.Trash(worktree.path.parent / ".trash")
    private = trash.Trash(repository.private / "trash")
    with locks.tree(repository, worktree.task_id):
        rubbish.put(worktree.path)
        with locks.writer(repository):
            entry = entries.find(repository, worktree.task_id, worktree.path)
            if entry is not None:
                private.put(entry)
        if _published(repository, worktree.task_id):
            private.put(shadow.folder(repository, worktree.task_id))
    rubbish.empty()
    private.empty()


def caveats(repository: Repository, worktree: TaskWorktree) -> Caveats:
    """What the worktree lacks compared with a checkout by the user's own git."""
    git = shadow.git(repository, worktree.task_id, worktree.path)
    listed = [entry.split("\t", 1) for entry in git.run("ls-files", "-s", "-z").fields]
    submodules = [path for described, path in listed if described.startswith("160000")]
    return Caveats(tuple(submodules), tuple(shadow.filtered(git, [path for _, path in listed])))


def _register(repository: Repository, task_id: str, base: str, path: Path) -> tuple[str, Path]:
    """The refs and git's own record of the worktree; the recorded base and the entry."""
    with locks.writer(repository) as lock:
        git = replace(repository.git.holding(lock.descriptor), git_dir=repository.checkout_git_dir)
        known = _known(repository, task_id)
        _refuse_others(known, task_id)
        recorded = _mark(git, known, task_id, base)
        return recorded, entries.ensure(repository, git, task_id, path)


def _mark(git: Git, known: Mapping[str, str], task_id: str, base: str) -> str:
    """Make the branch and the ref that says it is ours, together; the recorded base."""
    recorded = known.get(refs.base(task_id), base)
    wanted = {
        refs.base(task_id): recorded,
        refs.branch(task_id): known.get(refs.result(task_id), recorded),
    }
    missing = [RefMove(name, None, wanted[name]) for name in wanted if name not in known]
    if missing:
        transactions.move(git, missing, "start a task")
    return recorded


def _known(repository: Repository, task_id: str) -> dict[str, str]:
    """The refs that matter to the task: its own, and whatever is named codex."""
    patterns = ("refs/heads/codex", "refs/heads/codex/", refs.task(task_id))
    listed = repository.git.text("for-each-ref", "--format=%(refname) %(objectname)", *patterns)
    pairs = (line.rpartition(" ") for line in listed.split("\n") if line)
    return {name: object_id for name, _, object_id in pairs}


def _refuse_others(known: Mapping[str, str], task_id: str) -> None:
    if refs.base(task_id) not in known:
        for name in known:
            _refuse(name, refs.branch(task_id))


def _refuse(existing: str, wanted: str) -> None:
    branch, other = (name.removeprefix("refs/heads/") for name in (wanted, existing))
    if existing == wanted:
        raise BranchTaken(branch, "it exists and was not made by this tool")
    if other == "codex" or existing.startswith(f"{wanted}/"):
        raise BranchTaken(branch, f"the branch {other} is in its way")
    if existing.casefold() == wanted.casefold():
        raise BranchTaken(branch, f"the branch {other} differs from it only in case")


def _published(repository: Repository, task_id: str) -> bool:
    """Whether a hidden ref in the user's repository reaches the last snapshot."""
    checkpoint = shadow.checkpoint(repository, task_id)
    if checkpoint is None:
        return True
    holding = ("for-each-ref", "--count=1", f"--contains={checkpoint}", refs.ROOT)
    return bool(repository.git.run(*holding, ok=(0, 129)).text)  # 129: no such commit there
