"""The transcript: what happened in a conversation, as records that are only ever appended.

::

    input    a message to the model: the task, an answer, test failures, a nudge
    item     one whole item of a response, in order
    start    a call begins to run
    output   a call's result
    end      a response ended; what it cost

A call is named by its iteration and the position of its item there, not by its call_id:
some servers number the calls of every response from 0 again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Annotated, Any, Literal, Protocol

from pydantic import Field, TypeAdapter

from codex_task_executor.agent.model import Item, Usage

Origin = Literal["user", "tool", "nudge"]
"""Whose words a message carries: the user's, this program's (test failures), or a nudge."""


@dataclass(frozen=True)
class InputRecord:
    """A message to the model."""

    item: Item
    origin: Origin
    kind: Literal["input"] = "input"


@dataclass(frozen=True)
class ItemRecord:
    """One whole item of a response."""

    iteration: int
    item: Item
    kind: Literal["item"] = "item"


@dataclass(frozen=True)
class StartRecord:
    """A call is about to run; without an output its effects are unknown."""

    iteration: int
    position: int
    call_id: str
    kind: Literal["start"] = "start"


@dataclass(frozen=True)
class OutputRecord:
    """A call's output item."""

    iteration: int
    position: int
    item: Item
    kind: Literal["output"] = "output"


@dataclass(frozen=True)
class EndRecord:
    """A response ended. ``complete`` False: it was cut; ``cost`` in USD, None: unknown."""

    iteration: int
    complete: bool = True
    usage: Usage = field(default_factory=Usage)
    cost: Decimal | None = None
    kind: Literal["end"] = "end"


Record = InputRecord | ItemRecord | StartRecord | OutputRecord | EndRecord

_ADAPTER: TypeAdapter[Record] = TypeAdapter(Annotated[Record, Field(discriminator="kind")])


class Journal(Protocol):
    """Where records are kept; after ``append`` returns the record survives a SIGKILL."""

    def append(self, record: Record) -> None:
        """Keep one record."""
        ...


def to_json(record: Record) -> dict[str, Any]:
    """The record as a JSON object; ``cost`` becomes a string of digits."""
    return {
        name: value if name == "item" else _plain(value) for name, value in vars(record).items()
    }


def from_json(data: Mapping[str, Any]) -> Record:
    """The record that ``to_json`` wrote. Raises ValueError for anything else."""
    return _ADAPTER.validate_python(data)


def _plain(value: Any) -> Any:
    if isinstance(value, Usage):
        return dict(vars(value))
    return str(value) if isinstance(value, Decimal) else value
