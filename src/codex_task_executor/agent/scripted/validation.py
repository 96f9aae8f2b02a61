"""What OpenAI's API refuses of a request, before anything is answered.

The wording follows errors that the API is publicly known to give. Where a check has no
known wording, or guards a rule of this project rather than of the API, its message begins
with "scripted model:".
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from codex_task_executor.agent.scripted import compatible, conversation_rules, item_rules, schemas
from codex_task_executor.agent.scripted.refusals import Refusal, invalid_value, too_long

PARAMETERS = frozenset(
    {
        "access_programs",
        "background",
        "background_options",
        "context_management",
        "conversation",
        "image",
        "include",
        "input",
        "instructions",
        "max_output_tokens",
        "max_tool_calls",
        "metadata",
        "model",
        "moderation",
        "parallel_tool_calls",
        "previous_response_id",
        "prompt",
        "prompt_cache_key",
        "prompt_cache_options",
        "prompt_cache_retention",
        "reasoning",
        "safety_identifier",
        "service_tier",
        "store",
        "stream",
        "stream_options",
        "temperature",
        "text",
        "tool_choice",
        "tools",
        "top_logprobs",
        "top_p",
        "truncation",
        "user",
    }
)
"""Parameters of POST /v1/responses (API reference, as in openai 3.54)."""
INCLUDABLE = frozenset(
    {
        "file_search_call.results",
        "web_search_call.results",
        "web_search_call.action.sources",
        "message.input_image.image_url",
        "computer_call_output.output.image_url",
        "code_interpreter_call.outputs",
        "reasoning.encrypted_content",
        "message.output_text.logprobs",
    }
)
EFFORTS = ("none", "minimal", "low", "medium", "high", "xhigh", "max")
TOOL_CHOICES = ("none", "auto", "required")
TOOL_NAME = re.compile(r"[a-zA-Z0-9_-]{1,64}")
MAX_CACHE_KEY = 64


@dataclass(frozen=True)
class Rules:
    """How strict to be. ``stateless``: ``store`` must be false. ``streaming``: ``stream``
    must be true. ``compatible``: refuse what servers other than OpenAI's do not know.
    """

    compatible: bool = False
    stateless: bool = True
    streaming: bool = True


def check_request(
    body: Mapping[str, Any], rules: Rules, sent_types: frozenset[str] = frozenset()
) -> None:
    """Raise Refusal for the first thing in a request that would not be accepted.

    ``sent_types`` are item types beyond the known ones that the model has used itself.
    """
    _check_parameters(body)
    if rules.streaming and body.get("stream") is not True:
        raise Refusal("scripted model: this client streams, 'stream' must be true", "stream")
    if rules.compatible:
        compatible.check(body)
    elif rules.stateless and body.get("store") is not False:
        raise Refusal("scripted model: this client is stateless, 'store' must be false", "store")
    _check_tools(body.get("tools") or ())
    _check_tool_choice(body)
    if not isinstance(body["input"], str):
        item_rules.check(body["input"], sent_types)
        conversation_rules.check(body["input"], sealed=not rules.compatible)


def _check_parameters(body: Mapping[str, Any]) -> None:
    for name in body:
        if name not in PARAMETERS:
            raise Refusal(f"Unknown parameter: '{name}'.", name, "unknown_parameter")
    for name in ("model", "input"):
        if not body.get(name):
            text = f"Missing required parameter: '{name}'."
            raise Refusal(text, name, "missing_required_parameter")
    for name in ("input", "tools"):
        if not _is_array_of_objects(body.get(name, [])):
            text = f"Invalid type for '{name}': expected an array of objects."
            raise Refusal(text, name, "invalid_type")
    for name in body.get("include") or ():
        if name not in INCLUDABLE:
            raise invalid_value(name, "include", sorted(INCLUDABLE))
    _check_effort(body.get("reasoning") or {})
    _check_cache_key(body.get("prompt_cache_key"))


def _is_array_of_objects(value: object) -> bool:
    """Whether a parameter holds items or tools; input may be a bare string too."""
    if isinstance(value, str):
        return True
    return isinstance(value, list) and all(isinstance(part, dict) for part in value)


def _check_effort(reasoning: Mapping[str, Any]) -> None:
    effort = reasoning.get("effort")
    if effort is not None and effort not in EFFORTS:
        raise invalid_value(effort, "reasoning.effort", EFFORTS)


def _check_cache_key(key: str | None) -> None:
    if key is not None and len(key) > MAX_CACHE_KEY:
        raise too_long("prompt_cache_key", MAX_CACHE_KEY, len(key))


def _check_tools(tools: Sequence[Mapping[str, Any]]) -> None:
    seen: set[str] = set()
    for number, tool in enumerate(tools):
        if tool.get("type") not in ("function", "custom"):
            continue
        name, place = str(tool.get("name", "")), f"tools[{number}]"
        if not TOOL_NAME.fullmatch(name):
            text = (
                f"Invalid '{place}.name': string does not match pattern. Expected a string "
                "that matches the pattern '^[a-zA-Z0-9_-]+$'."
            )
            raise Refusal(text, f"{place}.name", "invalid_value")
        if name in seen:
            raise Refusal(f"scripted model: two tools are named '{name}'", place)
        seen.add(name)
        if tool["type"] == "function":
            _check_schema(tool, place)


def _check_tool_choice(body: Mapping[str, Any]) -> None:
    choice = body.get("tool_choice")
    if isinstance(choice, str) and choice not in TOOL_CHOICES:
        raise invalid_value(choice, "tool_choice", TOOL_CHOICES)
    name = choice.get("name") if isinstance(choice, Mapping) else None
    if name is not None and name not in {tool.get("name") for tool in body.get("tools") or ()}:
        raise Refusal(f"Tool choice '{name}' not found in 'tools' parameter.", "tool_choice")


def _check_schema(tool: Mapping[str, Any], place: str) -> None:
    if not tool.get("strict"):
        return
    for problem in schemas.problems(tool.get("parameters") or {}):
        text = f"Invalid schema for function '{tool['name']}': {problem}"
        raise Refusal(text, f"{place}.parameters", "invalid_function_parameters")
