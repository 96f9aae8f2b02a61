"""What the user is told of a failing API beyond its own words."""

from __future__ import annotations

import asyncio
import difflib
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime

from codex_task_executor.agent.model import FailureKind, Model, ModelError, ModelInfo
from codex_task_executor.agent.result import AgentResult
from codex_task_executor.preparing import Job

NAMED = 20
"""How many of the models that a key can use are named."""

ASKING_SECONDS = 10.0


async def explained(answer: AgentResult, job: Job, model: Model) -> AgentResult:
    """The result with an error that holds no key and, for an unknown model, names others."""
    error = answer.ended.error
    if error is None:
        return answer
    usable = await _usable(job, model) if error.kind is FailureKind.UNKNOWN_MODEL else ()
    clean = replace(error, message=job.redacted(error.message), usable=usable)
    return replace(answer, ended=replace(answer.ended, reason=str(clean), error=clean))


async def _usable(job: Job, model: Model) -> tuple[str, ...]:
    """Models that still answer, those first whose names are most like the one asked for."""
    with suppress(ModelError, TimeoutError):
        async with asyncio.timeout(ASKING_SECONDS):
            names = [info.name for info in await model.models() if not _was_shut_down(info)]
        return tuple(difflib.get_close_matches(job.session.model, names, NAMED, cutoff=0))
    return ()


def _was_shut_down(info: ModelInfo) -> bool:
    today = datetime.now(UTC).strftime("%Y-%m-%d")
    return info.shutdown_date is not None and info.shutdown_date[:10] <= today
