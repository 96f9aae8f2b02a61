"""Scenarios: what the scripted model says, as TOML or as the same structure in dicts.

A scenario has conversations; a conversation has turns, the model's answers one after the
other; a turn has items, streamed in order::

    [[conversation]]
    match = "greeting"                  # found in the user's first words
    [[conversation.turn]]
    item = [
        { type = "message", text = "Looking at the code." },
        { type = "call", tool = "read", arguments = { path = "src/app.py" } },
    ]
    [[conversation.turn]]
    expect = ["print"]                  # some output or message since must match
    fault = "429"                       # once; then the items
    item = [{ type = "message", text = "It prints hello." }]

Tools have their canonical names (glob, grep, read, write, edit, apply_patch, bash,
ask_question, report_blocked); the server renders a call in the name and form that the
request declares. ``references/scenarios.md`` describes every field for users.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from re import Pattern
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from codex_task_executor.agent.scripted.faults import Fault, read_fault
from codex_task_executor.agent.scripted.mistakes import ScenarioError, problem_lines

Tool = Literal[
    "glob",
    "grep",
    "read",
    "write",
    "edit",
    "apply_patch",
    "bash",
    "ask_question",
    "report_blocked",
]


def _has_type(value: Mapping[str, Any]) -> Mapping[str, Any]:
    if not isinstance(value.get("type"), str):
        raise ValueError("needs a 'type'")
    return value


Typed = Annotated[Mapping[str, Any], AfterValidator(_has_type)]
"""A JSON object of the API, told apart by its type."""
HoldName = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")]


class Part(BaseModel):
    """Base of everything in a scenario: frozen, and no unknown keys."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Streamed(Part):
    """Base of items. The server waits at ``hold`` before the item, at ``hold_within`` in it."""

    hold: HoldName | None = None
    hold_within: HoldName | None = None


class Message(Streamed):
    """Text from the model. Without ``phase``: commentary beside calls, else final_answer."""

    type: Literal["message"] = "message"
    text: str
    phase: Literal["commentary", "final_answer", "none"] | None = None


class RefusalMessage(Streamed):
    """The model declines: a message whose content is a refusal."""

    type: Literal["refusal"]
    text: str


class Reasoning(Streamed):
    """A reasoning item; ``tokens`` is what usage counts for it."""

    type: Literal["reasoning"]
    summary: str = ""
    tokens: int = Field(default=64, ge=0)


class Call(Streamed):
    """A tool call, by canonical ``tool`` or, undeclared ones too, by wire ``name``.

    One of ``arguments`` (an object), ``raw_arguments`` (sent as they are, malformed JSON
    too) and ``input`` (the text of a freeform call, or the one text argument of a function).
    """

    type: Literal["call"]
    tool: Tool | None = None
    name: str | None = None
    arguments: Mapping[str, Any] | None = None
    raw_arguments: str | None = None
    input: str | None = None
    call_id: str | None = None

    @model_validator(mode="after")
    def _one_of_each(self) -> Self:
        if (self.tool is None) == (self.name is None):
            raise ValueError("a call has either 'tool' or 'name'")
        if [self.arguments, self.raw_arguments, self.input].count(None) != 2:
            raise ValueError("a call has one of 'arguments', 'raw_arguments' and 'input'")
        return self


class RawItem(Streamed):
    """An output item of any type, sent as it is: what a client must expect of newer APIs."""

    type: Literal["raw"]
    item: Typed


class RawEvent(Streamed):
    """A stream event of any type, sent as it is."""

    type: Literal["event"]
    event: Typed


Item = Annotated[
    Message | RefusalMessage | Reasoning | Call | RawItem | RawEvent, Field(discriminator="type")
]


class TurnUsage(Part):
    """Token counts in place of the computed ones (characters / 4)."""

    input_tokens: int = Field(ge=0)
    cached_tokens: int = Field(default=0, ge=0)
    cache_write_tokens: int = Field(default=0, ge=0)
    output_tokens: int = Field(ge=0)
    reasoning_tokens: int = Field(default=0, ge=0)


