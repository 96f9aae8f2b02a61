"""What can go wrong, and that the request after it goes on where the client stands."""

from __future__ import annotations

import json
from typing import Any

import openai
import pytest

from support.responses import Talk, talk
from support.scripted import scripted

READ: dict[str, Any] = {"type": "call", "tool": "read", "arguments": {"path": "a"}}
DONE: dict[str, Any] = {"type": "message", "text": "Done."}


def script(fault: Any, *items: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A conversation whose first turn has a fault, and a second turn that ends it."""
    turns = [{"fault": fault, "item": list(items or (READ,)), **more}, {"item": [DONE]}]
    return {"conversation": [{"match": "fault", "turn": turns}]}


async def lost(conversation: Talk) -> list[str]:
    """Types of the events of a request whose stream breaks."""
    with pytest.raises(openai.APIConnectionError):
        await conversation.ask()
    return [event["type"] for event in conversation.events]


async def test_http_faults_have_their_status_code_and_words() -> None:
    expected = {
        "400": (400, "invalid_prompt", "Invalid prompt"),
        "400:context_length_exceeded": (400, "context_length_exceeded", "exceeds the context"),
        "401": (401, "invalid_api_key", "Incorrect API key provided"),
        "403": (403, "unsupported_country_region_territory", "not supported"),
        "404": (404, "model_not_found", "The model `gpt-6.1-sol` does not exist"),
        "429": (429, "rate_limit_exceeded", "Please try again in 1ms."),
        "429:insufficient_quota": (429, "insufficient_quota", "exceeded your current quota"),
        "500": (500, "server_error", "had an error"),
        "502": (502, "server_error", "had an error"),
        "503": (503, "server_is_overloaded", "overloaded"),
    }
    turn = {"faults": list(expected), "item": [DONE]}
    with scripted({"conversation": [{"match": "fault", "turn": [turn]}]}) as server:
        async with talk(server, "fault") as conversation:
            for status, code, words in expected.values():
                with pytest.raises(openai.APIStatusError, match=words) as caught:
                    await conversation.ask()
                assert (caught.value.status_code, caught.value.code) == (status, code)
            assert await conversation.ask()
    assert server.connections == 1


async def test_the_headers_of_a_fault_say_when_to_ask_again() -> None:
    fault = {
        "kind": "429",
        "retry_after": 2,
        "retry_after_ms": 1.5,
        "should_retry": False,
        "message": "Please try again in 3s.",
    }
    with scripted(script(fault)) as server:
        async with talk(server, "fault") as conversation:
            with pytest.raises(openai.RateLimitError, match="in 3s") as caught:
                await conversation.ask()
            await conversation.go_on()
            await conversation.go_on()
    headers = caught.value.response.headers
    assert headers["retry-after"] == "2"
    assert headers["retry-after-ms"] == "1.5"
    assert headers["x-should-retry"] == "false"


async def test_a_disconnect_answers_nothing() -> None:
    with scripted(script("disconnect")) as server:
        async with talk(server, "fault") as conversation:
            assert await lost(conversation) == []
            await conversation.go_on()
            await conversation.go_on()
    assert server.connections == 2


@pytest.mark.parametrize(
    ("fault", "last", "whole"),
    [
        ("cut", "response.in_progress", 0),
        ({"kind": "cut", "within": 0}, "response.function_call_arguments.delta", 0),
        ({"kind": "cut", "after": 1}, "response.output_item.done", 1),
        ({"kind": "cut", "within": 1}, "response.output_text.delta", 1),
        ({"kind": "cut", "after": 2}, "response.output_item.done", 2),
    ],
)
async def test_a_cut_breaks_the_stream_at_its_place(fault: Any, last: str, whole: int) -> None:
    with scripted(script(fault, READ, DONE)) as server:
        async with talk(server, "fault") as conversation:
            events = await lost(conversation)
            await conversation.go_on()
            await conversation.go_on()
    assert events[-1] == last
    assert events.count("response.output_item.done") == whole


@pytest.mark.parametrize("kept", [0, 1, 2])
async def test_after_a_cut_only_what_the_client_did_not_keep_is_sent_again(kept: int) -> None:
    items = [READ, {"type": "message", "text": "Between."}, {**READ, "arguments": {"path": "b"}}]
    with scripted(script({"kind": "cut", "after": 2}, *items)) as server:
        async with talk(server, "fault") as conversation:
            await lost(conversation)
            conversation.keep(conversation.received()[:kept])
            rest = await conversation.go_on()
            await conversation.go_on()
    assert [item["type"] for item in rest] == ["function_call", "message", "function_call"][kept:]


async def test_a_stream_can_end_without_a_terminal_event() -> None:
    with scripted(script("no_terminal")) as server:
        async with talk(server, "fault") as conversation:
            items = await conversation.ask()
            conversation.keep(items)
            await conversation.go_on()
    assert items[0]["type"] == "function_call"
    assert conversation.events[-1]["type"] == "response.completed"
    assert server.connections == 1


async def test_failures_are_events_with_their_code() -> None:
    turn = {
        "faults": ["failed", "failed:rate_limit_exceeded", "error:server_is_overloaded"],
        "item": [DONE],
    }
    with scripted({"conversation": [{"match": "fault", "turn": [turn]}]}) as server:
        async with talk(server, "fault") as conversation:
            found = []
            for _ in range(3):
                await conversation.ask()
                last = conversation.events[-1]
                error = last["response"]["error"] if "response" in last else last
                found.append((last["type"], error["code"]))
            await conversation.ask()
    assert found == [
        ("response.failed", "server_error"),
        ("response.failed", "rate_limit_exceeded"),
        ("error", "server_is_overloaded"),
    ]


async def test_an_incomplete_response_marks_the_item_it_stopped_in() -> None:
    fault = {"kind": "incomplete", "within": 1}
    items = [READ, {"type": "message", "text": "A long story."}]
    with scripted(script(fault, *items)) as server:
        async with talk(server, "fault") as conversation:
            read, story = await conversation.ask()
            final = conversation.events[-1]["response"]
            conversation.keep([read])
            await conversation.go_on()
            await conversation.go_on()
    assert final["status"] == "incomplete"
    assert final["incomplete_details"] == {"reason": "max_output_tokens"}
    assert final["usage"]["output_tokens"] > 0
    assert (read["status"], story["status"]) == ("completed", "incomplete")
    assert story["content"][0]["text"] == "A long"


async def test_a_garbled_event_is_no_json() -> None:
    with scripted(script("garbled")) as server:
        async with talk(server, "fault") as conversation:
            with pytest.raises(json.JSONDecodeError):
                await conversation.ask()
            await conversation.go_on()
            await conversation.go_on()


async def test_an_idle_server_waits_until_the_client_gives_up() -> None:
    with scripted(script({"kind": "idle", "after": 1})) as server:
        async with talk(server, "fault") as conversation:
            with pytest.raises(openai.APITimeoutError):
                await conversation.ask(timeout=0.2)
            assert conversation.events[-1]["type"] == "response.output_item.done"
            conversation.keep(conversation.received())
            await conversation.go_on()


@pytest.mark.parametrize("how", [{"fault": "drip"}, {"drip": True}])
async def test_a_dripping_stream_is_the_same_stream(how: dict[str, Any]) -> None:
    said = [{"type": "message", "text": "Grüße, 🐍!"}, READ]
    turns: list[dict[str, Any]] = [{**how, "item": said}, {"item": [DONE]}]
    with scripted({"conversation": [{"match": "fault", "turn": turns}]}) as server:
        async with talk(server, "fault") as conversation:
            items = await conversation.go_on()
            await conversation.go_on()
    assert items[0]["content"][0]["text"] == "Grüße, 🐍!"


async def test_faults_of_a_turn_are_played_one_a_request_and_for_each_task_anew() -> None:
    turn = {"faults": ["500", "429"], "item": [DONE]}
    with scripted({"conversation": [{"match": "fault", "turn": [turn]}]}) as server:
        for key in ("one", "two"):
            async with talk(server, "fault", key=key) as conversation:
                with pytest.raises(openai.InternalServerError):
                    await conversation.ask()
                with pytest.raises(openai.RateLimitError):
                    await conversation.ask()
                assert await conversation.ask()


async def test_a_fatal_fault_finishes_its_turn() -> None:
    turns: list[dict[str, Any]] = [{"item": [READ]}, {"fault": "401"}]
    with scripted({"conversation": [{"match": "fault", "turn": turns}]}) as server:
        async with talk(server, "fault") as conversation:
            await conversation.go_on()
            with pytest.raises(openai.AuthenticationError):
                await conversation.ask()
            assert server.unfinished() == []


async def test_a_context_window_refuses_longer_input() -> None:
    turn = {"item": [DONE]}
    small = {"context_window": 1000, "conversation": [{"match": "fault", "turn": [turn]}]}
    with scripted(small) as server:
        async with talk(server, "fault") as conversation:
            await conversation.go_on()
            conversation.say("x" * 8000)
            with pytest.raises(openai.BadRequestError) as caught:
                await conversation.ask()
    assert caught.value.code == "context_length_exceeded"
