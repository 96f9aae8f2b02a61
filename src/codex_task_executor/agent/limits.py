"""Where a run stops although the model would go on, and how much it has used so far."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal

from codex_task_executor.agent.model import Usage
from codex_task_executor.agent.pricing import Prices
from codex_task_executor.agent.result import Ended

MALFORMED_IN_A_ROW = 5
"""Calls without one that could be carried out, after which the model is taken to be lost."""


@dataclass(frozen=True)
class Limits:
    """What one run may use; None is no limit. ``seconds`` is wall-clock time."""

    iterations: int = 50
    tokens: int | None = None
    cost_usd: Decimal | None = None
    seconds: float | None = None


@dataclass
class Budget:
    """What a run has used of its limits.

    A request carries again what the last one carried, so at least those tokens are counted
    before it is sent. Of a response that was cut the API tells no usage. Raises UnknownPrice
    where a money limit cannot be kept.
    """

    limits: Limits
    prices: Prices
    iterations: int = 0
    usage: Usage = field(default_factory=Usage)
    cost: Decimal = Decimal(0)
    cost_known: bool = True
    malformed: int = 0
    _again: Usage = field(default_factory=Usage)

    def __post_init__(self) -> None:
        if self.limits.cost_usd is not None:
            self.prices.require()

    def spend(self, usage: Usage, complete: bool) -> Decimal | None:
        """Count one iteration; its cost in USD, or None where it is unknown."""
        self.iterations += 1
        self.usage += usage
        cost = self.prices.of(usage) if complete or usage.total else None
        self.cost += cost or 0
        self.cost_known = self.cost_known and cost is not None
        if usage.input_tokens:
            self._again = Usage(usage.input_tokens, usage.input_tokens)
        return cost

    def called(self, well_formed: bool) -> None:
        """Count a call that could be carried out, or one that could not."""
        self.malformed = 0 if well_formed else self.malformed + 1

    def exhausted(self) -> Ended | None:
        """What forbids another request, or None."""
        limits = self.limits
        if self.malformed >= MALFORMED_IN_A_ROW:
            return Ended("failed", f"the model made {self.malformed} malformed calls in a row")
        if self.iterations >= limits.iterations:
            reason = f"MAX_ITERS reached: {limits.iterations} iterations"
            return Ended("limit", reason, "MAX_ITERS")
        if limits.tokens is not None and self._tokens_next() > limits.tokens:
            reason = f"MAX_TOKENS reached: {self.usage.total} of {limits.tokens} tokens used"
            return Ended("limit", reason, "MAX_TOKENS")
        if limits.cost_usd is not None and self._cost_next() > limits.cost_usd:
            reason = f"MAX_COST_USD reached: ${self.cost:.4f} of ${limits.cost_usd} used"
            return Ended("limit", reason, "MAX_COST_USD")
        return None

    def out_of_time(self) -> Ended:
        """What the end of the wall-clock time means."""
        reason = f"TIME_LIMIT reached: {self.limits.seconds or 0:g} seconds"
        return Ended("limit", reason, "TIME_LIMIT")

    def _tokens_next(self) -> int:
        return self.usage.total + self._again.total

    def _cost_next(self) -> Decimal:
        return self.cost + (self.prices.of(self._again) or 0)