class Turn(Part):
    """One answer of the model: what the request must bring, the faults, then the items.

    ``expect`` and ``reject`` are searched (multi-line) in the texts that the request adds:
    user messages and outputs that follow the model's previous items. Each of ``expect``
    must be found in one of them, each of ``reject`` in none. ``faults`` are played one a
    request; ``hold`` is waited at after the items, before the terminal event; ``drip``
    sends the stream one byte at a time.
    """

    items: tuple[Item, ...] = Field(default=(), validation_alias="item")
    expect: tuple[Pattern[str], ...] = ()
    reject: tuple[Pattern[str], ...] = ()
    faults: tuple[Fault, ...] = ()
    hold: HoldName | None = None
    drip: bool = False
    usage: TurnUsage | None = None

    @model_validator(mode="before")
    @classmethod
    def _faults_in_one_list(cls, values: object) -> object:
        if not isinstance(values, Mapping):
            return values
        given = dict(values)
        if "fault" in given and "faults" in given:
            raise ValueError("a turn has either 'fault' or 'faults'")
        faults = given.pop("faults", None)
        if "fault" in given:
            faults = [given.pop("fault")]
        if isinstance(faults, list | tuple):
            given["faults"] = [read_fault(fault) for fault in faults]
        elif faults is not None:
            raise ValueError("'faults' is a list")
        return given

    @model_validator(mode="after")
    def _faults_point_at_items(self) -> Self:
        for fault in self.faults:
            if (fault.after or 0) > len(self.items):
                raise ValueError(f"fault {fault.kind} is after item {fault.after}, which is not")
            if fault.within is not None and fault.within >= len(self.items):
                raise ValueError(f"fault {fault.kind} is within item {fault.within}, which is not")
        return self


class Conversation(Part):
    """Turns for the task whose first user messages contain ``match``."""

    match: str = Field(min_length=1)
    turns: tuple[Turn, ...] = Field(validation_alias="turn", min_length=1)


class ListedModel(Part):
    """A model that GET /v1/models lists; ``shutdown_date`` is ISO 8601."""

    id: str = Field(min_length=1)
    shutdown_date: str | None = None


DEFAULT_MODELS = (
    ListedModel(id="gpt-6.1-sol"),
    ListedModel(id="gpt-5.3-codex"),
    ListedModel(id="gpt-5.2-codex", shutdown_date="2026-07-23"),
)


class Scenario(Part):
    """A whole script.

    ``models``: what the key can use; where given, others are refused (model_not_found).
    ``context_window``: input tokens from which on requests are refused
    (context_length_exceeded).
    """

    conversations: tuple[Conversation, ...] = Field(validation_alias="conversation", min_length=1)
    models: tuple[ListedModel, ...] = Field(default=(), validation_alias="model")
    context_window: int | None = Field(default=None, ge=1)

    @model_validator(mode="after")
    def _matches_differ(self) -> Self:
        matches = [conversation.match for conversation in self.conversations]
        twice = sorted({match for match in matches if matches.count(match) > 1})
        if twice:
            raise ValueError(f"more than one conversation has match = {twice[0]!r}")
        return self

    @property
    def raw_types(self) -> frozenset[str]:
        """The types of the output items that are sent as they are."""
        items = (item for c in self.conversations for turn in c.turns for item in turn.items)
        return frozenset(str(item.item["type"]) for item in items if isinstance(item, RawItem))

    @classmethod
    def from_dict(cls, values: Mapping[str, Any], source: str = "scenario") -> Self:
        """The scenario in dicts, keys as in TOML. Raises ScenarioError."""
        try:
            return cls.model_validate(values)
        except ValidationError as error:
            raise ScenarioError(source, problem_lines(error)) from None

    @classmethod
    def from_toml(cls, text: str, source: str = "scenario") -> Self:
        """The scenario in TOML text. Raises ScenarioError."""
        try:
            values = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            raise ScenarioError(source, [str(error)]) from None
        return cls.from_dict(values, source)

    @classmethod
    def load(cls, *paths: Path) -> Self:
        """The scenario of one or more files, their conversations together.

        Raises ScenarioError, also for a file that cannot be read or is not UTF-8.
        """
        parts = [cls.from_toml(_text(path), str(path)) for path in paths]
        return cls.from_dict(
            {
                "conversation": [c for part in parts for c in part.conversations],
                "model": [m for part in parts for m in part.models],
                "context_window": min(
                    (p.context_window for p in parts if p.context_window), default=None
                ),
            },
            " + ".join(str(path) for path in paths),
        )


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ScenarioError(str(path), [str(error)]) from None
