"""Output items as the events that OpenAI streams for them, and the response object.

The order of events is that of OpenAI's streaming guide and API reference
(developers.openai.com/api/docs/guides/streaming-responses): created, in_progress, then for
each item added, its parts and deltas, done; a terminal event last. ``sequence_number`` is
added where the events are sent.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from typing import Any

Event = dict[str, Any]

ECHOED = (
    "instructions",
    "max_output_tokens",
    "model",
    "parallel_tool_calls",
    "prompt_cache_key",
    "reasoning",
    "store",
    "temperature",
    "text",
    "tool_choice",
    "tools",
    "top_p",
    "truncation",
)
"""Parameters that a response repeats."""
ITEM_TYPES = ("message", "reasoning", "function_call", "custom_tool_call")
"""Items with events of their own; others are only added and done."""
MAX_DELTAS = 64
"""Deltas of one item: enough to look like a stream, few enough to be quick."""


def response_object(request: Mapping[str, Any], response_id: str, status: str) -> Event:
    """A response without output, as ``response.created`` has it."""
    defaults = {"parallel_tool_calls": True, "tool_choice": "auto", "tools": []}
    echoed = {name: request[name] for name in ECHOED if name in request}
    return {
        "id": response_id,
        "object": "response",
        "created_at": int(time.time()),
        "status": status,
        "error": None,
        "incomplete_details": None,
        "output": [],
        "usage": None,
        **(defaults | echoed),
    }


def item_events(item: Mapping[str, Any], index: int) -> Iterator[Event]:
    """All events of one output item, from added to done."""
    known = item.get("type") in ITEM_TYPES and "id" in item
    begun = _begun(item) if known else dict(item)
    yield {"type": "response.output_item.added", "output_index": index, "item": begun}
    if known:
        yield from _inner_events(item, {"output_index": index, "item_id": item["id"]})
    yield {"type": "response.output_item.done", "output_index": index, "item": dict(item)}


def _begun(item: Mapping[str, Any]) -> Event:
    """The item as it is when it is added: in progress, its text still to come."""
    empty: dict[str, Event] = {
        "message": {"content": []},
        "reasoning": {"summary": []},
        "function_call": {"arguments": ""},
        "custom_tool_call": {"input": ""},
    }
    status = {"status": "in_progress"} if "status" in item else {}
    return dict(item) | empty[str(item["type"])] | status


def _inner_events(item: Mapping[str, Any], place: Event) -> Iterator[Event]:
    match item.get("type"):
        case "message":
            for number, part in enumerate(item["content"]):
                yield from _content_events(part, {**place, "content_index": number})
        case "reasoning":
            yield from _reasoning_events(item, place)
        case "function_call":
            kind = "response.function_call_arguments"
            yield from _text_events(kind, "arguments", item["arguments"], place)
        case "custom_tool_call":
            kind = "response.custom_tool_call_input"
            yield from _text_events(kind, "input", item["input"], place)


def _content_events(part: Mapping[str, Any], place: Event) -> Iterator[Event]:
    """A content part: output_text, refusal, or reasoning_text from an open server."""
    kind = part["type"]
    name = "refusal" if kind == "refusal" else "text"
    extra: Event = {"logprobs": []} if kind == "output_text" else {}
    yield {"type": "response.content_part.added", **place, "part": {**part, name: ""}}
    yield from _text_events(f"response.{kind}", name, part[name], {**place, **extra})
    yield {"type": "response.content_part.done", **place, "part": dict(part)}


def _reasoning_events(item: Mapping[str, Any], place: Event) -> Iterator[Event]:
    for number, part in enumerate(item["summary"]):
        at = {**place, "summary_index": number}
        kind = "response.reasoning_summary"
        yield {"type": f"{kind}_part.added", **at, "part": {**part, "text": ""}}
        yield from _text_events(f"{kind}_text", "text", part["text"], at)
        yield {"type": f"{kind}_part.done", **at, "part": dict(part)}
    for number, part in enumerate(item.get("content", [])):
        yield from _content_events(part, {**place, "content_index": number})


def _text_events(kind: str, name: str, text: str, place: Event) -> Iterator[Event]:
    for piece in _pieces(text):
        yield {"type": f"{kind}.delta", **place, "delta": piece}
    yield {"type": f"{kind}.done", **place, name: text}


def _pieces(text: str) -> Iterator[str]:
    size = max(8, -(-len(text) // MAX_DELTAS))
    for start in range(0, len(text), size):
        yield text[start : start + size]
