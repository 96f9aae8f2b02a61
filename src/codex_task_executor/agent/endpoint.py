"""Where and how to ask a model."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class RetryPolicy:
    """How often to try and how long to wait, in seconds.

    ``max_asked`` is the longest wait that a server may ask for; a request that would have to
    wait longer fails at once.
    """

    attempts: int = 6
    first_wait: float = 0.5
    max_wait: float = 30.0
    max_asked: float = 300.0


@dataclass(frozen=True)
class Endpoint:
    """A server; ``base_url`` None is OpenAI's own.

    ``idle_seconds`` is the longest silence within an answer, its first byte included.
    """

    api_key: str = field(repr=False)
    base_url: str | None = None
    idle_seconds: float = 300.0
    connect_seconds: float = 30.0
    retry: RetryPolicy = field(default_factory=RetryPolicy)
