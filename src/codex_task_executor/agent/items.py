"""Reading and making items of the Responses API.

An item is kept as received; these functions are the only ones that know its fields.
"""

from __future__ import annotations

from typing import Any

from codex_task_executor.agent.model import Item

OUTPUT_TYPES = {
    "function_call": "function_call_output",
    "custom_tool_call": "custom_tool_call_output",
}
"""Type of a call -> type of its output."""


def is_call(item: Item) -> bool:
    """Whether the item wants an output from us."""
    return item.get("type") in OUTPUT_TYPES


def is_message(item: Item) -> bool:
    """Whether the item is a message, of the model or of ours."""
    return item.get("type") == "message"


def is_reasoning(item: Item) -> bool:
    """Whether the item is reasoning, which is refused as input without what followed it."""
    return item.get("type") == "reasoning"


def is_commentary(item: Item) -> bool:
    """Whether the item is a message on the way to the answer, by its phase."""
    return is_message(item) and item.get("phase") == "commentary"


def call_id(call: Item) -> str:
    """The id by which a call and its output belong together."""
    return str(call.get("call_id") or call.get("id") or "")


def text_of(item: Item) -> str:
    """The text of a message, its parts joined; a refusal's words count as text."""
    content = item.get("content")
    if isinstance(content, str):
        return content
    parts = content if isinstance(content, list) else []
    return "".join(_part_text(part) for part in parts if isinstance(part, dict))


def user_message(text: str) -> Item:
    """A message to the model."""
    return {
        "type": "message",
        "role": "user",
        "content": [{"type": "input_text", "text": encodable(text)}],
    }


def call_output(call: Item, text: str) -> Item:
    """The output of a call, in the form that the call's type wants."""
    return {
        "type": OUTPUT_TYPES[str(call["type"])],
        "call_id": call_id(call),
        "output": encodable(text),
    }


def encodable(text: str) -> str:
    """The text with what UTF-8 cannot hold (undecodable bytes of a path) as ``?``."""
    return text.encode("utf-8", "replace").decode("utf-8")


def _part_text(part: dict[str, Any]) -> str:
    return str(part.get("text") or part.get("refusal") or "")
