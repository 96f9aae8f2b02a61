"""Profiles, declarations, and calls that models get wrong."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from codex_task_executor.agent.control import AskQuestion, ReportBlocked
from codex_task_executor.agent.scripted import schemas
from codex_task_executor.events import ToolUsed
from codex_task_executor.sandbox.paths import Root
from codex_task_executor.tools.apply_patch import ApplyPatch
from codex_task_executor.tools.base import Arguments, MalformedCall, Tool, ToolError, ToolOutput
from codex_task_executor.tools.edit import Edit
from codex_task_executor.tools.glob import Glob
from codex_task_executor.tools.grep import Grep
from codex_task_executor.tools.read import Read
from codex_task_executor.tools.registry import COMPATIBLE, OPENAI, Toolbox, profile_for
from codex_task_executor.tools.write import Write


class TextArguments(Arguments):
    input: str


class Patcher:
    """A tool with a text form, as apply_patch is."""

    name = "apply_patch"
    description = "Patches."
    exclusive = True
    arguments = TextArguments
    grammar = 'start: "x"'

    def lines(self, arguments: TextArguments) -> Sequence[ToolUsed]:
        return (ToolUsed("Edit", arguments.input),)

    async def run(self, arguments: TextArguments) -> ToolOutput:
        return ToolOutput(f"patched {arguments.input}")


class ShellArguments(Arguments):
    command: str
    seconds: int | None = None


class Shell:
    """A tool that one profile renames."""

    name = "bash"
    description = "Runs."
    exclusive = False
    arguments = ShellArguments

    def lines(self, arguments: ShellArguments) -> Sequence[ToolUsed]:
        return [ToolUsed("Bash", arguments.command)]

    async def run(self, arguments: ShellArguments) -> ToolOutput:
        return ToolOutput("ran")


@pytest.fixture
def openai() -> Toolbox:
    return Toolbox([Shell(), Patcher()], OPENAI)


@pytest.fixture
def compatible() -> Toolbox:
    return Toolbox([Shell(), Patcher()], COMPATIBLE)


def call(name: str, arguments: Any, kind: str = "function_call") -> dict[str, Any]:
    key = "input" if kind == "custom_tool_call" else "arguments"
    return {"type": kind, "call_id": "c1", "name": name, key: arguments}


@pytest.mark.parametrize("model", ["gpt-6.1-sol", "gpt-5.3-codex", "o3", "o4-mini", "codex-1"])
def test_openai_models_get_the_openai_profile(model: str) -> None:
    assert profile_for(model) is OPENAI


@pytest.mark.parametrize("model", ["gpt-oss-120b", "qwen3-coder", "openai/gpt-oss", "llama", "opt"])
def test_everything_else_gets_the_compatible_profile(model: str) -> None:
    assert profile_for(model) is COMPATIBLE


def test_a_profile_can_be_named() -> None:
    assert profile_for("gpt-6.1-sol", "compatible") is COMPATIBLE
    assert profile_for("llama", "openai") is OPENAI
    with pytest.raises(ValueError, match="openai, compatible"):
        profile_for("llama", "gemini")


def test_openai_declarations_are_strict_functions_and_freeform_patches(openai: Toolbox) -> None:
    patch, shell = openai.declarations
    assert patch == {
        "type": "custom",
        "name": "apply_patch",
        "description": "Patches.",
        "format": {"type": "grammar", "syntax": "lark", "definition": 'start: "x"'},
    }
    assert (shell["name"], shell["type"], shell["strict"]) == ("shell_command", "function", True)
    assert shell["parameters"]["required"] == ["command", "seconds"]


def test_compatible_declarations_are_plain_functions(compatible: Toolbox) -> None:
    assert [tool["name"] for tool in compatible.declarations] == ["apply_patch", "bash"]
    for tool in compatible.declarations:
        assert set(tool) == {"type", "name", "description", "parameters"}


def test_every_tool_that_ships_has_a_strict_schema_and_a_grammar_where_needed(
    tmp_path: Path,
) -> None:
    with Root.open(tmp_path) as root:
        files: list[Tool[Any]] = [Glob(root), Grep(root), Read(root), Write(root), Edit(root)]
        files.append(ApplyPatch(root))
    toolbox = Toolbox([*files, AskQuestion(), ReportBlocked()], COMPATIBLE)
    assert len(toolbox.declarations) == 8
    for tool in toolbox.declarations:
        assert not list(schemas.problems(tool["parameters"])), tool["name"]
    patch = next(t for t in Toolbox(files, OPENAI).declarations if t["name"] == "apply_patch")
    assert "start:" in patch["format"]["definition"]


def test_declarations_do_not_depend_on_the_order_of_the_tools() -> None:
    other = Toolbox([Patcher(), Shell()], OPENAI)
    assert Toolbox([Shell(), Patcher()], OPENAI).declarations == other.declarations


async def test_a_call_is_found_under_its_wire_name_and_runs(openai: Toolbox) -> None:
    prepared = openai.find(call("shell_command", '{"command": "ls", "seconds": null}'))
    assert prepared.lines == (ToolUsed("Bash", "ls"),)
    assert not prepared.exclusive
    assert (await prepared.run()).text == "ran"


async def test_a_freeform_call_takes_its_text_word_for_word(openai: Toolbox) -> None:
    prepared = openai.find(call("apply_patch", '{"not": json', "custom_tool_call"))
    assert prepared.exclusive
    assert (await prepared.run()).text == 'patched {"not": json'


@pytest.mark.parametrize(
    "item",
    [
        call("bash", '{"command": "ls"}'),
        call("shell_command", {"command": "ls"}),
        call("shell_command", '{"command": "ls"}', "custom_tool_call"),
    ],
    ids=["canonical name", "object in place of its text", "text form of a function"],
)
def test_near_misses_are_understood(openai: Toolbox, item: dict[str, Any]) -> None:
    assert openai.find(item).lines == (ToolUsed("Bash", "ls"),)


def test_the_function_form_of_a_freeform_tool_is_understood(openai: Toolbox) -> None:
    assert openai.find(call("apply_patch", '{"input": "p"}')).lines == (ToolUsed("Edit", "p"),)


@pytest.mark.parametrize(
    ("item", "advice"),
    [
        (call("write", "{}"), "no tool named write. The tools are: apply_patch, shell_command"),
        (call("shell_command", '{"command": "l'), "not valid JSON.*Send the call again"),
        (call("shell_command", ""), "command is missing"),
        (call("shell_command", "[]"), "should be an object"),
        (call("shell_command", '{"command": 1}'), "command: Input should be a valid string"),
        (call("shell_command", '{"command": "x", "cwd": "y"}'), "no argument cwd"),
        (call("shell_command", "[" * 100_000), "not valid JSON"),
        (call("shell_command", '{"command": "\\ud800"}'), "not valid JSON"),
        ({"type": "function_call"}, "no tool named None"),
    ],
)
def test_malformed_calls_say_what_to_do(openai: Toolbox, item: dict[str, Any], advice: str) -> None:
    with pytest.raises(MalformedCall, match=advice) as raised:
        openai.find(item)
    assert isinstance(raised.value, ToolError)
    assert len(str(raised.value)) < 600


@settings(max_examples=60, deadline=None)
@given(st.text() | st.recursive(st.none() | st.integers() | st.text(), st.lists).map(json.dumps))
def test_any_text_as_arguments_is_a_call_or_malformed(text: str) -> None:
    toolbox = Toolbox([Shell(), Patcher()], OPENAI)
    for name in ("shell_command", "apply_patch", text):
        try:
            toolbox.find(call(name, text))
        except MalformedCall as error:
            assert str(error)
