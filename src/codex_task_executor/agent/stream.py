"""The events of one streamed response -> items, usage, an end. Knows nothing of HTTP.

Events are the JSON objects of the stream, told apart by their ``type``. What nobody knows is
ignored; what ends a response without completing it is a failure, also where the API reports
it as an ordinary event.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from codex_task_executor.agent.items import is_call, is_message, is_reasoning
from codex_task_executor.agent.model import FailureKind, Item, ModelError, OnItem, Turn, Usage
from codex_task_executor.agent.retry import Failed, of_code


@dataclass
class ResponseReader:
    """One response, event by event.

    An item is handed on when it is certain that it is kept: a call or a message as soon as it
    is whole, anything before it (reasoning) together with it. What was handed on stays, also
    where the response then fails.
    """

    on_item: OnItem
    items: list[Item] = field(default_factory=list)
    usage: Usage = field(default_factory=Usage)
    complete: bool = False
    incomplete_reason: str | None = None
    _waiting: list[Item] = field(default_factory=list)

    def feed(self, event: Mapping[str, Any]) -> bool:
        """Take one event; True when it ends the response. Raises Failed."""
        match event.get("type"):
            case "response.output_item.done":
                self._whole(event.get("item"))
                return False
            case "response.completed":
                self._completed(_object(event.get("response")))
                return True
            case "response.incomplete":
                self._incomplete(_object(event.get("response")))
                return True
            case "response.failed":
                raise _failure(_object(_object(event.get("response")).get("error")))
            case "error":
                raise _failure(_object(event.get("error")) or event)
            case _:
                return False

    def turn(self) -> Turn:
        """What the response gave."""
        return Turn(tuple(self.items), self.usage, self.complete, self.incomplete_reason)

    def _whole(self, item: Any) -> None:
        if not isinstance(item, dict) or item.get("status") == "incomplete":
            return  # the API marks an item that it stopped in the middle of
        self._waiting.append(_encodable(item))
        if is_call(item) or is_message(item):
            self._hand_on()

    def _hand_on(self) -> None:
        handed, self._waiting = self._waiting, []
        for item in handed:
            self.items.append(item)
            self.on_item(item)

    def _completed(self, response: Mapping[str, Any]) -> None:
        if not self.items and not self._waiting:  # servers that stream text only
            for item in response.get("output") or ():
                self._whole(item)
        while self._waiting and is_reasoning(self._waiting[-1]):
            self._waiting.pop()
        self._hand_on()
        self.usage = _usage(response)
        self.complete = True

    def _incomplete(self, response: Mapping[str, Any]) -> None:
        reason = str(_object(response.get("incomplete_details")).get("reason") or "no reason given")
        self.usage = _usage(response)
        self.incomplete_reason = reason
        if not self.items:
            message = f"the model stopped before anything was whole: {reason}"
            raise Failed(
                "an incomplete response",
                ModelError(FailureKind.REJECTED, message, code=reason),
                passing=False,
            )


def _failure(error: Mapping[str, Any]) -> Failed:
    code = error.get("code")
    message = str(error.get("message") or "no message")
    return of_code(None if code is None else str(code), message)


def _usage(response: Mapping[str, Any]) -> Usage:
    usage = _object(response.get("usage"))
    inputs = _object(usage.get("input_tokens_details"))
    outputs = _object(usage.get("output_tokens_details"))
    return Usage(
        input_tokens=_count(usage.get("input_tokens")),
        cached_tokens=_count(inputs.get("cached_tokens")),
        output_tokens=_count(usage.get("output_tokens")),
        reasoning_tokens=_count(outputs.get("reasoning_tokens")),
        cache_write_tokens=_count(inputs.get("cache_write_tokens")),
    )


def _object(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _count(value: Any) -> int:
    return value if isinstance(value, int) and value > 0 else 0


def _encodable(item: Item) -> Item:
    """The item as received, unless it holds what cannot be sent again (half a surrogate pair)."""
    text = json.dumps(item, ensure_ascii=False)
    try:
        text.encode()
    except UnicodeEncodeError:
        cleaned: Item = json.loads(text.encode("utf-8", "replace"))
        return cleaned
    return item
