"""From a call's item to its recorded output: exactly one, whatever the call is like."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from codex_task_executor.agent.conversation import PendingCall, Transcript
from codex_task_executor.agent.items import call_id, call_output
from codex_task_executor.agent.limits import Budget
from codex_task_executor.agent.records import OutputRecord, StartRecord
from codex_task_executor.agent.schedule import Schedule
from codex_task_executor.events import Emit
from codex_task_executor.tools.base import MalformedCall, ToolError
from codex_task_executor.tools.registry import PreparedCall, Toolbox

INTERRUPTED = (
    "Interrupted: this call had started when the run was stopped, and its effects are unknown. "
    "Check before you repeat it."
)
REPEATED = (
    "Not carried out: an earlier call of the same response has the same call_id. "
    "Call again if you meant two calls."
)


@dataclass
class Calls:
    """The calls of one task.

    ``ready`` is done when tools may touch the worktree; the first request is sent before.
    ``redact`` takes secrets out of an output before it is kept or sent.
    """

    toolbox: Toolbox
    transcript: Transcript
    budget: Budget
    emit: Emit
    ready: asyncio.Future[Any]
    redact: Callable[[str], str] = str

    def take(self, call: PendingCall, schedule: Schedule) -> None:
        """Let a call run in its order, or answer it at once where it cannot be carried out."""
        if call.started:
            self._answer(call, INTERRUPTED)
        elif self.transcript.conversation.iteration(call.iteration).repeats(call.position):
            self._refuse(call, REPEATED)
        else:
            self._schedule(call, schedule)

    def _schedule(self, call: PendingCall, schedule: Schedule) -> None:
        try:
            prepared = self.toolbox.find(call.item)
        except MalformedCall as error:
            self._refuse(call, error.text)
        except ToolError as error:
            self._answer(call, error.text)
        else:
            self.budget.called(well_formed=True)
            schedule.add(partial(self._carry_out, call, prepared), prepared.exclusive)

    async def _carry_out(self, call: PendingCall, prepared: PreparedCall) -> None:
        await asyncio.shield(self.ready)
        self.transcript.record(StartRecord(call.iteration, call.position, call_id(call.item)))
        for line in prepared.lines:
            self.emit(line)
        self._answer(call, await _outcome(prepared))

    def _refuse(self, call: PendingCall, text: str) -> None:
        self.budget.called(well_formed=False)
        self._answer(call, text)

    def _answer(self, call: PendingCall, text: str) -> None:
        output = call_output(call.item, self.redact(text))
        self.transcript.record(OutputRecord(call.iteration, call.position, output))


async def _outcome(prepared: PreparedCall) -> str:
    try:
        return (await prepared.run()).text
    except ToolError as error:
        return error.text
