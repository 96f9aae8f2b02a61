"""Land a task's result on a branch: a merge commit, or nothing at all."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from codex_worktree import drivers, locks, merge, recovery, refs
from codex_worktree.commits import commit
from codex_worktree.errors import TargetMoved, UnknownRevision
from codex_worktree.files import empty_folder
from codex_worktree.merge import AlreadyContained, CleanMerge, ConflictedMerge, NothingToMerge
from codex_worktree.moving import Scene, perform
from codex_worktree.operations import Kind, Operation
from codex_worktree.repository import Repository
from codex_worktree.scratch import borrowing

NotLanded = ConflictedMerge | AlreadyContained | NothingToMerge
"""Why nothing was landed, as a value: a conflict is an answer and no error."""


def land(
    repository: Repository,
    task_id: str,
    result: str,
    target: str,
    message: str,
    *,
    expected: str | None = None,
) -> Operation | NotLanded:
    """Merge commit ``result``, a published result, into the branch ``target`` (short name).

    The merge commit has the target and the result as parents, the user's identity, and no
    signature. ``expected`` is the commit that the target must still be at (the one that was
    previewed), None for wherever it is. Where the target is checked out, in whichever
    worktree, that checkout follows; files that the landing does not touch stay as they are,
    changed, staged or not.

    Raises UnknownRevision, TargetMoved, CheckoutInTheWay, Busy, IdentityMissing or
    UnrelatedHistories; nothing has changed then.
    """
    with locks.writer(repository) as lock:
        git = repository.git.holding(lock.descriptor)
        recovery.settle_pending(repository, git)
        ref = full_name(repository, target)
        tip = tip_of(repository, ref, expected)
        with borrowing(git, scratch_folder(repository)) as view:
            base = repository.reference(refs.base(task_id))
            sides = merge.Sides(target, tip, base, result)
            configured = drivers.configured(git)
            found = merge.compute(view, sides, configured)
            if not isinstance(found, CleanMerge):
                return found
            identity = repository.identity()
            landed = commit(view, found.tree, [tip, result], message, identity)
            scene = Scene(repository, git, view, configured, (tip, result))
            return perform(scene, planned("land", task_id, ref, tip, landed))


def planned(
    kind: Kind, task_id: str, ref: str, before: str, after: str, undoes: str | None = None
) -> Operation:
    """An operation that has not been recorded yet."""
    when = datetime.now(UTC).isoformat(timespec="seconds")
    return Operation("", kind, task_id, ref, before, after, when, undoes)


def full_name(repository: Repository, target: str) -> str:
    """The full name of the branch, of the one behind it where it is a symbolic ref."""
    ref = f"refs/heads/{target}"
    return repository.git.run("symbolic-ref", "-q", ref, ok=(0, 1)).text or ref


def tip_of(repository: Repository, ref: str, expected: str | None = None) -> str:
    """The commit of the branch. Raises UnknownRevision, TargetMoved."""
    tip = repository.reference(ref)
    name = ref.removeprefix("refs/heads/")
    if tip is None:
        raise UnknownRevision(name)
    if expected not in (None, tip):
        raise TargetMoved(name, expected or "", tip)
    return tip


def scratch_folder(repository: Repository) -> Path:
    """Where a landing's throw-away git dir lies; a killed one's leftovers are deleted."""
    return empty_folder(repository.private / "scratch")
