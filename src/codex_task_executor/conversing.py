"""The conversation of a run: what the model is told, with which tools, until its tests pass."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, closing
from typing import Any

from codex_task_executor import context, session, transcript
from codex_task_executor.agent import prompt
from codex_task_executor.agent.control import AskQuestion, ReportBlocked
from codex_task_executor.agent.conversation import Iteration, Transcript, assemble
from codex_task_executor.agent.items import text_of
from codex_task_executor.agent.loop import Agent
from codex_task_executor.agent.records import InputRecord
from codex_task_executor.agent.result import AgentResult
from codex_task_executor.agent.settings import AgentSettings
from codex_task_executor.events import Emit
from codex_task_executor.failing import explained
from codex_task_executor.followup import Continue
from codex_task_executor.preparing import Job
from codex_task_executor.report import TestResult
from codex_task_executor.results import names_secret
from codex_task_executor.sandbox.launch import Sandbox
from codex_task_executor.sandbox.paths import Root
from codex_task_executor.testing import ROUNDS, run_tests
from codex_task_executor.tools.apply_patch import ApplyPatch
from codex_task_executor.tools.base import Tool
from codex_task_executor.tools.bash import Bash
from codex_task_executor.tools.edit import Edit
from codex_task_executor.tools.glob import Glob
from codex_task_executor.tools.grep import Grep
from codex_task_executor.tools.read import Read
from codex_task_executor.tools.registry import Toolbox
from codex_task_executor.tools.write import Write
from codex_task_executor.workshop import Workshop
from codex_worktree import snapshot
from codex_worktree.worktrees import TaskWorktree


@asynccontextmanager
async def talking(job: Job, shop: Workshop, emit: Emit) -> AsyncIterator[Agent]:
    """The agent with everything told that this run has to tell it."""
    past = assemble(transcript.read(job.files.transcript))
    with (
        Root.open(shop.worktree.path) as root,
        closing(transcript.TranscriptFile(job.files.transcript)) as file,
    ):
        toolbox = Toolbox(_tools(root, shop.sandbox), job.profile)
        agent = Agent(
            model=shop.model,
            toolbox=toolbox,
            transcript=Transcript(file, past),
            settings=_settings(job, toolbox),
            emit=emit,
            ready=_done(),
            changed=lambda: asyncio.to_thread(_changed, job, shop.worktree),
            redact=job.redacted,
        )
        for text in _messages(job, agent):
            _tell_once(agent, text)
        session.save(job.files, job.session)
        yield agent


async def converse(agent: Agent, job: Job, shop: Workshop) -> tuple[AgentResult, TestResult]:
    """Let the model work; what the test command then says goes back to it, ROUNDS times."""
    command = job.test_command
    for left in range(ROUNDS, -1, -1):
        answer = await explained(await agent.run(), job, shop.model)
        if answer.status != "complete":
            return answer, TestResult("not run", command, reason="the task is not complete")
        try:
            async with asyncio.timeout_at(agent.deadline):
                tests = await run_tests(command, shop.sandbox)
        except TimeoutError:
            late = agent.result(agent.budget.out_of_time())
            return late, TestResult("not run", command, reason="TIME_LIMIT was reached")
        if tests.outcome != "failed" or left == 0:
            break
        agent.tell(prompt.tests_failed(command or "", tests.output), "tool")
    return answer, tests


def _tools(root: Root, sandbox: Sandbox | None) -> Sequence[Tool[Any]]:
    patching = ApplyPatch(root)
    files: list[Tool[Any]] = [Glob(root), Grep(root), Read(root), Write(root), Edit(root)]
    commands: list[Tool[Any]] = [Bash(sandbox, patching)] if sandbox else []
    return [*files, patching, *commands, AskQuestion(), ReportBlocked()]


def _settings(job: Job, toolbox: Toolbox) -> AgentSettings:
    names = [str(declared["name"]) for declared in toolbox.declarations]
    return AgentSettings(
        model=job.session.model,
        profile=job.profile.name,
        instructions=prompt.instructions(names),
        cache_key=f"codex-task-{job.session.task_id}",
        effort=job.settings.effort,
        base_url=job.settings.base_url,
        limits=job.settings.limits,
    )


def _messages(job: Job, agent: Agent) -> Iterator[str]:
    """What the model has to be told now; the first message also where a kill prevented it."""
    step, current = job.step, job.session
    if not agent.conversation.blocks:
        yield prompt.first_message(current.opening, current.plan_text, _memory(job))
    elif isinstance(step, Continue) and step.plan_changed:
        yield prompt.plan_changed(current.plan_text)
    if isinstance(step, Continue) and step.message is not None:
        yield step.message
    elif job.previous_status in ("blocked", "failed") and _was_answered(agent):
        yield prompt.GO_ON


def _was_answered(agent: Agent) -> bool:
    """Whether the model has spoken last: whoever got no answer just has to ask again."""
    return isinstance(agent.conversation.last, Iteration)


def _memory(job: Job) -> str:
    repository = job.repository
    return context.render(
        context.gather(job.settings.home, repository.checkout, job.settings.start)
    )


def _tell_once(agent: Agent, text: str) -> None:
    """Tell the model, unless the run that was killed here had just done so."""
    last = agent.conversation.last
    if not (isinstance(last, InputRecord) and text_of(last.item) == agent.redact(text)):
        agent.tell(text)


def _changed(job: Job, worktree: TaskWorktree) -> bool:
    repository = job.repository
    identity = repository.identity()
    taken = snapshot.take(
        repository, worktree, worktree.base, "checkpoint", identity, refuse=names_secret
    )
    return taken.commit != worktree.base


def _done() -> asyncio.Future[None]:
    ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    ready.set_result(None)
    return ready
