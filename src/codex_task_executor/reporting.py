"""The end of a run: its report, its session, everything kept where git cannot lose it."""

from __future__ import annotations

from dataclasses import dataclass, replace

from codex_task_executor import report, restoring, session
from codex_task_executor.agent.result import AgentResult
from codex_task_executor.errors import NothingToShow
from codex_task_executor.events import Blocked, Progress
from codex_task_executor.exit_codes import ExitCode, explain
from codex_task_executor.output import Output
from codex_task_executor.preparing import Job
from codex_task_executor.report import Report, Status, TestResult, WorktreeFacts
from codex_task_executor.results import Results, file_lines, merge_facts, patch_facts
from codex_task_executor.session import RunRecord

CODES: dict[Status, ExitCode] = {
    "complete": ExitCode.COMPLETE,
    "question": ExitCode.QUESTION,
    "blocked": ExitCode.BLOCKED,
    "limit": ExitCode.BLOCKED,
    "failed": ExitCode.BLOCKED,
    "tests failed": ExitCode.TESTS_FAILED,
    "interrupted": ExitCode.TERMINATED,
}


@dataclass(frozen=True)
class Finished:
    """What a run came to, in the order in which it came."""

    started: str
    sandbox: str
    answer: AgentResult
    tests: TestResult
    results: Results


def build(job: Job, done: Finished) -> Report:
    """The report of a run that came to its end, whichever."""
    answer, results = done.answer, done.results
    status: Status = answer.status
    if status == "complete" and done.tests.outcome == "failed":
        status = "tests failed"
    return Report(
        task_id=job.session.task_id,
        status=status,
        exit_code=CODES[status],
        iterations=answer.iterations,
        worktree=facts(job),
        summary=answer.message,
        tests=done.tests,
        commit=results.snapshot.commit,
        files=file_lines(results.changes),
        skipped=tuple(f"{entry.path}: {entry.reason}" for entry in results.left_out),
        patch=patch_facts(job, results.patch),
        merge=merge_facts(results.merge),
        sandbox=done.sandbox,
        model=job.session.model,
        usage=answer.usage,
        cost_usd=answer.cost,
        questions=answer.questions,
        blocked=_blocked(job, status, done),
    )


def _blocked(job: Job, status: Status, done: Finished) -> Blocked | None:
    """Why the run is not complete and what to do next, for every end but a question."""
    answer, ended = done.answer, done.answer.ended
    again = f"run the same id again to go on: {job.session.task_id}"
    if status == "tests failed":
        return Blocked(f"the test command still fails: {done.tests.command}", again)
    if answer.blocked:
        return answer.blocked
    if ended.error:
        explained = explain(ended.error)
        return Blocked(explained.message, explained.hint)
    if ended.limit:
        return Blocked(f"{ended.reason}; raise {ended.limit} or split the task", again)
    return Blocked(ended.reason, again) if status == "failed" else None


def interrupted(job: Job, answer: AgentResult | None, code: ExitCode) -> Report:
    """The report of a run that a signal ended; the worktree holds what was done so far."""
    return Report(
        task_id=job.session.task_id,
        status="interrupted",
        exit_code=code,
        iterations=answer.iterations if answer else 0,
        worktree=facts(job),
        summary=answer.message if answer else "",
        model=job.session.model,
        blocked=Blocked(
            "interrupted; state saved", f"run the same id again to go on: {job.session.task_id}"
        ),
    )


def announce(job: Job, output: Output) -> None:
    """Say where the work happens, before anything else."""
    output.worktree(facts(job), job.files.log, job.files.report)
    for note in (*job.workplace.recovered, *job.notes):
        output.event(Progress(note))


def last_report(job: Job) -> Report:
    """The report of the last run, for a run that has nothing to do.

    Raises NothingToShow where the file is gone.
    """
    last = report.read(job.files.report)
    if last is None:
        raise NothingToShow(job.session.task_id, f"its report is gone: {job.files.report}")
    return last


def facts(job: Job) -> WorktreeFacts:
    """Where the task works."""
    current = job.session
    return WorktreeFacts(
        current.worktree,
        f"codex/{current.task_id}",
        current.base,
        current.base_name,
        current.uncommitted,
    )


def conclude(job: Job, started: str, ended: Report) -> None:
    """Save session and report."""
    run = RunRecord(
        started=started,
        ended=session.now(),
        status=ended.status,
        exit_code=ended.exit_code,
        iterations=ended.iterations,
        usage=ended.usage,
        cost_usd=ended.cost_usd,
    )
    after = replace(
        job.session.with_run(run),
        questions=ended.questions,
        result=ended.commit or job.session.result,
    )
    content = job.redacted(report.to_json(ended).decode())  # a test may have printed the key
    session.write_atomically(job.files.report, content.encode())
    session.save(job.files, after)


def keep(job: Job) -> None:
    """Keep the task's files where ``git clean -fdx`` cannot take them."""
    restoring.keep(job.repository, job.files)
