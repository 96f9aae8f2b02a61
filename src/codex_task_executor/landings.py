"""Landing a task's result, taking a landing back, removing worktrees: commands that change."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace

from codex_task_executor import markers
from codex_task_executor.errors import NothingToShow, SettingProblem
from codex_task_executor.exit_codes import ExitCode
from codex_task_executor.inspection import here
from codex_task_executor.output import Output
from codex_task_executor.report import FileLine
from codex_task_executor.results import file_lines, merge_facts, preview
from codex_task_executor.session import Session
from codex_task_executor.text import first_line
from codex_task_executor.workplace import Workplace
from codex_worktree import changes, host_paths, locks, refs
from codex_worktree.landing import land
from codex_worktree.merge import CleanMerge, ConflictedMerge, MergeResult
from codex_worktree.operations import Operation
from codex_worktree.undo import undo_last


@dataclass(frozen=True)
class MergeRequest:
    """What ``merge`` was asked for."""

    task_id: str
    into: str | None
    message: str | None
    check: bool
    accept_flags: bool


@dataclass(frozen=True)
class Candidate:
    """A result that could land on a branch, and what that would give."""

    session: Session
    result: str
    target: str
    merged: MergeResult
    flagged: tuple[FileLine, ...]


def merge(request: MergeRequest, output: Output) -> int:
    """Land a task, or say why not: conflicts (5), flagged files that nobody accepted (3)."""
    workplace = here(output)
    with locks.run(workplace.repository, request.task_id):
        found = _candidate(workplace, request)
        if isinstance(found.merged, ConflictedMerge):
            return _say(output, found, ExitCode.CONFLICTS)
        if not isinstance(found.merged, CleanMerge) or request.check:
            return _say(output, found, ExitCode.COMPLETE)
        if found.flagged and not request.accept_flags:
            output.narrate("not landed: look at these files, then use --accept-flags")
            return _say(output, found, ExitCode.BLOCKED)
        done = land(
            workplace.repository,
            request.task_id,
            found.result,
            found.target,
            request.message or _message(found.session),
            expected=found.merged.target_commit,
        )
    if not isinstance(done, Operation):  # it was clean a moment ago: somebody moved the target
        return _say(output, replace(found, merged=done), ExitCode.CONFLICTS)
    return _say_done(output, done, f"landed {request.task_id} on {found.target}")


def _candidate(workplace: Workplace, request: MergeRequest) -> Candidate:
    repository, session = workplace.repository, workplace.session(request.task_id)
    result = repository.reference(refs.result(request.task_id))
    if result is None:
        raise NothingToShow(request.task_id, "it has no result yet")
    target = request.into or session.target
    merged = preview(repository, target, session.base, result)
    if target is None or merged is None:
        raise SettingProblem("--into", target or "", "name a branch that exists")
    host = host_paths.configured(repository.checkout_git, repository.checkout)
    found = changes.between(repository.git, session.base, result, host)
    flagged = tuple(line for line in file_lines(found) if line.flags)
    return Candidate(session, result, target, merged, flagged)


def _say(output: Output, found: Candidate, code: ExitCode) -> int:
    facts = merge_facts(found.merged)
    if output.as_json:
        flagged = [asdict(line) for line in found.flagged]
        output.document({"merge": asdict(facts), "flagged": flagged, "exit_code": int(code)})
        return code
    output.answer(markers.merge(facts))
    if found.flagged:
        output.answer(markers.review(found.flagged))
    return code


def _say_done(output: Output, done: Operation, text: str) -> int:
    if output.as_json:
        output.document({"operation": asdict(done), "exit_code": 0})
    else:
        moved = f"{done.before[:7]} -> {done.after[:7]}"
        output.answer(f"{text}: {moved} (operation {done.id[:7]})")
        output.narrate("take it back with: codex-task undo")
    return ExitCode.COMPLETE


def _message(session: Session) -> str:
    return f"Merge codex/{session.task_id}: {first_line(session.opening, 60)}\n"


def undo(output: Output) -> int:
    """Take the last operation back, or say what a revert would conflict with (5)."""
    done = undo_last(here(output).repository)
    if isinstance(done, Operation):
        return _say_done(output, done, f"{done.title}")
    facts = merge_facts(done)
    if output.as_json:
        output.document({"merge": asdict(facts), "exit_code": int(ExitCode.CONFLICTS)})
    else:
        output.answer(markers.merge(facts))
    return ExitCode.CONFLICTS
