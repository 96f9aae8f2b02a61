"""Faults: everything that can go wrong between a client and OpenAI, by name.

A fault is written as its kind (``"429"``), as ``"kind:code"``
(``"429:insufficient_quota"``) or as a table with the fields of ``Fault``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

Kind = Literal[
    "400",
    "401",
    "403",
    "404",
    "408",
    "409",
    "429",
    "500",
    "502",
    "503",
    "504",
    "disconnect",  # the connection closes without any answer
    "cut",  # the connection closes in the middle of the stream
    "no_terminal",  # the stream ends properly, but without a terminal event
    "garbled",  # an event whose data is no JSON, then the end
    "idle",  # nothing more is sent until the client goes away
    "failed",  # response.failed with `code`
    "error",  # a flat `error` event with `code`
    "incomplete",  # response.incomplete with `reason`
    "drip",  # no fault at all: the whole turn, one byte at a time
]


class Fault(BaseModel):
    """One fault. ``after``: items of the turn sent whole before it (default: none, and all
    for no_terminal). ``within``: the item, counted from 0, that is sent half before it.

    ``code``, ``message``: in place of the kind's usual ones. ``retry_after`` (seconds),
    ``retry_after_ms`` and ``should_retry``: the headers of an HTTP fault. ``reason``: of
    ``incomplete``.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: Kind
    after: int | None = Field(default=None, ge=0)
    within: int | None = Field(default=None, ge=0)
    code: str | None = None
    message: str | None = None
    retry_after: float | None = Field(default=None, ge=0)
    retry_after_ms: float | None = Field(default=None, ge=0)
    should_retry: bool | None = None
    reason: Literal["max_output_tokens", "content_filter"] = "max_output_tokens"

    @property
    def status(self) -> int | None:
        """The HTTP status, or None for a fault of the stream."""
        return int(self.kind) if self.kind.isdecimal() else None

    @property
    def headers(self) -> dict[str, str]:
        """The headers that tell a client whether and when to ask again."""
        named = {
            "retry-after": _plain(self.retry_after),
            "retry-after-ms": _plain(self.retry_after_ms),
            "x-should-retry": None if self.should_retry is None else str(self.should_retry).lower(),
        }
        return {name: value for name, value in named.items() if value is not None}


def _plain(number: float | None) -> str | None:
    return None if number is None else f"{number:g}"


def read_fault(written: object) -> object:
    """A fault's short form as a table; everything else as it is, for pydantic to judge."""
    if not isinstance(written, str):
        return dict(written) if isinstance(written, Mapping) else written
    kind, _, code = written.partition(":")
    return {"kind": kind, "code": code} if code else {"kind": kind}
