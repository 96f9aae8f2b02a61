"""From canonical tools to what a request declares: wire names, forms, arguments."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from codex_task_executor.agent.scripted.refusals import Refusal
from codex_task_executor.agent.scripted.scenario import Call

WIRE_NAMES = {"bash": ("shell_command", "bash")}
"""Canonical names that a profile may rename, with the names to look for, in order."""

Declarations = Mapping[str, Mapping[str, Any]]


def declarations(tools: Sequence[Mapping[str, Any]]) -> Declarations:
    """The request's tools by name."""
    return {str(tool["name"]): tool for tool in tools if "name" in tool}


def call_fields(call: Call, declared: Declarations) -> dict[str, Any]:
    """``type``, ``name`` and ``arguments`` or ``input`` of a call as the model sends it.

    Raises Refusal where the request declares no such tool, or one that the scenario's
    arguments do not fit: the scenario and the client do not belong together.
    """
    name = call.name or _wire_name(call, declared)
    tool = declared.get(name, {"type": "custom" if call.input is not None else "function"})
    if tool["type"] == "custom":
        return {"type": "custom_tool_call", "name": name, "input": _freeform(call, name)}
    arguments = call.raw_arguments
    if arguments is None:
        arguments = json.dumps(
            _arguments(call, name, tool), ensure_ascii=False, separators=(",", ":")
        )
    return {"type": "function_call", "name": name, "arguments": arguments}


def _wire_name(call: Call, declared: Declarations) -> str:
    names = WIRE_NAMES.get(str(call.tool), (str(call.tool),))
    for name in names:
        if name in declared:
            return name
    known = ", ".join(declared) or "none"
    raise mismatch(f"the scenario calls '{call.tool}'; tools of the request: {known}")


def _freeform(call: Call, name: str) -> str:
    text = call.input if call.input is not None else call.raw_arguments
    if text is None:
        raise mismatch(f"'{name}' is a freeform tool: the scenario must give its 'input'")
    return text


def _arguments(call: Call, name: str, tool: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments as a model in strict mode writes them: in schema order, null if unset."""
    properties: Mapping[str, Any] = (tool.get("parameters") or {}).get("properties") or {}
    given = call.arguments
    if given is None:
        given = {_text_property(properties): call.input}
    unknown = [key for key in given if key not in properties]
    if unknown and properties:
        raise mismatch(f"'{name}' has no argument '{unknown[0]}': {', '.join(properties)}")
    if not tool.get("strict"):
        return dict(given)
    return {key: given.get(key) for key in properties}


def _text_property(properties: Mapping[str, Any]) -> str:
    """The name of the argument that takes a freeform tool's text in the function form."""
    return next(iter(properties), "input") if len(properties) == 1 else "input"


def mismatch(message: str) -> Refusal:
    """The client and the scenario disagree."""
    return Refusal(f"scripted model: {message}", code="scenario_mismatch")
