"""How a run of the loop ends, and what the model half gives back."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from codex_task_executor.agent.model import ModelError, Usage
from codex_task_executor.events import Blocked, Question

AgentStatus = Literal["complete", "question", "blocked", "limit", "failed", "interrupted"]
LimitName = Literal["MAX_ITERS", "MAX_TOKENS", "MAX_COST_USD", "TIME_LIMIT"]


@dataclass(frozen=True)
class Ended:
    """The run is over.

    ``reason`` says in one line why it is not complete; ``limit`` names the limit that stopped
    it, ``error`` is the model's where it could not be asked any further.
    """

    status: AgentStatus
    reason: str = ""
    limit: LimitName | None = None
    error: ModelError | None = None


@dataclass(frozen=True)
class AgentResult:
    """How a run stands.

    ``iterations``, ``usage`` and ``cost`` (USD, None: unknown) are of this invocation, over all
    rounds of the loop in it. ``message`` is the text of the model's last message, ``questions``
    are those that are open, ``blocked`` is what the model's latest response reports.
    """

    ended: Ended
    iterations: int
    usage: Usage
    cost: Decimal | None
    message: str
    questions: tuple[Question, ...] = ()
    blocked: Blocked | None = None

    @property
    def status(self) -> AgentStatus:
        """How the run ended."""
        return self.ended.status
