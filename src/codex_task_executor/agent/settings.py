"""What the loop is told once for a task."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from codex_task_executor.agent.limits import Limits
from codex_task_executor.agent.model import Item, ProfileName, Request


@dataclass(frozen=True)
class AgentSettings:
    """Which model is asked and how.

    ``instructions`` are the same for all tasks of a profile, and ``cache_key`` is the task's
    own, so that the API's prompt cache works within and across tasks. ``base_url`` (None:
    OpenAI's) decides whose prices count.
    """

    model: str
    profile: ProfileName
    instructions: str
    cache_key: str
    effort: str | None = None
    base_url: str | None = None
    limits: Limits = field(default_factory=Limits)

    def request(self, items: Sequence[Item], tools: Sequence[Item]) -> Request:
        """The request that carries ``items`` and declares ``tools``."""
        return Request(
            model=self.model,
            instructions=self.instructions,
            input=items,
            tools=tools,
            effort=self.effort,
            cache_key=self.cache_key,
            profile=self.profile,
        )
