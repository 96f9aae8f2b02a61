"""What OpenAI's API refuses of the input: calls, outputs and reasoning that do not fit."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from codex_task_executor.agent.scripted.items import encrypted_content, item_type
from codex_task_executor.agent.scripted.refusals import Refusal

CALLS = {"function_call": "function call", "custom_tool_call": "custom tool call"}
"""Calls by type, as error messages name them; an output's type is the call's + _output."""
FOLLOWERS = frozenset({"message", "reasoning", *CALLS})


def check(body: Mapping[str, Any]) -> None:
    """Raise Refusal for the first item of the input that would not be accepted."""
    items = body["input"]
    if isinstance(items, str):
        return
    _check_outputs(items)
    _check_calls(items)
    _check_reasoning(items)


def _check_outputs(items: Sequence[Mapping[str, Any]]) -> None:
    """Every output belongs to an earlier call, and is the only one."""
    open_calls: Counter[tuple[str, Any]] = Counter()
    answered: set[tuple[str, Any]] = set()
    for item in items:
        kind = item_type(item)
        if kind in CALLS:
            open_calls[kind, item.get("call_id")] += 1
        elif kind.removesuffix("_output") in CALLS:
            call = (kind.removesuffix("_output"), item.get("call_id"))
            if not open_calls[call]:
                raise _stray_output(call, again=call in answered)
            open_calls[call] -= 1
            answered.add(call)


def _stray_output(call: tuple[str, Any], *, again: bool) -> Refusal:
    name, call_id = CALLS[call[0]], call[1]
    if again:
        text = f"scripted model: more than one output for {name} {call_id}."
        return Refusal(text, "input")
    return Refusal(f"No tool call found for {name} output with call_id {call_id}.", "input")


def _check_calls(items: Sequence[Mapping[str, Any]]) -> None:
    """Every call has an output."""
    kinds = [(item_type(item), item.get("call_id")) for item in items]
    outputs = Counter(kinds)
    for kind, call_id in kinds:
        if kind not in CALLS:
            continue
        if not outputs[f"{kind}_output", call_id]:
            text = f"No tool output found for {CALLS[kind]} {call_id}."
            raise Refusal(text, "input")
        outputs[f"{kind}_output", call_id] -= 1


def _check_reasoning(items: Sequence[Mapping[str, Any]]) -> None:
    """Reasoning comes sealed, as it was sent, and directly before what it led to."""
    followed_by = [*(item_type(item) for item in items[1:]), "nothing"]
    followers = [
        kind in FOLLOWERS and item.get("role", "assistant") == "assistant"
        for kind, item in zip(followed_by, [*items[1:], {}], strict=True)
    ]
    for item, has_follower in zip(items, followers, strict=True):
        if item_type(item) != "reasoning":
            continue
        _check_sealed(item)
        if not has_follower:
            raise Refusal(
                f"Item '{item.get('id')}' of type 'reasoning' was provided without its "
                "required following item.",
                "input",
            )


def _check_sealed(item: Mapping[str, Any]) -> None:
    item_id, sealed = str(item.get("id")), item.get("encrypted_content")
    if not sealed:
        raise Refusal(
            f"Item with id '{item_id}' not found. Items are not persisted when `store` is set "
            "to false. Try again with `store` set to true, or remove this item from your input.",
            "input",
            status=404,
        )
    if sealed != encrypted_content(item_id):
        raise Refusal(
            f"The encrypted content for item {item_id} could not be verified.",
            code="invalid_encrypted_content",
        )
