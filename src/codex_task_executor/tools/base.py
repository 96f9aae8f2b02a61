"""What a tool is: typed arguments, a line to show, an effect, an output for the model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar, runtime_checkable

from pydantic import BaseModel, ConfigDict

from codex_task_executor.events import ToolUsed


class Arguments(BaseModel):
    """Base of every tool's arguments.

    Optional fields default to None here (servers without strict schemas leave them out),
    while the schema sent to the model requires every field, as strict mode wants.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


@dataclass(frozen=True)
class ToolOutput:
    """What goes back to the model. ``ok`` False means that nothing was changed or found."""

    text: str
    ok: bool = True


@dataclass(eq=False)
class ToolError(Exception):
    """A call that cannot be carried out; the text tells the model what to do next."""

    text: str

    def __str__(self) -> str:
        return self.text


class MalformedCall(ToolError):
    """A call that is no call: unknown tool, arguments that are not JSON or do not fit.

    The loop counts these; a model that makes nothing else is stopped.
    """


A = TypeVar("A", bound=Arguments)
A_contra = TypeVar("A_contra", bound=Arguments, contravariant=True)


class Tool(Protocol, Generic[A]):
    """One tool. ``exclusive`` calls (edits) run alone and in order; others side by side."""

    name: str
    description: str
    exclusive: bool
    arguments: type[A]

    def lines(self, arguments: A) -> Sequence[ToolUsed]:
        """What to show when the call starts: the seed's tool name and the target."""
        ...

    async def run(self, arguments: A) -> ToolOutput:
        """Carry the call out. Raises ToolError."""
        ...


class FreeformTool(Tool[A], Protocol):
    """A tool that a model may call with plain text in place of JSON.

    ``arguments`` has exactly one field, which takes the text; ``grammar`` is what the text
    must look like, in Lark's syntax (OpenAI's custom tools).
    """

    grammar: str


@runtime_checkable
class SometimesExclusive(Protocol):
    """A tool that is not ``exclusive``, but of which some calls must be."""

    def must_be_alone(self, arguments: Any) -> bool:
        """Whether this call has to run alone and in order, as edits do."""
        ...
