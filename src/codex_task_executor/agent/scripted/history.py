"""Where a conversation stands: found in the request's input, item by item.

The input itself says what the model has already said, so a client that was killed and
starts again, or a server that did, needs nothing else. Two things leave no trace there and
are remembered: which faults were played, and turns that gave nothing to repeat.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from codex_task_executor.agent.scripted.declared import mismatch
from codex_task_executor.agent.scripted.faults import Fault
from codex_task_executor.agent.scripted.items import Renderer, item_type, text_of, tokens
from codex_task_executor.agent.scripted.scenario import (
    Call,
    Conversation,
    Message,
    RefusalMessage,
)

Input = Sequence[Mapping[str, Any]]
MODEL_CALLS = {"function_call": "arguments", "custom_tool_call": "input"}
"""Calls by type, with the field that holds what is called for."""


def said_by_model(item: Mapping[str, Any]) -> bool:
    """Whether an input item repeats a message or call of the model."""
    kind = item_type(item)
    return kind in MODEL_CALLS or (kind == "message" and item.get("role") == "assistant")


@dataclass(frozen=True)
class Saying:
    """A message or call of the script, or (``fields`` None) a turn without any.

    ``optional``: the input may lack it, as a client cannot or need not repeat it: a turn
    without messages and calls, a blank message, a second call with the same call_id.
    ``unreadable``: a call whose arguments are no JSON object and may come back as ``{}``,
    because servers other than OpenAI's could not read them again.
    """

    turn: int
    index: int
    fields: Mapping[str, Any] | None
    optional: bool
    unreadable: bool = False

    def is_repeated_by(self, item: Mapping[str, Any]) -> bool:
        """Whether an input item is this message or call, leaving ids aside."""
        if self.fields is None or item_type(item) != self.fields["type"]:
            return False
        if self.fields["type"] == "message":
            said = text_of(item.get("content")) == text_of(self.fields["content"])
            return said and item.get("phase") == self.fields.get("phase")
        name = MODEL_CALLS[self.fields["type"]]
        same = item.get(name) in (self.fields[name], self.unreadable and "{}")
        return same and item.get("name") == self.fields["name"]


def sayings(conversation: Conversation, renderer: Renderer) -> list[Saying]:
    """Everything of a conversation that an input can repeat, in order."""
    found: list[Saying] = []
    call_ids: set[str | None] = {None}
    for number, turn in enumerate(conversation.turns):
        before = len(found)
        for index, item in enumerate(turn.items):
            if not isinstance(item, Message | RefusalMessage | Call):
                continue
            call_id = item.call_id if isinstance(item, Call) else None
            blank = not isinstance(item, Call) and not item.text.strip()
            twice = call_id is not None and call_id in call_ids
            call_ids.add(call_id)
            fields = renderer.fields(item, turn)
            unreadable = renderer.compatible and not _is_readable(fields)
            found.append(Saying(number, index, fields, blank or twice, unreadable))
        if len(found) == before:
            found.append(Saying(number, len(turn.items), None, True))
    return found


def _is_readable(fields: Mapping[str, Any] | None) -> bool:
    try:
        return isinstance(json.loads((fields or {}).get("arguments", "{}")), dict)
    except ValueError:
        return False


@dataclass(frozen=True)
class Place:
    """Where an input stands: the next turn, its first item to send, the texts since."""

    turn: int
    item: int
    added: tuple[str, ...]


def find_place(script: Sequence[Saying], items: Input, ended: Mapping[int, int]) -> Place | None:
    """The place of ``items`` in the script, None behind its end.

    ``ended``: turns that were played to their end, with the length of the input at that
    time; needed only to pass by optional sayings. Raises Refusal where the input holds
    something that the model has not said, or lacks something that it has.
    """
    position, turn, turn_began = 0, -1, 0
    for number, item in enumerate(items):
        if not said_by_model(item):
            continue
        position = _repeated(script, position, number, item)
        if script[position].turn != turn:
            turn, turn_began = script[position].turn, number
        position += 1
    while position < len(script) and _is_past(script[position], len(items), ended):
        position += 1
    if position == len(script):
        return None
    before, following = script[position - 1] if position else None, script[position]
    resumed = before is not None and before.turn == following.turn
    first = before.index + 1 if before is not None and resumed else 0
    return Place(following.turn, first, added_texts(items[turn_began:]))


def _repeated(script: Sequence[Saying], position: int, number: int, item: Mapping[str, Any]) -> int:
    """The position of the saying that an input item repeats, at or behind ``position``."""
    for at in range(position, len(script)):
        if script[at].is_repeated_by(item):
            return at
        if not script[at].optional:
            raise mismatch(
                f"input[{number}] ({item_type(item)}) is not what the model said here: "
                f"turn {script[at].turn}, item {script[at].index}"
            )
    raise mismatch(f"input[{number}] ({item_type(item)}): the model has said nothing more")


def _is_past(saying: Saying, length: int, ended: Mapping[int, int]) -> bool:
    return saying.optional and length > ended.get(saying.turn, length)


def added_texts(items: Input) -> tuple[str, ...]:
    """The texts of outputs and of messages that are not the model's."""
    return tuple(
        text_of(item.get("content", item.get("output")))
        for item in items
        if not said_by_model(item) and item_type(item) != "reasoning"
    )


