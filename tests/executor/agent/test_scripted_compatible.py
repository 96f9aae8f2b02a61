"""What servers other than OpenAI's do not know is refused in compatible mode."""

from __future__ import annotations

from typing import Any

import pytest

from codex_task_executor.agent.scripted.refusals import Refusal
from codex_task_executor.agent.scripted.validation import Rules, check_request
from support.responses import OPENAI_TOOLS, READ, talk
from support.scripted import scripted

USER = {"role": "user", "content": "hello"}
CALL = {"type": "function_call", "call_id": "call_1", "name": "read", "arguments": "{}"}
CUSTOM = {"type": "custom_tool_call", "call_id": "call_1", "name": "apply_patch", "input": ""}
OUTPUT = {"type": "function_call_output", "call_id": "call_1", "output": "x"}
CUSTOM_OUTPUT = {**OUTPUT, "type": "custom_tool_call_output"}
THOUGHT = {
    "type": "reasoning",
    "id": "rs_1",
    "summary": [],
}
ANSWER = {"role": "assistant", "content": [{"type": "output_text", "text": "Well."}]}
COMPATIBLE = Rules(compatible=True)
PLAIN = {"type": "function", "name": "read", "parameters": {}}
MESSAGE = {
    "type": "message",
    "id": "msg_1",
    "role": "assistant",
    "status": "completed",
    "content": [{"type": "output_text", "text": "Well.", "annotations": []}],
}


def compatible_request(**changes: Any) -> dict[str, Any]:
    return {"model": "m", "input": [USER], "tools": [PLAIN], "stream": True} | changes


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"store": False}, "parameter 'store'"),
        ({"include": ["reasoning.encrypted_content"]}, "parameter 'include'"),
        ({"reasoning": {"effort": "low"}}, "parameter 'reasoning'"),
        ({"prompt_cache_key": "k"}, "parameter 'prompt_cache_key'"),
        ({"context_management": []}, "parameter 'context_management'"),
        ({"tools": [OPENAI_TOOLS[2]]}, "a tool of type 'custom'"),
        ({"tools": [READ]}, "a strict tool"),
        ({"input": [THOUGHT, MESSAGE]}, "an item of type 'reasoning'"),
        ({"input": [CUSTOM, CUSTOM_OUTPUT]}, "an item of type 'custom_tool_call'"),
        ({"input": [{**CALL, "id": "fc_1"}, OUTPUT]}, "function_call with 'id'"),
        ({"input": [{**MESSAGE, "phase": "commentary"}]}, "an assistant message with 'phase'"),
        ({"input": [{**MESSAGE, "content": "Well."}]}, "content other than output_text"),
        ({"input": [ANSWER]}, "an assistant message without 'id'"),
        ({"input": [{**CALL, "arguments": "{"}, OUTPUT]}, "arguments are no JSON object"),
        ({"input": [CALL, {**OUTPUT, "output": []}]}, "an output that is no string"),
        ({"input": [{"role": "developer", "content": "x"}]}, "role 'developer'"),
        ({"input": [{**USER, "content": [{"type": "input_image"}]}]}, "type 'input_image'"),
    ],
)
def test_what_other_servers_do_not_know_is_refused_in_compatible_mode(
    changes: dict[str, Any], what: str
) -> None:
    with pytest.raises(Refusal, match="outside the compatible profile") as caught:
        check_request(compatible_request(**changes), COMPATIBLE)
    assert what in str(caught.value)


def test_the_compatible_profile_is_accepted() -> None:
    items = [{**USER, "type": "message"}, MESSAGE, CALL, OUTPUT, USER]
    check_request(compatible_request(input=items, parallel_tool_calls=True), COMPATIBLE)


async def test_malformed_arguments_may_come_back_as_an_empty_object() -> None:
    script = """
    [[conversation]]
    match = "malformed"
    [[conversation.turn]]
    item = [{ type = "call", tool = "read", raw_arguments = '{"path": "a' }]
    [[conversation.turn]]
    item = [{ type = "message", text = "Sorry." }]
    """
    with scripted(script, compatible=True) as server:
        async with talk(server, "malformed", compatible=True) as conversation:
            (call,) = await conversation.ask()
            conversation.keep([{**call, "arguments": "{}"}])
            await conversation.go_on()
