"""Worktree -> Snapshot -> ChangeSet -> Patch -> MergeResult: what git says of a task."""

from __future__ import annotations

from dataclasses import dataclass

from codex_task_executor.errors import KeyInResult
from codex_task_executor.preparing import Job
from codex_task_executor.redaction import files_adding
from codex_task_executor.report import FileLine, MergeFacts, PatchFacts
from codex_task_executor.sandbox.secrets import is_secret
from codex_task_executor.session import write_atomically
from codex_task_executor.text import first_line
from codex_worktree import (
    changes,
    host_paths,
    leftovers,
    merge,
    patch,
    publish,
    refs,
    shadow,
    snapshot,
)
from codex_worktree.changes import ChangeSet, quoted
from codex_worktree.harvest import Skipped
from codex_worktree.merge import (
    AlreadyContained,
    CleanMerge,
    ConflictedMerge,
    MergeResult,
    NothingToMerge,
)
from codex_worktree.patch import Patch
from codex_worktree.repository import Repository
from codex_worktree.snapshot import Snapshot
from codex_worktree.worktrees import TaskWorktree


@dataclass(frozen=True)
class Results:
    """The published result of a run; ``merge`` is None where there is no target branch.

    ``left_out`` is what lies in the worktree and is not in the result, with the reason.
    """

    snapshot: Snapshot
    left_out: tuple[Skipped, ...]
    changes: ChangeSet
    patch: Patch
    merge: MergeResult | None


def collect(job: Job, worktree: TaskWorktree) -> Results:
    """Commit what the worktree holds, prove its patch, publish it, preview its merge.

    Raises KeyInResult.
    """
    repository, session = job.repository, job.session
    taken = snapshot.take(
        repository,
        worktree,
        repository.reference(refs.result(session.task_id)) or worktree.base,
        _message(job),
        repository.identity(),
        refuse=names_secret,
    )
    view = shadow.git(repository, session.task_id)
    found = changes.between(
        view,
        worktree.base,
        taken.commit,
        host_paths.configured(repository.checkout_git, repository.checkout),
    )
    proven = patch.write(view, found)
    if holding := files_adding(job.settings.api_key, proven.data):
        raise KeyInResult(holding)
    write_atomically(job.files.patch, proven.data)
    publish.publish(repository, worktree, taken)
    merged = preview(repository, session.target, worktree.base, taken.commit)
    left = (*taken.skipped, *leftovers.left_out(repository, worktree))
    return Results(taken, left, found, proven, merged)


def preview(
    repository: Repository, target: str | None, base: str, result: str
) -> MergeResult | None:
    """What merging ``result`` into the branch ``target`` would do now, None without a branch."""
    tip = repository.reference(f"refs/heads/{target}") if target else None
    if target is None or tip is None:
        return None
    return merge.preview(repository.git, target, tip, base, result)


def names_secret(path: str) -> bool:
    """Whether some part of the path is the name of a secret."""
    return any(is_secret(part) for part in path.split("/"))


def file_lines(found: ChangeSet) -> tuple[FileLine, ...]:
    """The changed files as reports and lists show them, names quoted as git quotes them."""
    return tuple(
        FileLine(
            path=quoted(file.path),
            status=file.status,
            old_mode=file.old_mode,
            new_mode=file.new_mode,
            renamed_from=quoted(file.renamed_from) if file.renamed_from is not None else None,
            added=file.added,
            deleted=file.deleted,
            flags=file.flags,
        )
        for file in found.files
    )


def patch_facts(job: Job, proven: Patch) -> PatchFacts:
    """Where the patch lies and what it proves."""
    return PatchFacts(
        str(job.files.patch), len(proven.data), proven.digest, proven.base, proven.result_tree
    )


def merge_facts(merged: MergeResult | None) -> MergeFacts:
    """A merge result as reports show it."""
    match merged:
        case None:
            return MergeFacts("unknown", "", reason="no branch to merge into: use --into BRANCH")
        case CleanMerge(target=target):
            return MergeFacts("clean", target)
        case ConflictedMerge(target=target, conflicts=conflicts):
            named = (f"{quoted(conflict.path)} ({conflict.kind})" for conflict in conflicts)
            return MergeFacts("conflicts", target, tuple(named))
        case AlreadyContained(target=target):
            return MergeFacts("contained", target)
        case NothingToMerge(target=target):
            return MergeFacts("nothing", target)


def _message(job: Job) -> str:
    session = job.session
    subject = first_line(session.description, 72)
    return f"{subject}\n\nCodex-Task: {session.task_id}\nCodex-Model: {session.model}\n"