@dataclass(frozen=True)
class Tip:
    """An input and its tokens, ``known`` of them from the input that it continues."""

    items: list[Mapping[str, Any]]
    tokens: int
    known: int

    @classmethod
    def after(cls, tip: Tip | None, items: list[Mapping[str, Any]]) -> Tip:
        """``items`` after ``tip``, counting only what is new."""
        known, length = (tip.tokens, len(tip.items)) if tip else (0, 0)
        return cls(items, known + sum(tokens(item) for item in items[length:]), known)


@dataclass
class Thread:
    """What is remembered of one task's conversation.

    ``tips``: inputs that the next one may continue (one where the request names the
    conversation by prompt_cache_key, else one for each that has begun). ``requests`` counts
    them by turn; ``ended`` maps turns played to their end to the length of their input.
    """

    conversation: Conversation
    name: str
    tips: list[Tip] = field(default_factory=list)
    requests: Counter[int] = field(default_factory=Counter)
    ended: dict[int, int] = field(default_factory=dict)

    def admit(self, items: list[Mapping[str, Any]], *, keyed: bool) -> Tip:
        """Take the next input.

        An input without anything said by the model may be new: a conversation that starts.
        Raises Refusal where the input does not continue an earlier one item for item.
        """
        begins = not any(said_by_model(item) for item in items)
        tip = None if begins and not keyed else self._continued(items)
        if tip is not None:
            self.tips.remove(tip)
        elif begins and keyed:
            self.tips, self.requests, self.ended = [], Counter(), {}
        elif self.tips and not begins:
            raise mismatch(self._difference(items))
        self.tips.append(Tip.after(tip, items))
        return self.tips[-1]

    def _continued(self, items: Input) -> Tip | None:
        fitting = (tip for tip in self.tips if items[: len(tip.items)] == tip.items)
        return max(fitting, key=lambda tip: len(tip.items), default=None)

    def _difference(self, items: Input) -> str:
        shared = max(_shared(tip.items, items) for tip in self.tips)
        return (
            f"the input is not append-only: input[{shared}] differs from the previous "
            f"request of this conversation, which had more than {shared} items"
        )

    def next_fault(self, turn: int) -> Fault | None:
        """Count a request for a turn; return the fault that it meets, if any."""
        faults, attempt = self.conversation.turns[turn].faults, self.requests[turn]
        self.requests[turn] += 1
        return faults[attempt] if attempt < len(faults) else None

    def end(self, turn: int, length: int) -> None:
        """Remember that a turn was played to its end, for an input of ``length`` items."""
        self.ended[turn] = length

    def unfinished(self) -> list[int]:
        """Turns that were neither played to their end nor left after their last fault."""
        return [
            number
            for number, turn in enumerate(self.conversation.turns)
            if number not in self.ended
            and not (turn.faults and self.requests[number] >= len(turn.faults))
        ]


def _shared(one: Input, other: Input) -> int:
    """How many leading items two inputs have in common."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((n for n, (a, b) in pairs if a != b), min(len(one), len(other)))
