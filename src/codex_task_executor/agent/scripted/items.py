"""From a scenario's items to the output items of the Responses API."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from codex_task_executor.agent.scripted.declared import Declarations, call_fields
from codex_task_executor.agent.scripted.scenario import (
    Call,
    Item,
    Message,
    RawItem,
    Reasoning,
    RefusalMessage,
    Turn,
)

ID_PREFIXES = {
    "message": "msg",
    "reasoning": "rs",
    "function_call": "fc",
    "custom_tool_call": "ctc",
}
"""How OpenAI's item ids begin."""


@dataclass(frozen=True)
class Naming:
    """Makes ids: the same for the same place of the same answer, different elsewhere."""

    seed: str

    def make(self, prefix: str, *place: object) -> str:
        """An id such as ``fc_3f...``: the prefix, ``_`` and 32 hexadecimal digits."""
        text = "/".join([self.seed, prefix, *(str(step) for step in place)])
        return f"{prefix}_{hashlib.sha256(text.encode()).hexdigest()[:32]}"


def encrypted_content(item_id: str) -> str:
    """A reasoning item's sealed content: opaque to clients, checkable here from its id."""
    sealed = hashlib.sha512(f"scripted reasoning {item_id}".encode()).digest()
    return "gAAAAAB" + base64.urlsafe_b64encode(sealed).decode()


def phase_of(message: Message, turn: Turn) -> str | None:
    """The phase that a message is sent with: its own, or what its turn suggests."""
    if message.phase is not None:
        return None if message.phase == "none" else message.phase
    return "commentary" if any(isinstance(item, Call) for item in turn.items) else "final_answer"


@dataclass(frozen=True)
class Renderer:
    """Renders items for one request: its tools, its profile, whether it wants sealed content."""

    declared: Declarations
    compatible: bool
    sealed: bool

    def render(self, item: Item, turn: Turn, naming: Naming, index: int) -> dict[str, Any] | None:
        """The output item, ids included; None for what is no item (a raw event)."""
        fields = self.fields(item, turn)
        if fields is None or isinstance(item, RawItem):
            return fields
        item_id = naming.make(ID_PREFIXES[fields["type"]], index)
        extra: dict[str, Any] = {"id": item_id}
        if isinstance(item, Call):
            extra |= {"call_id": item.call_id or naming.make("call", index)}
        if isinstance(item, Reasoning) and self.sealed and not self.compatible:
            extra |= {"encrypted_content": encrypted_content(item_id)}
        return extra | fields

    def fields(self, item: Item, turn: Turn) -> dict[str, Any] | None:
        """The item without its ids: what tells it from others wherever it shows up again."""
        match item:
            case Message():
                return self._message([_output_text(item.text)], phase_of(item, turn))
            case RefusalMessage():
                return self._message([{"type": "refusal", "refusal": item.text}], None)
            case Reasoning():
                return self._reasoning(item.summary)
            case Call():
                return call_fields(item, self.declared) | {"status": "completed"}
            case RawItem():
                return dict(item.item)
        return None

    def _message(self, content: list[dict[str, Any]], phase: str | None) -> dict[str, Any]:
        message = {
            "type": "message",
            "status": "completed",
            "role": "assistant",
            "content": content,
        }
        return message | ({"phase": phase} if phase and not self.compatible else {})

    def _reasoning(self, text: str) -> dict[str, Any]:
        """Open servers send the reasoning itself, OpenAI a summary of it."""
        if self.compatible:
            content = [{"type": "reasoning_text", "text": text}]
            return {"type": "reasoning", "summary": [], "content": content}
        summary = [{"type": "summary_text", "text": text}] if text else []
        return {"type": "reasoning", "summary": summary}


def halved(item: Mapping[str, Any]) -> dict[str, Any]:
    """An item that the model did not finish: half its text, ``status`` incomplete."""
    half: dict[str, Any] = {"status": "incomplete"}
    for name in ("arguments", "input"):
        if name in item:
            half[name] = item[name][: len(item[name]) // 2]
    if "content" in item:
        text = text_of(item["content"])
        half["content"] = [_output_text(text[: len(text) // 2])]
    return dict(item) | half


def _output_text(text: str) -> dict[str, Any]:
    return {"type": "output_text", "annotations": [], "logprobs": [], "text": text}


def tokens(value: object) -> int:
    """A deterministic count in place of a tokenizer: characters of the JSON / 4."""
    return len(json.dumps(value, ensure_ascii=False)) // 4 if value else 0


def item_type(item: Mapping[str, Any]) -> str:
    """An input item's type; a bare role and content is a message."""
    return str(item.get("type") or ("message" if "role" in item else "item_reference"))


def text_of(content: object) -> str:
    """The text of a message's content or of an output: a string, or parts put together."""
    if isinstance(content, str):
        return content
    if not isinstance(content, list):
        return ""
    return "".join(
        str(part.get("text") or part.get("refusal") or "")
        for part in content
        if isinstance(part, Mapping)
    )
