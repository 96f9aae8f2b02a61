"""What OpenAI's API refuses of a single input item: its type, fields, ids, content."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from codex_task_executor.agent.scripted.items import ID_PREFIXES, item_type
from codex_task_executor.agent.scripted.refusals import Refusal, invalid_value, too_long

FIELDS: Mapping[str, tuple[Sequence[str], Sequence[str]]] = {
    "message": (("role", "content"), ("id", "status", "phase")),
    "reasoning": (("id", "summary"), ("content", "encrypted_content")),
    "function_call": (
        ("call_id", "name", "arguments"),
        ("id", "status", "namespace", "caller", "async"),
    ),
    "custom_tool_call": (
        ("call_id", "name", "input"),
        ("id", "status", "namespace", "caller", "async"),
    ),
    "function_call_output": (
        ("call_id", "output"),
        ("id", "status", "name", "namespace", "caller"),
    ),
    "custom_tool_call_output": (("call_id", "output"), ("id", "status", "caller")),
}
"""Required and optional fields of the items that this project uses (API reference).

Reasoning has no ``status`` as input: "Unknown parameter: 'input[3].status'."
(github.com/1jehuang/jcode/issues/1028).
"""
OTHER_TYPES = frozenset(
    {
        "file_search_call",
        "computer_call",
        "computer_call_output",
        "web_search_call",
        "tool_search_call",
        "tool_search_output",
        "additional_tools",
        "configuration_update",
        "compaction",
        "image_generation_call",
        "code_interpreter_call",
        "local_shell_call",
        "local_shell_call_output",
        "shell_call",
        "shell_call_output",
        "apply_patch_call",
        "apply_patch_call_output",
        "mcp_list_tools",
        "mcp_approval_request",
        "mcp_approval_response",
        "mcp_call",
        "compaction_trigger",
        "item_reference",
        "program",
        "program_output",
    }
)
"""Types of input items that the API knows and whose fields are not checked here."""
PARTS = {
    "assistant": ("output_text", "refusal"),
    "user": ("input_text", "input_image", "input_file", "input_audio"),
}
PARTS |= {"system": PARTS["user"], "developer": PARTS["user"]}
MAX_CALL_ID = 64


def check(items: Sequence[Mapping[str, Any]], sent_types: frozenset[str]) -> None:
    """Raise Refusal for the first item that the API cannot read.

    ``sent_types`` are further types that the API itself has sent, and so takes back.
    """
    for number, item in enumerate(items):
        kind, place = item_type(item), f"input[{number}]"
        if kind in FIELDS:
            _check_fields(item, kind, place)
            _check_ids(item, kind, place)
        elif kind not in OTHER_TYPES | sent_types:
            raise invalid_value(kind, place, sorted([*FIELDS, *OTHER_TYPES]))
        if kind == "message":
            _check_message(item, place)


def _check_fields(item: Mapping[str, Any], kind: str, place: str) -> None:
    required, optional = FIELDS[kind]
    for name in required:
        if name not in item:
            text = f"Missing required parameter: '{place}.{name}'."
            raise Refusal(text, f"{place}.{name}", "missing_required_parameter")
    for name, value in item.items():
        if name not in {"type", *required, *optional}:
            text = f"Unknown parameter: '{place}.{name}'."
            raise Refusal(text, f"{place}.{name}", "unknown_parameter")
        if value is None:
            text = f"Invalid type for '{place}.{name}': expected a value, but got null instead."
            raise Refusal(text, f"{place}.{name}", "invalid_type")


def _check_ids(item: Mapping[str, Any], kind: str, place: str) -> None:
    prefix, item_id = ID_PREFIXES.get(kind, ""), str(item.get("id", ""))
    if item_id and not item_id.startswith(prefix):
        text = f"Invalid '{place}.id': '{item_id}'. Expected an ID that begins with '{prefix}'."
        raise Refusal(text, f"{place}.id", "invalid_value")
    if len(str(item.get("call_id", ""))) > MAX_CALL_ID:
        raise too_long(f"{place}.call_id", MAX_CALL_ID, len(str(item["call_id"])))


def _check_message(item: Mapping[str, Any], place: str) -> None:
    role, content = item["role"], item["content"]
    if role not in PARTS:
        raise invalid_value(role, f"{place}.role", sorted(PARTS))
    for number, part in enumerate(content if isinstance(content, list) else ()):
        if part.get("type") not in PARTS[role]:
            raise invalid_value(part.get("type"), f"{place}.content[{number}]", PARTS[role])
    if "phase" in item and role != "assistant":
        text = f"scripted model: {place} is a {role} message with a phase"
        raise Refusal(text, f"{place}.phase")
