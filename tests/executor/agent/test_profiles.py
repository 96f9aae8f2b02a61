"""What of a request goes on the wire."""

from __future__ import annotations

from dataclasses import replace

import pytest

from codex_task_executor.agent.items import user_message
from codex_task_executor.agent.model import Item, ProfileName, Request
from codex_task_executor.agent.profiles import body
from support.items import answered, called, said, thought

TOOLS: tuple[Item, ...] = ({"type": "function", "name": "read"},)


def request(profile: ProfileName, *items: Item, effort: str | None = "high") -> Request:
    return Request("m", "be good", items, TOOLS, effort, "task-1", profile)


def test_openais_own_api_gets_everything_word_for_word() -> None:
    items = (user_message("x"), thought(), {**said("y", "commentary"), "id": "msg_1"})
    assert body(request("openai", *items)) == {
        "model": "m",
        "instructions": "be good",
        "input": items,
        "tools": TOOLS,
        "stream": True,
        "store": False,
        "include": ["reasoning.encrypted_content"],
        "reasoning": {"effort": "high"},
        "prompt_cache_key": "task-1",
        "parallel_tool_calls": True,
    }


def test_without_an_effort_the_model_decides() -> None:
    assert "reasoning" not in body(request("openai", effort=None))


def test_a_cache_key_that_is_too_long_for_the_api_still_tells_tasks_apart() -> None:
    keys = [
        str(body(replace(request("openai"), cache_key=f"{'t' * 64}{number}"))["prompt_cache_key"])
        for number in range(2)
    ]
    assert len(set(keys)) == 2
    assert all(len(key) <= 64 for key in keys)


def test_other_servers_get_only_what_all_of_them_know() -> None:
    assert set(body(request("compatible"))) == {
        "model",
        "instructions",
        "input",
        "tools",
        "stream",
    }


def test_other_servers_get_items_in_the_one_form_that_all_of_them_take() -> None:
    message = {**said("y", "commentary"), "id": "msg_1", "status": "in_progress"}
    call = {**called("a", "read", path="p"), "id": "fc_1", "status": "completed"}
    sent = body(request("compatible", user_message("x"), thought(), message, call, answered("a")))[
        "input"
    ]
    assert sent == [
        user_message("x"),
        {
            "type": "message",
            "id": "msg_1",
            "role": "assistant",
            "status": "completed",
            "content": [{"type": "output_text", "text": "y", "annotations": []}],
        },
        called("a", "read", path="p"),
        answered("a"),
    ]


@pytest.mark.parametrize("arguments", ["{", "", "[1]", '"x"', None])
def test_arguments_that_are_no_object_are_not_sent_again(arguments: str | None) -> None:
    (sent,) = body(request("compatible", {**called("a"), "arguments": arguments}))["input"]
    assert sent["arguments"] == "{}"
