"""The protocol between the loop and a model: requests, turns, failures.

Items are the JSON objects of OpenAI's Responses API, kept exactly as received, so that
they can be sent again word for word.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any, Literal, Protocol

Item = Mapping[str, Any]
"""One input or output item of the Responses API (message, reasoning, function_call ...)."""

ProfileName = Literal["openai", "compatible"]
"""What a server takes: all of OpenAI's Responses API, or the part that others know too."""


@dataclass(frozen=True)
class Usage:
    """Tokens of one response or of many, as the API counts them.

    Cached and cache-write tokens are part of the input tokens, reasoning tokens of the output.
    """

    input_tokens: int = 0
    cached_tokens: int = 0
    output_tokens: int = 0
    reasoning_tokens: int = 0
    cache_write_tokens: int = 0

    def __add__(self, other: Usage) -> Usage:
        return Usage(
            self.input_tokens + other.input_tokens,
            self.cached_tokens + other.cached_tokens,
            self.output_tokens + other.output_tokens,
            self.reasoning_tokens + other.reasoning_tokens,
            self.cache_write_tokens + other.cache_write_tokens,
        )

    @property
    def total(self) -> int:
        """Tokens that count against a token limit."""
        return self.input_tokens + self.output_tokens


@dataclass(frozen=True)
class Request:
    """One request: everything the model is told, nothing kept on the server."""

    model: str
    instructions: str
    input: Sequence[Item]
    tools: Sequence[Item]
    effort: str | None
    cache_key: str
    profile: ProfileName = "openai"


@dataclass(frozen=True)
class Turn:
    """What one request gave: the items to keep, in order.

    ``complete`` is False where the response failed or its stream was cut after at least one
    whole call or message; the conversation goes on from what was kept. ``incomplete_reason``
    is the API's word when it stopped by itself (``max_output_tokens``, ``content_filter``).
    """

    items: tuple[Item, ...]
    usage: Usage
    complete: bool = True
    incomplete_reason: str | None = None


class FailureKind(Enum):
    """Why the model cannot be asked any further."""

    UNAUTHORIZED = "unauthorized"  # 401, 403
    QUOTA = "quota"  # insufficient_quota
    UNKNOWN_MODEL = "unknown model"  # model_not_found, 404
    CONTEXT_FULL = "context full"  # context_length_exceeded
    REJECTED = "rejected"  # invalid_prompt, every other 400, nothing but a cut-short answer
    UNREACHABLE = "unreachable"  # connection, time-out, 5xx, rate limit after all retries


@dataclass(eq=False)
class ModelError(Exception):
    """A request failed for good: retries are used up or make no sense.

    ``usable`` are models that the key can use, where one was asked for that it cannot.
    """

    kind: FailureKind
    message: str
    status: int | None = None
    code: str | None = None
    usable: tuple[str, ...] = ()

    def __str__(self) -> str:
        return self.message


OnItem = Callable[[Item], None]
OnNotice = Callable[[str], None]


@dataclass(frozen=True)
class ModelInfo:
    """A model that the key can use. ``shutdown_date`` is ISO 8601, where the API names one."""

    name: str
    shutdown_date: str | None = None


class Model(Protocol):
    """Something that answers requests; ``openai_model`` is the one that ships."""

    async def respond(self, request: Request, on_item: OnItem, on_notice: OnNotice) -> Turn:
        """Send one request and return its turn.

        ``on_item`` is called once for every item that is kept, in order, the moment it is
        certain: a call or message as soon as it is whole, reasoning together with what follows
        it. An item is never handed over twice, whatever is retried; ``on_notice`` gets one line
        when a retry waits. Raises ModelError, and only where no item was handed over.
        """
        ...

    async def models(self) -> list[ModelInfo]:
        """The models that the key can use. Raises ModelError."""
        ...
