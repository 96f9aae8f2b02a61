"""Keep what a clean-up found and no result holds, under a hidden ref of its own."""

from __future__ import annotations

from codex_worktree import locks, refs, shadow, transfer
from codex_worktree.repository import Repository


def keep(repository: Repository, task_id: str, commit: str, when: str) -> str:
    """Bring a commit of the task's shadow into the user's store; the ref that holds it.

    ``when`` names this clean-up among others of the task, such as ``2026-01-01T120000Z``.
    """
    kept = refs.kept(task_id, when)
    known = repository.reference(refs.result(task_id)) or repository.reference(refs.base(task_id))
    with (
        shadow.working(repository, task_id) as git,
        locks.writer(repository) as lock,
        transfer.delivered(repository, git, commit, [known] if known else []),
    ):
        repository.git.holding(lock.descriptor).run("update-ref", kept, commit)
    return kept
