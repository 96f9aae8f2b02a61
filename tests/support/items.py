"""Items of the Responses API as tests write them."""

from __future__ import annotations

import json
from typing import Any

from codex_task_executor.agent.model import Item


def said(text: str, phase: str | None = None) -> Item:
    """A message of the model."""
    message: dict[str, Any] = {
        "type": "message",
        "role": "assistant",
        "content": [{"type": "output_text", "text": text}],
    }
    return message | ({"phase": phase} if phase else {})


def thought() -> Item:
    """A reasoning item."""
    return {"type": "reasoning", "summary": [], "encrypted_content": "gAAAA"}


def called(call_id: str, name: str = "note", **arguments: Any) -> Item:
    """A function call."""
    return {
        "type": "function_call",
        "call_id": call_id,
        "name": name,
        "arguments": json.dumps(arguments),
    }


def freeform(call_id: str, text: str, name: str = "apply_patch") -> Item:
    """A call with plain text."""
    return {"type": "custom_tool_call", "call_id": call_id, "name": name, "input": text}


def answered(call_id: str, text: str = "done") -> Item:
    """The output of a function call."""
    return {"type": "function_call_output", "call_id": call_id, "output": text}
