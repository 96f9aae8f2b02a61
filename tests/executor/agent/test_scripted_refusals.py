"""What OpenAI refuses is refused, in its words, and remembered as the client's failure."""

from __future__ import annotations

import json
from typing import Any

import httpx2
import openai
import pytest
from openai.types.responses.response_create_params import (
    ResponseCreateParamsBase,
    ResponseCreateParamsStreaming,
)

from codex_task_executor.agent.scripted import ScriptedServer, validation
from codex_task_executor.agent.scripted.items import encrypted_content
from codex_task_executor.agent.scripted.refusals import Refusal
from codex_task_executor.agent.scripted.schemas import problems
from codex_task_executor.agent.scripted.validation import Rules, check_request
from support.responses import OPENAI_TOOLS, READ, talk
from support.scripted import scripted

ONE_TURN = """
[[conversation]]
match = "hello"
[[conversation.turn]]
item = [{ type = "message", text = "Hello." }]
"""
USER = {"role": "user", "content": "hello"}
CALL = {"type": "function_call", "call_id": "call_1", "name": "read", "arguments": "{}"}
CUSTOM = {"type": "custom_tool_call", "call_id": "call_1", "name": "apply_patch", "input": ""}
OUTPUT = {"type": "function_call_output", "call_id": "call_1", "output": "x"}
CUSTOM_OUTPUT = {**OUTPUT, "type": "custom_tool_call_output"}
THOUGHT = {
    "type": "reasoning",
    "id": "rs_1",
    "summary": [],
    "encrypted_content": encrypted_content("rs_1"),
}
ANSWER = {"role": "assistant", "content": [{"type": "output_text", "text": "Well."}]}


def request(**changes: Any) -> dict[str, Any]:
    """A request that is accepted, with changes."""
    plain = {
        "model": "m",
        "input": [USER],
        "tools": [*OPENAI_TOOLS],
        "stream": True,
        "store": False,
    }
    return plain | changes


def refusal(rules: Rules = Rules(), **changes: Any) -> Refusal:  # noqa: B008 - frozen
    with pytest.raises(Refusal) as caught:
        check_request(request(**changes), rules)
    return caught.value


def test_the_known_parameters_are_those_of_the_sdk() -> None:
    declared = {**ResponseCreateParamsBase.__annotations__}
    declared |= ResponseCreateParamsStreaming.__annotations__
    assert set(declared) == validation.PARAMETERS


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"foo": 1}, "Unknown parameter: 'foo'."),
        ({"model": ""}, "Missing required parameter: 'model'."),
        ({"input": []}, "Missing required parameter: 'input'."),
        ({"stream": False}, "scripted model: this client streams, 'stream' must be true"),
        ({"store": True}, "scripted model: this client is stateless, 'store' must be false"),
        ({"include": ["x"]}, "Invalid value: 'x'. Supported values are: 'code_interpreter"),
        ({"reasoning": {"effort": "huge"}}, "Invalid value: 'huge'. Supported values are: 'none'"),
        ({"prompt_cache_key": "k" * 65}, "Invalid 'prompt_cache_key': string too long."),
        ({"input": ["hello"]}, "Invalid type for 'input': expected an array of objects."),
        ({"tools": {}}, "Invalid type for 'tools': expected an array of objects."),
        ({"tool_choice": "any"}, "Invalid value: 'any'."),
        ({"tool_choice": {"type": "function", "name": "x"}}, "Tool choice 'x' not found"),
        ({"tools": [{**READ, "name": "a b"}]}, "Invalid 'tools[0].name': string does not match"),
        ({"tools": [READ, READ]}, "scripted model: two tools are named 'read'"),
    ],
)
def test_parameters(changes: dict[str, Any], message: str) -> None:
    assert str(refusal(**changes)).startswith(message)


@pytest.mark.parametrize(
    ("items", "message"),
    [
        ([USER, CALL], "No tool output found for function call call_1."),
        ([USER, CUSTOM], "No tool output found for custom tool call call_1."),
        ([USER, OUTPUT], "No tool call found for function call output with call_id call_1."),
        ([OUTPUT, CALL], "No tool call found for function call output with call_id call_1."),
        (
            [USER, CALL, CUSTOM_OUTPUT],
            "No tool call found for custom tool call output with call_id call_1.",
        ),
        (
            [USER, CALL, OUTPUT, OUTPUT],
            "scripted model: more than one output for function call call_1.",
        ),
        (
            [USER, THOUGHT],
            "Item 'rs_1' of type 'reasoning' was provided without its required following item.",
        ),
        ([USER, THOUGHT, USER], "Item 'rs_1' of type 'reasoning' was provided without its"),
        (
            [USER, CALL, THOUGHT, OUTPUT],
            "Item 'rs_1' of type 'reasoning' was provided without its",
        ),
        (
            [USER, {**THOUGHT, "encrypted_content": "x"}, ANSWER],
            "The encrypted content for item rs_1 could not be verified.",
        ),
        (
            [USER, {**THOUGHT, "status": "completed"}, ANSWER],
            "Unknown parameter: 'input[1].status'.",
        ),
        ([USER, {"type": "mystery"}], "Invalid value: 'mystery'. Supported values are: "),
        ([{"role": "tool", "content": ""}], "Invalid value: 'tool'."),
        ([{"role": "user"}], "Missing required parameter: 'input[0].content'."),
        ([{**USER, "content": ANSWER["content"]}], "Invalid value: 'output_text'."),
        ([{**USER, "phase": "commentary"}], "scripted model: input[0] is a user message"),
        ([{**CALL, "id": "call_1"}, OUTPUT], "Invalid 'input[0].id': 'call_1'. Expected an ID"),
        ([{**CALL, "status": None}, OUTPUT], "Invalid type for 'input[0].status': "),
        ([{**CALL, "call_id": "c" * 65}], "Invalid 'input[0].call_id': string too long."),
    ],
)
def test_items(items: list[dict[str, Any]], message: str) -> None:
    assert str(refusal(input=items)).startswith(message)


