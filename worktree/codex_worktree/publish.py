"""Bring a task's result into the user's repository: one pack, one ref transaction.

The order keeps it safe from a ``gc --prune=now`` at any time: a pack with a ``.keep`` file,
then the refs, then the ``.keep`` goes. Whoever kills it in between loses nothing: the
commit still lies in the shadow, and the next publication removes a ``.keep`` left over.
"""

from __future__ import annotations

from codex_worktree import locks, population, refs, shadow, transactions, transfer
from codex_worktree.errors import TargetMoved
from codex_worktree.git import Git
from codex_worktree.repository import Repository
from codex_worktree.snapshot import Snapshot
from codex_worktree.transactions import RefMove
from codex_worktree.worktrees import TaskWorktree


def publish(repository: Repository, worktree: TaskWorktree, snapshot: Snapshot) -> None:
    """Move ``codex/ID`` and the hidden result ref to the snapshot, both or neither.

    The branch moves only from where the tool left it (a deleted one is made again); then
    the worktree's own index follows, so that ``git status`` there is clean.

    Raises TargetMoved where somebody moved the branch; nothing has changed then.
    """
    with shadow.working(repository, worktree.task_id, worktree.path) as git:
        with locks.writer(repository) as lock:
            user = repository.git.holding(lock.descriptor)
            _move(repository, user, git, worktree, snapshot.commit)
        population.share_result(git, snapshot.commit, worktree.entry)


def _move(repository: Repository, user: Git, git: Git, worktree: TaskWorktree, commit: str) -> None:
    branch, result = refs.branch(worktree.task_id), refs.result(worktree.task_id)
    last = repository.reference(result)
    found, expected = repository.reference(branch), last or worktree.base
    if found not in (None, expected, commit):
        raise TargetMoved(worktree.branch, expected, found)
    haves = [known for known in (worktree.base, last) if known]
    with transfer.delivered(repository, git, commit, haves):
        moves = [RefMove(branch, found, commit), RefMove(result, last, commit)]
        transactions.move(user, moves, "publish")
