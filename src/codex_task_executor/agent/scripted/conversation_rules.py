"""What OpenAI's API refuses of the input: calls, outputs and reasoning that do not fit."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import zip_longest
from typing import Any

from codex_task_executor.agent.scripted.items import encrypted_content, item_type
from codex_task_executor.agent.scripted.refusals import Refusal

CALLS = {"function_call": "function call", "custom_tool_call": "custom tool call"}
"""Calls by type, as error messages name them; an output's type is the call's + _output."""


def check(items: Sequence[Mapping[str, Any]], *, sealed: bool) -> None:
    """Raise Refusal for the first item of the input that would not be accepted.

    ``sealed``: reasoning must come with its encrypted content, as stateless use needs it.
    """
    _check_outputs(items)
    _check_calls(items)
    _check_followers(items)
    for item in items:
        if sealed and item_type(item) == "reasoning":
            _check_sealed(item)


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


def _check_followers(items: Sequence[Mapping[str, Any]]) -> None:
    """Reasoning stands directly before what it led to."""
    for item, following in zip_longest(items, items[1:]):
        if item_type(item) == "reasoning" and not _may_follow(following):
            raise Refusal(
                f"Item '{item.get('id')}' of type 'reasoning' was provided without its "
                "required following item.",
                "input",
            )


def _may_follow(item: Mapping[str, Any] | None) -> bool:
    """Whether the model made the item: no user message, no output."""
    if item is None or item_type(item).endswith("_output"):
        return False
    return item_type(item) != "message" or item.get("role") == "assistant"


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