@pytest.mark.parametrize(
    "items",
    [
        [USER, CALL, OUTPUT],
        [USER, CALL, CUSTOM, CUSTOM_OUTPUT, OUTPUT],
        [USER, CALL, CALL, OUTPUT, OUTPUT],
        [USER, THOUGHT, {**THOUGHT}, CALL, OUTPUT],
        [USER, THOUGHT, ANSWER, USER],
        [{"role": "developer", "content": "x"}, {**USER, "type": "message"}],
    ],
)
def test_valid_input_is_accepted(items: list[dict[str, Any]]) -> None:
    check_request(request(input=items), Rules())


def strict(**changes: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": {"a": {"type": "string"}},
        "required": ["a"],
        "additionalProperties": False,
    } | changes


@pytest.mark.parametrize(
    ("schema", "complaint"),
    [
        ({"type": "string"}, "schema must be a JSON Schema of 'type: \"object\"'"),
        (strict(additionalProperties=True), "In context=(), 'additionalProperties' is required"),
        (strict(required=[]), "including every key in properties. Missing 'a'."),
        (strict(required=["a", "b"]), "Extra required key 'b' supplied."),
        (strict(properties={"a": {}}), "In context=('properties', 'a'), schema must have a 'type'"),
        (strict(properties={"a": {"type": "array"}}), "array schema missing items."),
        (
            strict(properties={"a": {"type": "string", "default": ""}}),
            "In context=('properties', 'a'), 'default' is not permitted.",
        ),
        (
            strict(properties={"a": {"type": "array", "items": {"type": "object"}}}),
            "In context=('properties', 'a', 'items'), 'additionalProperties' is required",
        ),
        (
            strict(properties={"a": {"anyOf": [{"type": "null"}, {"type": "object"}]}}),
            "In context=('properties', 'a', 'anyOf', '1'), 'additionalProperties'",
        ),
        (
            strict(properties={"a": {"type": ["object", "null"]}}),
            "In context=('properties', 'a'), 'additionalProperties' is required",
        ),
    ],
)
def test_schemas_of_strict_tools(schema: dict[str, Any], complaint: str) -> None:
    found = refusal(tools=[{**READ, "parameters": schema}])
    assert str(found).startswith("Invalid schema for function 'read': ")
    assert complaint in str(found)
    assert found.code == "invalid_function_parameters"
    check_request(request(tools=[{**READ, "strict": False, "parameters": schema}]), Rules())


def test_a_strict_schema_has_no_problems() -> None:
    assert list(problems(strict())) == []


def post(server: ScriptedServer, body: bytes, **headers: str) -> httpx2.Response:
    url = f"{server.base_url}/responses"
    return httpx2.post(url, content=body, headers={"authorization": "Bearer k", **headers})


async def test_keys_are_asked_for_and_the_invalid_one_is_refused() -> None:
    with scripted(ONE_TURN, check=False) as server:
        missing = post(server, b"{}", authorization="")
        assert missing.status_code == 401
        assert server.failures == [
            "POST /v1/responses 0: Missing bearer or basic authentication in header"
        ]
        async with talk(server, "hello") as conversation:
            with pytest.raises(openai.AuthenticationError, match="Incorrect API key provided"):
                await conversation.ask(extra_headers={"Authorization": "Bearer sk-invalid"})
        assert len(server.failures) == 1


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"{", b'"\xff"', b'{"model": "\\ud800"}', b"[" * 10**5]
)
def test_a_body_that_is_no_json_object_is_refused(body: bytes) -> None:
    with scripted(ONE_TURN, check=False) as server:
        answer = post(server, body)
    assert answer.status_code == 400
    assert answer.json()["error"]["message"].startswith("We could not parse the JSON body")


def test_an_unknown_path_is_refused() -> None:
    with scripted(ONE_TURN, check=False) as server:
        answer = httpx2.get(f"{server.base_url}/nothing", headers={"authorization": "Bearer k"})
    assert answer.status_code == 404
    assert server.failures == ["GET /v1/nothing: Invalid URL (GET /v1/nothing)"]


def test_a_model_that_the_scenario_does_not_list_is_unknown() -> None:
    script = '[[model]]\nid = "other"\n' + ONE_TURN
    with scripted(script, check=False) as server:
        answer = post(server, json.dumps(request()).encode())
    assert answer.status_code == 404
    assert answer.json()["error"]["code"] == "model_not_found"
    assert server.failures == []


async def test_a_refused_request_is_a_failure_with_its_number() -> None:
    with scripted(ONE_TURN, check=False) as server:
        async with talk(server, "hello") as conversation:
            with pytest.raises(openai.BadRequestError) as caught:
                await conversation.ask(extra_body={"foo": 1})
            await conversation.ask()
    assert caught.value.code == "unknown_parameter"
    assert server.failures == ["POST /v1/responses 1: Unknown parameter: 'foo'."]
    assert server.unfinished() == []
