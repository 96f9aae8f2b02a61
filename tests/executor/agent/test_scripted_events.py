"""The stream of the scripted model, event by event, held against the official SDK's types."""

from __future__ import annotations

from typing import Any

import pytest
from openai import AsyncOpenAI
from openai.types.responses import Response, ResponseStreamEvent
from pydantic import TypeAdapter

from support.responses import talk
from support.scripted import scripted

EVENT: TypeAdapter[Any] = TypeAdapter(ResponseStreamEvent)
EVERYTHING = """
[[conversation]]
match = "everything"
[[conversation.turn]]
item = [
    { type = "reasoning", summary = "Thinking it over." },
    { type = "message", text = "Grüße, 🐍!" },
    { type = "refusal", text = "Not that." },
    { type = "call", tool = "read", arguments = { path = "a" } },
    { type = "call", tool = "apply_patch", input = "*** Begin Patch" },
]
"""


def types(events: list[dict[str, Any]]) -> list[str]:
    """Event types in order, without repetition of deltas."""
    found: list[str] = []
    for event in events:
        if event["type"] != (found or [""])[-1]:
            found.append(event["type"].removeprefix("response."))
    return [kind for n, kind in enumerate(found) if kind != (found[n - 1] if n else "")]


@pytest.mark.parametrize("compatible", [False, True])
async def test_every_event_is_as_the_sdk_declares_it(compatible: bool) -> None:
    with (
        scripted(EVERYTHING, compatible=compatible) as server,
    ):
        async with talk(server, "everything", compatible=compatible) as conversation:
            await conversation.ask()
    for event in conversation.events:
        EVENT.validate_python(event)
    numbers = [event["sequence_number"] for event in conversation.events]
    assert numbers == list(range(len(numbers)))


async def test_items_come_one_after_the_other_with_their_parts() -> None:
    with scripted(EVERYTHING) as server:
        async with talk(server, "everything") as conversation:
            await conversation.ask()
    assert types(conversation.events) == [
        "created",
        "in_progress",
        "output_item.added",
        "reasoning_summary_part.added",
        "reasoning_summary_text.delta",
        "reasoning_summary_text.done",
        "reasoning_summary_part.done",
        "output_item.done",
        "output_item.added",
        "content_part.added",
        "output_text.delta",
        "output_text.done",
        "content_part.done",
        "output_item.done",
        "output_item.added",
        "content_part.added",
        "refusal.delta",
        "refusal.done",
        "content_part.done",
        "output_item.done",
        "output_item.added",
        "function_call_arguments.delta",
        "function_call_arguments.done",
        "output_item.done",
        "output_item.added",
        "custom_tool_call_input.delta",
        "custom_tool_call_input.done",
        "output_item.done",
        "completed",
    ]


async def test_deltas_add_up_and_the_response_repeats_every_item() -> None:
    with scripted(EVERYTHING) as server:
        async with talk(server, "everything") as conversation:
            items = await conversation.ask()
    final = conversation.events[-1]["response"]
    assert final["output"] == items
    assert final["status"] == "completed"
    for index, item in enumerate(items):
        deltas = [
            event["delta"]
            for event in conversation.events
            if event.get("output_index") == index and "delta" in event
        ]
        assert "".join(deltas) in (
            item.get("arguments") or item.get("input") or str(item.get("content") or item)
        )
    assert [item["id"].split("_")[0] for item in items] == ["rs", "msg", "msg", "fc", "ctc"]


async def test_reasoning_is_sealed_only_where_the_request_includes_it() -> None:
    with scripted(EVERYTHING) as server:
        async with talk(server, "everything") as conversation:
            sealed = await conversation.ask()
            plain = await conversation.ask(include=[])
    assert sealed[0]["encrypted_content"].startswith("gAAAAA")
    assert "encrypted_content" not in plain[0]


async def test_messages_beside_calls_are_commentary_unless_the_scenario_says_otherwise() -> None:
    script = """
    [[conversation]]
    match = "phases"
    [[conversation.turn]]
    item = [
        { type = "message", text = "a" },
        { type = "message", text = "b", phase = "final_answer" },
        { type = "message", text = "c", phase = "none" },
        { type = "call", tool = "bash", arguments = { command = "ls" } },
    ]
    [[conversation.turn]]
    item = [{ type = "message", text = "d" }]
    """
    with scripted(script) as server:
        async with talk(server, "phases") as conversation:
            items = await conversation.go_on() + await conversation.go_on()
    phases = [item.get("phase") for item in items if item["type"] == "message"]
    assert phases == ["commentary", "final_answer", None, "final_answer"]


