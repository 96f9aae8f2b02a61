"""Land a task's result on a branch: a merge commit, or nothing at all."""

from __future__ import annotations

from codex_worktree import drivers, locks, merge, recovery, refs, scratch
from codex_worktree.commits import commit
from codex_worktree.errors import TargetMoved, UnknownRevision
from codex_worktree.merge import AlreadyContained, CleanMerge, ConflictedMerge, NothingToMerge
from codex_worktree.moving import Scene, perform
from codex_worktree.operations import Operation, plan
from codex_worktree.repository import Repository

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
        ref, tip = _branch(repository, target)
        if expected not in (None, tip):
            raise TargetMoved(target, expected or "", tip)
        with scratch.borrowing(git, scratch.folder(repository)) as view:
            base = repository.reference(refs.base(task_id))
            sides = merge.Sides(target, tip, base, result)
            configured = drivers.configured(git)
            found = merge.compute(view, sides, configured)
            if not isinstance(found, CleanMerge):
                return found
            identity = repository.identity()
            landed = commit(view, found.tree, [tip, result], message, identity)
            scene = Scene(repository, git, view, configured, (tip, result))
            return perform(scene, plan("land", task_id, ref, tip, landed))


def _branch(repository: Repository, target: str) -> tuple[str, str]:
    """The full name of the branch, or of the one behind a symbolic ref, and its commit.

    Raises UnknownRevision, also for what is no branch name (``main~1``, ``*``).
    """
    ref = f"refs/heads/{target}"
    form = "--format=%(refname)%00%(symref)%00%(objectname)"
    for line in repository.git.text("for-each-ref", form, ref).split("\n"):
        name, _, rest = line.partition("\0")
        if name == ref:
            behind, _, tip = rest.partition("\0")
            return behind or ref, tip
    raise UnknownRevision(target)
