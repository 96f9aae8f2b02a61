"""The pipeline of a run on one screen: from a checked job to its report."""

from __future__ import annotations

import asyncio

from codex_task_executor import session
from codex_task_executor.agent.result import Ended
from codex_task_executor.conversing import converse, talking
from codex_task_executor.events import Progress
from codex_task_executor.followup import Repeat
from codex_task_executor.output import Output
from codex_task_executor.preparing import Job
from codex_task_executor.report import Report
from codex_task_executor.reporting import (
    Finished,
    announce,
    build,
    conclude,
    interrupted,
    keep,
    last_report,
)
from codex_task_executor.results import collect
from codex_task_executor.signals import Interruption
from codex_task_executor.workshop import workshop


async def execute(job: Job, output: Output, interruption: Interruption) -> Report:
    """Job -> Worktree -> AgentResult -> Snapshot, ChangeSet, Patch, MergeResult -> Report.

    Cancelling it saves a session that the next run continues; once the results are there it
    cannot be cancelled any more.
    """
    announce(job, output)
    if isinstance(job.step, Repeat):
        return last_report(job)
    started, agent = session.now(), None
    try:
        async with workshop(job) as shop:
            for note in shop.notes:
                output.event(Progress(note))
            async with talking(job, shop, output.event) as agent:
                answer, tests = await converse(agent, job, shop)
        results = await asyncio.to_thread(collect, job, shop.worktree)
        ended = build(job, Finished(started, shop.probe.level, answer, tests, results))
    except asyncio.CancelledError:
        so_far = agent.result(Ended("interrupted")) if agent else None
        ended = interrupted(job, so_far, interruption.code)
        conclude(job, started, ended)
        return ended
    interruption.too_late()
    conclude(job, started, ended)
    await asyncio.to_thread(keep, job)
    return ended
