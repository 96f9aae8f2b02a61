"""``clean``: worktrees go, commits and untracked files stay under hidden refs."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from codex_task_executor.errors import IgnoredFiles, SettingProblem
from codex_task_executor.exit_codes import ExitCode
from codex_task_executor.inspection import here, landed
from codex_task_executor.output import Output
from codex_task_executor.results import names_secret
from codex_task_executor.session import now
from codex_task_executor.workplace import Workplace
from codex_worktree import locks, refs, shadow, snapshot, worktrees
from codex_worktree.keeping import keep
from codex_worktree.worktrees import TaskWorktree


@dataclass(frozen=True)
class Cleaned:
    """One removed worktree; ``kept`` is the commit that holds what was not published."""

    task_id: str
    path: str
    kept: str | None
    discarded: tuple[str, ...]


@dataclass(frozen=True)
class Choice:
    """Which tasks to clean, and whether ignored files may go with them."""

    task_ids: tuple[str, ...]
    merged: bool
    discard_ignored: bool


def clean(choice: Choice, output: Output) -> int:
    """Remove the worktrees of the named tasks, or of all whose result has landed."""
    workplace = here(output)
    if not choice.task_ids and not choice.merged:
        raise SettingProblem("TASK_ID", "", "name the tasks to clean, or use --merged")
    chosen = [workplace.session(task_id).task_id for task_id in choice.task_ids]
    if choice.merged:
        chosen += [s.task_id for s in workplace.sessions() if landed(workplace, s)]
    done = [
        cleaned
        for task_id in dict.fromkeys(chosen)
        if (cleaned := _clean(workplace, task_id, choice.discard_ignored))
    ]
    if output.as_json:
        output.document({"cleaned": [asdict(one) for one in done]})
    else:
        output.answer("\n".join(f"removed {one.path}" for one in done))
    if not done:
        output.narrate("nothing to clean: no worktree of these tasks is left")
    return ExitCode.COMPLETE


def _clean(workplace: Workplace, task_id: str, discard_ignored: bool) -> Cleaned | None:
    repository = workplace.repository
    with locks.run(repository, task_id):
        if not workplace.worktree(task_id).exists():
            return None
        found = worktrees.find(repository, task_id, workplace.worktree(task_id))
        if found is None:
            return None
        unkept = _unkept(workplace, found)
        if unkept and not discard_ignored:
            raise IgnoredFiles(found.path, unkept)
        kept = _keep(workplace, found)
        worktrees.remove(repository, found)
        return Cleaned(task_id, str(found.path), kept, unkept)


def _unkept(workplace: Workplace, worktree: TaskWorktree) -> tuple[str, ...]:
    """Files that no commit may hold: ignored ones, and new ones with a secret's name."""
    git = shadow.git(workplace.repository, worktree.task_id, worktree.path)
    ignored = git.run("ls-files", "-z", "-o", "-i", "--exclude-standard", "--directory").fields
    others = git.run("ls-files", "-z", "-o", "--exclude-standard").fields
    return tuple(sorted({*ignored, *filter(names_secret, others)}))


def _keep(workplace: Workplace, worktree: TaskWorktree) -> str | None:
    """Commit what differs from the last result to a ref of its own."""
    repository, task_id = workplace.repository, worktree.task_id
    parent = repository.reference(refs.result(task_id)) or worktree.base
    taken = snapshot.take(
        repository,
        worktree,
        parent,
        f"What clean found in {task_id}\n",
        repository.identity(),
        refuse=names_secret,
    )
    if taken.commit == parent:
        return None
    keep(repository, task_id, taken.commit, now().replace(":", ""))
    return taken.commit
