"""The loop: ask the model, carry out its calls, until the conversation says that it is over.

Everything that decides is derived from the transcript, so a run that was killed goes on where
its records end: a call with an output is never run again, a request is sent only where one is
due.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from codex_task_executor.agent.calls import Calls
from codex_task_executor.agent.conversation import Conversation, PendingCall, Transcript
from codex_task_executor.agent.ending import (
    Ask,
    Changed,
    blocked,
    judge,
    last_message,
    open_questions,
)
from codex_task_executor.agent.items import is_call, user_message
from codex_task_executor.agent.limits import Budget
from codex_task_executor.agent.model import Item, Model, ModelError
from codex_task_executor.agent.narration import Narrator
from codex_task_executor.agent.pricing import Prices
from codex_task_executor.agent.records import EndRecord, InputRecord, ItemRecord, Origin
from codex_task_executor.agent.result import AgentResult, Ended
from codex_task_executor.agent.schedule import Schedule
from codex_task_executor.agent.settings import AgentSettings
from codex_task_executor.events import Emit
from codex_task_executor.tools.registry import Toolbox


@dataclass
class Agent:
    """One task's conversation with the model, for one invocation of the program.

    ``tell`` it something and ``run`` it, as often as needed; limits and sums span all rounds.
    ``ready`` is done when tools may touch the worktree; the first request does not wait for
    it, and its error ends the run. Make an agent where the event loop runs: the time limit
    counts from then on, to ``deadline`` by the loop's clock. ``redact`` takes secrets out of
    whatever the model is told. Raises UnknownPrice where a money limit cannot be kept.
    """

    model: Model
    toolbox: Toolbox
    transcript: Transcript
    settings: AgentSettings
    emit: Emit
    ready: asyncio.Future[Any]
    changed: Changed
    redact: Callable[[str], str] = str
    budget: Budget = field(init=False)
    deadline: float | None = field(init=False)

    def __post_init__(self) -> None:
        settings = self.settings
        self.budget = Budget(settings.limits, Prices(settings.model, settings.base_url))
        self._calls = Calls(
            self.toolbox, self.transcript, self.budget, self.emit, self.ready, self.redact
        )
        self._narrator = Narrator(self.emit, open_questions(self.conversation))
        now, seconds = asyncio.get_running_loop().time(), settings.limits.seconds
        self.deadline = None if seconds is None else now + seconds

    @property
    def conversation(self) -> Conversation:
        """The conversation so far."""
        return self.transcript.conversation

    def tell(self, text: str, origin: Origin = "user") -> None:
        """Add a message to the model; one of the user answers the questions that are open."""
        self.transcript.record(InputRecord(user_message(self.redact(text)), origin))

    async def run(self) -> AgentResult:
        """Go on until the conversation is over, a limit is reached or the model fails.

        Cancelling it stops the request and the tools at once and keeps the transcript good;
        ``result`` then says how far the run came.
        """
        try:
            async with asyncio.timeout_at(self.deadline) as clock:
                return self.result(await self._converse())
        except TimeoutError:
            if not clock.expired():
                raise
            return self.result(self.budget.out_of_time())
        except ModelError as error:
            return self.result(Ended("failed", str(error), error=error))

    async def _converse(self) -> Ended:
        async with Schedule() as schedule:  # what an earlier process left without an output
            for call in self.conversation.pending:
                self._calls.take(call, schedule)
        while isinstance(step := await judge(self.conversation, self.changed), Ask):
            if ended := self.budget.exhausted():
                return ended
            if step.nudge:
                self.tell(step.nudge, "nudge")
            await self._iterate(self.conversation.iterations + 1)
        return step

    async def _iterate(self, number: int) -> None:
        """One request and its calls, which run while the response still streams."""
        request = self.settings.request(
            self.conversation.request_input(), self.toolbox.declarations
        )
        async with Schedule() as schedule:
            take = partial(self._take, number, schedule)
            turn = await self.model.respond(request, take, self._narrator.notice)
            cost = self.budget.spend(turn.usage, turn.complete)
            self.transcript.record(EndRecord(number, turn.complete, turn.usage, cost))

    def _take(self, number: int, schedule: Schedule, item: Item) -> None:
        """Record one whole item, show what it says, let it run if it is a call."""
        self.transcript.record(ItemRecord(number, item))
        items = self.conversation.iteration(number).items
        self._narrator.tell(items)
        if is_call(item):
            self._calls.take(PendingCall(number, len(items) - 1, item, started=False), schedule)

    def result(self, ended: Ended) -> AgentResult:
        """How the run stands, seen as ended this way."""
        return AgentResult(
            ended=ended,
            iterations=self.budget.iterations,
            usage=self.budget.usage,
            cost=self.budget.cost if self.budget.cost_known else None,
            message=last_message(self.conversation),
            questions=open_questions(self.conversation),
            blocked=blocked(self.conversation),
        )
