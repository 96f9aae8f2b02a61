"""What was sent, so that it can be recognised when it comes back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from codex_task_executor.agent.scripted.declared import mismatch
from codex_task_executor.agent.scripted.items import item_type
from codex_task_executor.agent.scripted.refusals import Refusal


class Memory:
    """Sent items by id, each with the reasoning that came directly before it."""

    def __init__(self) -> None:
        self._sent: dict[str, Mapping[str, Any]] = {}
        self._reasoning: dict[str, str] = {}

    def remember(self, item: Mapping[str, Any], before: Mapping[str, Any] | None) -> None:
        """Keep an item; ``before`` is the one sent before it in the same response."""
        item_id = str(item.get("id"))
        self._sent[item_id] = item
        if before is not None and item_type(before) == "reasoning":
            self._reasoning[item_id] = str(before.get("id"))

    def check(self, items: Sequence[Mapping[str, Any]]) -> None:
        """Raise Refusal for the first item that comes back other than it was sent.

        Items of an id that this server has not sent are not judged.
        """
        before: Mapping[str, Any] = {}
        for number, item in enumerate(items):
            item_id = str(item.get("id"))
            if item_id in self._sent:
                self._check_same(number, item, self._sent[item_id])
                self._check_reasoning(item, self._reasoning.get(item_id), before)
            before = item

    def _check_same(self, number: int, item: Mapping[str, Any], sent: Mapping[str, Any]) -> None:
        """Every field but ``status``, which the API reference calls informative."""
        for name in sorted({*item, *sent} - {"status"}):
            if item.get(name) != sent.get(name):
                raise mismatch(f"input[{number}] is not as it was sent: '{name}' differs")

    def _check_reasoning(
        self, item: Mapping[str, Any], reasoning: str | None, before: Mapping[str, Any]
    ) -> None:
        if reasoning is not None and before.get("id") != reasoning:
            raise Refusal(
                f"Item '{item['id']}' of type '{item_type(item)}' was provided without its "
                f"required 'reasoning' item: '{reasoning}'.",
                "input",
            )
