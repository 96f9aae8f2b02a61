"""What a conversation needs beside the job, made side by side: worktree, model, sandbox."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from codex_task_executor.agent.connect import connect
from codex_task_executor.agent.endpoint import Endpoint, RetryPolicy
from codex_task_executor.agent.model import Model
from codex_task_executor.preparing import Job
from codex_task_executor.sandbox.launch import Sandbox
from codex_task_executor.sandbox.probe import Probe, probe
from codex_task_executor.sandbox.view import Surroundings
from codex_worktree import worktrees
from codex_worktree.worktrees import Caveats, TaskWorktree


@dataclass(frozen=True)
class Workshop:
    """A worktree, a model, and a sandbox where the machine can hold one."""

    worktree: TaskWorktree
    caveats: Caveats
    model: Model
    probe: Probe

    @property
    def notes(self) -> Iterator[str]:
        """What the user should know of all this, a line each."""
        yield self.probe.line
        if self.caveats.submodules:
            yield f"submodules are empty in the worktree: {_named(self.caveats.submodules)}"
        if self.caveats.filtered:
            yield f"no filter is run on a task's files: {_named(self.caveats.filtered)}"

    @property
    def sandbox(self) -> Sandbox | None:
        """Where commands run; None means that there are none."""
        return self.probe.sandbox


@asynccontextmanager
async def workshop(job: Job) -> AsyncIterator[Workshop]:
    """Make them at the same time: git and the SDK's import take half a second each."""
    model, (worktree, caveats, probed) = await asyncio.gather(connect(_endpoint(job)), _place(job))
    try:
        yield Workshop(worktree, caveats, model, probed)
    finally:
        await model.close()


async def _place(job: Job) -> tuple[TaskWorktree, Caveats, Probe]:
    """The worktree, and the sandbox around it: what commands see depends on its files."""
    worktree, caveats = await asyncio.to_thread(_worktree, job)
    return worktree, caveats, await probe(worktree.path, seen_by_commands(job))


def seen_by_commands(job: Job) -> Surroundings:
    """What the sandbox is built from: tool chains by PATH, the home and the repository hidden."""
    settings, repository = job.settings, job.repository
    return Surroundings(
        path=settings.path,
        home=settings.home,
        hidden=(repository.root, repository.common_dir),
        variables=settings.command_variables,
    )


def _worktree(job: Job) -> tuple[TaskWorktree, Caveats]:
    repository, current = job.repository, job.session
    made = worktrees.create(repository, current.task_id, current.base, job.worktree_path)
    return made, worktrees.caveats(repository, made)


def _named(paths: tuple[str, ...]) -> str:
    more = f" and {len(paths) - 5} more" if len(paths) > 5 else ""
    return ", ".join(paths[:5]) + more


def _endpoint(job: Job) -> Endpoint:
    settings = job.settings
    assert settings.api_key is not None  # prepared() refused a run without one
    return Endpoint(
        api_key=settings.api_key,
        base_url=settings.base_url,
        idle_seconds=settings.idle_seconds,
        retry=RetryPolicy(attempts=settings.retries + 1),
    )
