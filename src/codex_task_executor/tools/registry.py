"""The tools of one task under the names and in the forms that a model knows."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Literal

from pydantic import ValidationError

from codex_task_executor.events import ToolUsed
from codex_task_executor.sandbox.names import shown
from codex_task_executor.tools.base import (
    Arguments,
    MalformedCall,
    SometimesExclusive,
    Tool,
    ToolOutput,
)
from codex_task_executor.tools.schema import strict_schema

ProfileName = Literal["openai", "compatible"]
Item = Mapping[str, Any]

_SHOWN_ERRORS = 5


@dataclass(frozen=True)
class Profile:
    """How the tools look to one family of models.

    ``renames`` maps canonical to wire names, ``freeform`` names the tools that are called
    with plain text, ``tools`` those that are offered, in the order of their declarations.
    """

    name: ProfileName
    tools: tuple[str, ...]
    renames: Mapping[str, str] = field(default_factory=dict)
    freeform: frozenset[str] = frozenset()

    def wire_name(self, name: str) -> str:
        """The name under which the model sees a tool."""
        return self.renames.get(name, name)


_CONTROL = ("ask_question", "report_blocked")

OPENAI = Profile(
    "openai",
    ("glob", "grep", "read", "apply_patch", "bash", *_CONTROL),
    MappingProxyType({"bash": "shell_command"}),
    frozenset({"apply_patch"}),
)
"""As the Codex models were trained: a freeform apply_patch, the shell as ``shell_command``."""

COMPATIBLE = Profile(
    "compatible", ("glob", "grep", "read", "write", "edit", "apply_patch", "bash", *_CONTROL)
)
"""Function tools only: what vLLM, Ollama, llama.cpp and LM Studio take."""

_OPENAI_MODELS = re.compile(r"(?!gpt-oss)(gpt-|o\d|codex)", re.IGNORECASE)


def profile_for(model: str, override: str | None = None) -> Profile:
    """The profile of a model by its name, unless ``override`` names one.

    gpt-oss models are open weights behind other people's servers. Raises ValueError for an
    override that is no profile's name.
    """
    known = {profile.name: profile for profile in (OPENAI, COMPATIBLE)}
    if override is None:
        return OPENAI if _OPENAI_MODELS.match(model) else COMPATIBLE
    for name, profile in known.items():
        if override == name:
            return profile
    raise ValueError(f"no profile is named {override!r}: {', '.join(known)}")


@dataclass(frozen=True)
class PreparedCall:
    """A call whose arguments have been checked. ``lines`` is what to show when it starts."""

    tool: Tool[Any]
    arguments: Arguments
    exclusive: bool
    lines: tuple[ToolUsed, ...]

    async def run(self) -> ToolOutput:
        """Carry the call out. Raises ToolError."""
        return await self.tool.run(self.arguments)


class Toolbox:
    """The tools of one task, by wire name, for one profile.

    Only tools that the profile offers are declared; a tool that is not there (bash without a
    sandbox) is simply absent. ``declarations`` keep one order, so that prompts can be cached.
    """

    def __init__(self, tools: Sequence[Tool[Any]], profile: Profile) -> None:
        offered = {tool.name: tool for tool in tools}
        names = [name for name in profile.tools if name in offered]
        self.profile = profile
        self._tools = {profile.wire_name(name): offered[name] for name in names}
        self._canonical = {name: offered[name] for name in names}
        self.declarations: Sequence[Item] = tuple(
            self._declaration(wire, tool) for wire, tool in self._tools.items()
        )

    def find(self, item: Item) -> PreparedCall:
        """The call that a ``function_call`` or ``custom_tool_call`` item asks for.

        A tool's canonical name is taken too, and plain text where JSON was declared or the
        other way round, if it can be read. Raises MalformedCall with a text that says what
        to do next.
        """
        tool = self._tool(str(item.get("name")))
        arguments = _arguments(tool, item)
        lines = tuple(tool.lines(arguments))
        return PreparedCall(tool, arguments, _is_exclusive(tool, arguments), lines)

    def _tool(self, name: str) -> Tool[Any]:
        tool = self._tools.get(name) or self._canonical.get(name)
        if tool is None:
            known = ", ".join(self._tools)
            raise MalformedCall(
                f"There is no tool named {shown(name[:80])}. The tools are: {known}."
            )
        return tool

    def _declaration(self, wire: str, tool: Tool[Any]) -> Item:
        common = {"name": wire, "description": tool.description}
        if tool.name in self.profile.freeform:
            return {"type": "custom", **common, "format": _grammar(tool)}
        strict = {"strict": True} if self.profile.name == "openai" else {}
        return {
            "type": "function",
            **common,
            "parameters": strict_schema(tool.arguments),
            **strict,
        }


def _is_exclusive(tool: Tool[Any], arguments: Arguments) -> bool:
    sometimes = isinstance(tool, SometimesExclusive) and tool.must_be_alone(arguments)
    return tool.exclusive or sometimes


def _grammar(tool: Any) -> Item:
    return {"type": "grammar", "syntax": "lark", "definition": tool.grammar}


def _arguments(tool: Tool[Any], item: Item) -> Arguments:
    if item.get("type") == "custom_tool_call" and hasattr(tool, "grammar"):
        return _from_text(tool.arguments, str(item.get("input") or ""))
    given = item.get("arguments", item.get("input")) or "{}"
    return _from_json(tool.arguments, given if isinstance(given, str) else json.dumps(given))


def _from_text(model: type[Arguments], text: str) -> Arguments:
    (only,) = model.model_fields
    try:
        return model.model_validate({only: text})
    except ValidationError as error:
        raise _malformed(model, error) from error


def _from_json(model: type[Arguments], text: str) -> Arguments:
    try:
        return model.model_validate_json(text)
    except ValidationError as error:
        raise _malformed(model, error) from error


def _malformed(model: type[Arguments], error: ValidationError) -> MalformedCall:
    found = error.errors(include_url=False, include_context=False, include_input=False)
    fields = ", ".join(model.model_fields) or "none"
    if found[0]["type"] == "json_invalid":
        text = (
            f"The arguments are not valid JSON ({found[0]['msg'].removeprefix('Invalid JSON: ')})"
        )
        return MalformedCall(f"{text}. Send the call again with one whole JSON object: {fields}.")
    said = "; ".join(_complaint(dict(one)) for one in found[:_SHOWN_ERRORS])
    return MalformedCall(f"The arguments do not fit: {said}. The arguments are: {fields}.")


def _complaint(error: dict[str, Any]) -> str:
    where = shown(".".join(map(str, error["loc"]))[:80])
    match error["type"]:
        case "missing":
            return f"{where} is missing"
        case "extra_forbidden":
            return f"there is no argument {where}"
    return f"{where}: {error['msg']}" if where else str(error["msg"])
