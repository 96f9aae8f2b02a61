"""What servers other than OpenAI's (vLLM, Ollama, llama.cpp, LM Studio) do not know.

No one of them refuses all of it; a client that is to work with each uses none of it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from codex_task_executor.agent.scripted.items import item_type
from codex_task_executor.agent.scripted.refusals import Refusal

PARAMETERS = frozenset(
    {
        "model",
        "instructions",
        "input",
        "tools",
        "tool_choice",
        "parallel_tool_calls",
        "stream",
        "max_output_tokens",
        "temperature",
    }
)
ITEM_FIELDS = {
    "message": frozenset({"type", "role", "content"}),
    "an assistant message": frozenset({"type", "id", "role", "status", "content"}),
    "function_call": frozenset({"type", "call_id", "name", "arguments"}),
    "function_call_output": frozenset({"type", "call_id", "output"}),
}
ROLES = ("user", "system")
"""Chat templates know these; most fail on a developer message."""


def check(body: Mapping[str, Any]) -> None:
    """Raise Refusal for the first thing outside the profile that all of them share."""
    for name in body:
        if name not in PARAMETERS:
            raise _refusal(f"parameter '{name}'", name)
    for number, tool in enumerate(body.get("tools") or ()):
        if tool.get("type") != "function":
            raise _refusal(f"a tool of type '{tool.get('type')}'", f"tools[{number}]")
        if tool.get("strict"):
            raise _refusal("a strict tool", f"tools[{number}].strict")
    items = body["input"] if isinstance(body["input"], list) else ()
    for number, item in enumerate(items):
        _check_item(item, f"input[{number}]")


def _check_item(item: Mapping[str, Any], place: str) -> None:
    kind = item_type(item)
    if kind == "message" and item.get("role") == "assistant":
        kind = "an assistant message"
    if kind not in ITEM_FIELDS:
        raise _refusal(f"an item of type '{kind}'", place)
    for name in item:
        if name not in ITEM_FIELDS[kind]:
            raise _refusal(f"{kind} with '{name}'", f"{place}.{name}")
    _check_values(item, kind, place)


def _check_values(item: Mapping[str, Any], kind: str, place: str) -> None:
    match kind:
        case "function_call_output" if not isinstance(item.get("output"), str):
            raise _refusal("an output that is no string", f"{place}.output")
        case "function_call" if not _is_json_object(item.get("arguments")):
            raise _refusal("a call whose arguments are no JSON object", f"{place}.arguments")
        case "an assistant message":
            _check_repeated_message(item, place)
        case "message":
            _check_message(item, place)


def _check_message(item: Mapping[str, Any], place: str) -> None:
    if item.get("role") not in ROLES:
        raise _refusal(f"role '{item.get('role')}'", f"{place}.role")
    content = item.get("content")
    for part in content if isinstance(content, list) else ():
        if part.get("type") != "input_text":
            raise _refusal(f"a content part of type '{part.get('type')}'", f"{place}.content")


def _check_repeated_message(item: Mapping[str, Any], place: str) -> None:
    """vLLM wants the whole message (openai/codex#12669), llama.cpp no string as content."""
    missing = [name for name in sorted(ITEM_FIELDS["an assistant message"]) if name not in item]
    if missing:
        raise _refusal(f"an assistant message without '{missing[0]}'", place)
    content = item["content"]
    for part in content if isinstance(content, list) else [{}]:
        if part.get("type") != "output_text" or "annotations" not in part:
            raise _refusal("content other than output_text with annotations", f"{place}.content")


def _is_json_object(text: object) -> bool:
    """Whether a call's arguments can be read: vLLM and Ollama fail on others."""
    try:
        return isinstance(json.loads(str(text)), dict)
    except ValueError:
        return False


def _refusal(what: str, param: str) -> Refusal:
    text = f"scripted model, compatible: {what} is outside the compatible profile"
    return Refusal(text, param, "unsupported")
