"""What servers other than OpenAI's (vLLM, Ollama, llama.cpp, LM Studio) do not know.

No one of them refuses all of it; a client that is to work with each uses none of it.
"""

from __future__ import annotations

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
    # id and status: vLLM wants them on a message of the model (openai/codex#12669)
    "message": frozenset({"type", "id", "role", "status", "content"}),
    "function_call": frozenset({"type", "call_id", "name", "arguments"}),
    "function_call_output": frozenset({"type", "call_id", "output"}),
}
ROLES = ("user", "assistant", "system")
"""Chat templates know these; most fail on a developer message."""
PARTS = ("input_text", "output_text")


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
    if kind not in ITEM_FIELDS:
        raise _refusal(f"an item of type '{kind}'", place)
    for name in item:
        if name not in ITEM_FIELDS[kind]:
            raise _refusal(f"field '{name}' of a {kind}", f"{place}.{name}")
    if kind == "function_call_output" and not isinstance(item.get("output"), str):
        raise _refusal("an output that is no string", f"{place}.output")
    if kind == "message":
        _check_message(item, place)


def _check_message(item: Mapping[str, Any], place: str) -> None:
    if item.get("role") not in ROLES:
        raise _refusal(f"role '{item.get('role')}'", f"{place}.role")
    content = item.get("content")
    for part in content if isinstance(content, list) else ():
        if part.get("type") not in PARTS:
            raise _refusal(f"a content part of type '{part.get('type')}'", f"{place}.content")


def _refusal(what: str, param: str) -> Refusal:
    text = f"scripted model, compatible: {what} is outside the compatible profile"
    return Refusal(text, param, "unsupported")