async def test_unknown_events_and_items_are_sent_as_they_are() -> None:
    script = """
    [[conversation]]
    match = "newer"
    [[conversation.turn]]
    item = [
        { type = "event", event = { type = "response.mood", mood = "fine" } },
        { type = "raw", item = { type = "mystery_call", id = "my_1", clue = 1 } },
        { type = "message", text = "Done." },
    ]
    [[conversation.turn]]
    item = [{ type = "message", text = "Still here." }]
    """
    with scripted(script) as server:
        async with talk(server, "newer") as conversation:
            items = await conversation.go_on()
            mood = [e for e in conversation.events if e["type"] == "response.mood"]
            conversation.say("go on")
            await conversation.go_on()
    assert items[0] == {"type": "mystery_call", "id": "my_1", "clue": 1}
    assert mood[0]["mood"] == "fine"


async def test_malformed_arguments_are_sent_word_for_word() -> None:
    script = """
    [[conversation]]
    match = "malformed"
    [[conversation.turn]]
    item = [{ type = "call", tool = "read", raw_arguments = '{"path": "a' }]
    [[conversation.turn]]
    item = [{ type = "message", text = "Sorry." }]
    """
    with scripted(script) as server:
        async with talk(server, "malformed") as conversation:
            items = await conversation.go_on()
            await conversation.go_on()
    assert items[0]["arguments"] == '{"path": "a'


async def test_usage_counts_the_input_and_what_of_it_was_there_before() -> None:
    script = """
    [[conversation]]
    match = "usage"
    [[conversation.turn]]
    item = [{ type = "reasoning", tokens = 100 }, { type = "message", text = "a" }]
    [[conversation.turn]]
    usage = { input_tokens = 9, cached_tokens = 8, output_tokens = 7, reasoning_tokens = 6 }
    item = [{ type = "message", text = "b" }]
    """
    with scripted(script) as server:
        async with talk(server, "usage") as conversation:
            await conversation.go_on()
            first = conversation.usage
            conversation.say("more")
            await conversation.ask(tool_choice="auto")
    assert first["input_tokens"] > 100
    assert first["input_tokens_details"]["cached_tokens"] == 0
    assert first["output_tokens_details"]["reasoning_tokens"] == 100
    assert first["total_tokens"] == first["input_tokens"] + first["output_tokens"]
    assert conversation.usage["input_tokens"] == 9
    assert conversation.usage["total_tokens"] == 16


async def test_what_an_earlier_request_had_counts_as_cached() -> None:
    script = """
    [[conversation]]
    match = "cached"
    [[conversation.turn]]
    item = [{ type = "message", text = "a" }]
    [[conversation.turn]]
    item = [{ type = "message", text = "b" }]
    """
    with scripted(script) as server:
        async with talk(server, "cached") as conversation:
            await conversation.go_on()
            first = conversation.usage["input_tokens"]
            conversation.say("more " * 1000)
            await conversation.go_on()
    cached = conversation.usage["input_tokens_details"]["cached_tokens"]
    assert abs(first - cached) < 5
    assert conversation.usage["input_tokens"] > cached + 1000


async def test_models_are_listed_with_their_shutdown_date() -> None:
    script = """
    [[model]]
    id = "new"
    [[model]]
    id = "old"
    shutdown_date = "2026-07-23"
    [[conversation]]
    match = "x"
    [[conversation.turn]]
    """
    with scripted(script, check=False) as server:
        async with AsyncOpenAI(api_key="k", base_url=server.base_url) as client:
            listed = {model.id: model.shutdown_date async for model in client.models.list()}
            one = await client.models.retrieve("old")
    assert listed == {"new": None, "old": "2026-07-23"}
    assert one.shutdown_date == "2026-07-23"


async def test_an_answer_without_streaming_is_one_response() -> None:
    from codex_task_executor.agent.scripted import ScriptedServer
    from codex_task_executor.agent.scripted.validation import Rules
    from support.scripted import scenario_of

    with ScriptedServer(scenario_of(EVERYTHING), rules=Rules(streaming=False)) as server:
        async with talk(server, "everything") as conversation:
            parameters = conversation.parameters() | {"stream": False}
            response = await conversation.client.responses.create(**parameters)
    assert isinstance(response, Response)
    assert response.status == "completed"
    assert len(response.output) == 5
    assert server.failures == []
