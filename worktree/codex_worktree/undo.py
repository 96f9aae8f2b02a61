"""Take back what a landing (or an undo) did to its branch.

Where the branch is still where the operation left it, it moves back, unless a
remote-tracking branch has the commit: what is published is not rewritten. Otherwise a
commit that reverts it is appended. An undo is an operation like any other, so undoing an
undo does the landing again.
"""

from __future__ import annotations

from codex_worktree import drivers, locks, merge, recovery, scratch
from codex_worktree.commits import commit
from codex_worktree.errors import NothingToUndo
from codex_worktree.git import Git
from codex_worktree.merge import AlreadyContained, ConflictedMerge
from codex_worktree.moving import Scene, perform
from codex_worktree.operations import Operation, journal, plan
from codex_worktree.repository import Repository


def undo_last(repository: Repository) -> Operation | ConflictedMerge:
    """Undo the newest operation of the journal, be it a landing or an undo.

    A revert that conflicts with later commits is returned as a value; nothing has changed.

    Raises NothingToUndo, TargetMoved, CheckoutInTheWay, Busy or IdentityMissing; nothing has
    changed then either.
    """
    return undo(repository, None)


def undo(repository: Repository, operation_id: str | None) -> Operation | ConflictedMerge:
    """Undo one operation of the journal, the newest for None; otherwise like undo_last."""
    with locks.writer(repository) as lock:
        git = repository.git.holding(lock.descriptor)
        recovery.settle_pending(repository, git)
        operation = _find(repository, operation_id)
        tip = repository.reference(operation.target)
        if tip is None:
            raise NothingToUndo(f"the branch {operation.branch} is gone")
        with scratch.borrowing(git, scratch.folder(repository)) as view:
            scene = Scene(repository, git, view, drivers.configured(git), (tip, operation.before))
            if tip == operation.after and not _published(git, operation):
                return perform(scene, _taking_back(operation, tip, operation.before))
            return _revert(scene, operation, tip)


def _find(repository: Repository, operation_id: str | None) -> Operation:
    found = (each for each in journal(repository) if operation_id in (None, each.id))
    operation = next(found, None)
    if operation is None:
        raise NothingToUndo("no such landing is recorded" if operation_id else "nothing was landed")
    return operation


def _taking_back(operation: Operation, tip: str, after: str) -> Operation:
    return plan("undo", operation.task_id, operation.target, tip, after, operation.id)


def _published(git: Git, operation: Operation) -> bool:
    """Whether moving back would drop a commit that a remote-tracking branch has."""
    forward = git.run("merge-base", "--is-ancestor", operation.after, operation.before, ok=(0, 1))
    if forward.code == 0:
        return False
    holders = ("for-each-ref", "--count=1", "--format=%(refname)", "--contains", operation.after)
    return bool(git.text(*holders, "refs/remotes"))


def _revert(scene: Scene, operation: Operation, tip: str) -> Operation | ConflictedMerge:
    repository, view = scene.repository, scene.view
    sides = merge.Sides(operation.branch, tip, operation.after, operation.before)
    found = merge.take_back(view, operation.after, sides, scene.drivers)
    if isinstance(found, ConflictedMerge):
        return found
    if isinstance(found, AlreadyContained):
        raise NothingToUndo(f"{operation.branch} has nothing of it any more")
    identity = repository.identity()
    message = _message(operation)
    reverted = commit(view, found.tree, [tip], message, identity)
    return perform(scene, _taking_back(operation, tip, reverted))


def _message(operation: Operation) -> str:
    return f"Revert: {operation.title}\n\nThis takes back what {operation.after} brought.\n"
