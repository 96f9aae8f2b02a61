"""Where a conversation stands, whatever became of the client and its requests."""

from __future__ import annotations

import asyncio
from typing import Any

import openai
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from codex_task_executor.agent.scripted import Scenario, ScriptedServer
from codex_task_executor.agent.scripted.history import find_place, sayings
from codex_task_executor.agent.scripted.items import Renderer
from support.responses import talk
from support.scripted import scripted

THREE_TURNS = """
[[conversation]]
match = "three turns"
[[conversation.turn]]
item = [
    { type = "message", text = "I look." },
    { type = "reasoning" },
    { type = "call", tool = "read", arguments = { path = "a" } },
]
[[conversation.turn]]
expect = ["^contents"]
reject = ["secret"]
item = [{ type = "call", tool = "apply_patch", input = "*** Begin Patch" }]
[[conversation.turn]]
item = [{ type = "message", text = "Done." }]
"""


def names(items: list[dict[str, Any]]) -> list[str]:
    return [item.get("name") or item["type"] for item in items]


async def test_the_same_request_gets_the_same_turn_with_ids_of_its_own() -> None:
    with scripted(THREE_TURNS) as server:
        async with talk(server, "three turns") as conversation:
            first, again = await conversation.ask(), await conversation.ask()
            conversation.keep(again, "contents")
            await conversation.go_on()
            await conversation.go_on()
    assert names(first) == names(again)
    assert first[0]["id"] != again[0]["id"]
    assert first[2]["call_id"] != again[2]["call_id"]


async def test_a_conversation_goes_on_at_another_server_where_it_stood() -> None:
    with scripted(THREE_TURNS, check=False) as server:
        async with talk(server, "three turns") as conversation:
            await conversation.go_on("contents")
            await conversation.go_on()
    with scripted(THREE_TURNS, check=False) as server:
        async with talk(server, "") as resumed:
            resumed.input = conversation.input
            items = await resumed.go_on()
    assert items[0]["content"][0]["text"] == "Done."
    assert server.failures == []


async def test_a_follow_up_is_the_next_turn() -> None:
    script = """
    [[conversation]]
    match = "first wish"
    [[conversation.turn]]
    item = [{ type = "message", text = "Done." }]
    [[conversation.turn]]
    expect = ["second wish"]
    item = [{ type = "message", text = "Done as well." }]
    """
    with scripted(script) as server:
        async with talk(server, "first wish") as conversation:
            await conversation.go_on()
            conversation.say("second wish")
            items = await conversation.go_on()
    assert items[0]["content"][0]["text"] == "Done as well."


@pytest.mark.parametrize(
    "empty",
    ["", 'item = [{ type = "reasoning" }]', 'item = [{ type = "message", text = " " }]'],
)
async def test_a_turn_that_leaves_nothing_to_repeat_is_over_when_the_input_grows(
    empty: str,
) -> None:
    script = f"""
    [[conversation]]
    match = "empty"
    [[conversation.turn]]
    {empty}
    [[conversation.turn]]
    expect = ["nudge"]
    item = [{{ type = "message", text = "Done." }}]
    """
    with scripted(script) as server:
        async with talk(server, "empty") as conversation:
            await conversation.ask()
            await conversation.ask()
            conversation.say("nudge")
            items = await conversation.go_on()
    assert items[0]["content"][0]["text"] == "Done."


async def test_a_second_call_with_the_same_id_may_be_kept_or_not() -> None:
    script = """
    [[conversation]]
    match = "twice"
    [[conversation.turn]]
    item = [
        { type = "call", tool = "read", arguments = { path = "a" }, call_id = "call_same" },
        { type = "call", tool = "read", arguments = { path = "b" }, call_id = "call_same" },
    ]
    [[conversation.turn]]
    item = [{ type = "message", text = "Done." }]
    """
    with scripted(script) as server:
        for key, kept in (("one", 1), ("two", 2)):
            async with talk(server, "twice", key=key) as conversation:
                items = await conversation.ask()
                conversation.keep(items[:kept])
                assert names(await conversation.go_on()) == ["message"]
    assert [item["call_id"] for item in items] == ["call_same", "call_same"]


async def test_sixteen_tasks_at_once_do_not_see_each_other() -> None:
    async def task(server: ScriptedServer, number: int) -> list[str]:
        async with talk(server, "three turns", key=f"task-{number}") as conversation:
            turns = [await conversation.go_on(f"contents {number}") for _ in range(3)]
        return [name for items in turns for name in names(items)]

    with scripted(THREE_TURNS) as server:
        played = await asyncio.gather(*(task(server, number) for number in range(16)))
    assert all(
        items == ["message", "reasoning", "read", "apply_patch", "message"] for items in played
    )
    assert server.connections == 16
    assert len(server.requests) == 48


async def test_tasks_without_a_cache_key_are_kept_apart_by_what_they_hold() -> None:
    with scripted(THREE_TURNS, compatible=True) as server:
        async with (
            talk(server, "three turns", compatible=True) as one,
            talk(server, "three turns", compatible=True) as other,
        ):
            for output in ("contents", "done", "done"):
                await one.go_on(f"{output} one")
                await other.go_on(f"{output} other")


async def test_the_description_chooses_the_conversation_not_the_plan_before_it() -> None:
    script = """
    [[conversation]]
    match = "mend"
    [[conversation.turn]]
    item = [{ type = "message", text = "Mended." }]
    [[conversation]]
    match = "mend the roof"
    [[conversation.turn]]
    item = [{ type = "message", text = "Dry." }]
    [[conversation]]
    match = "paint"
    [[conversation.turn]]
    item = [{ type = "message", text = "Painted." }]
    """
    said = {}
    with scripted(script) as server:
        for wish in ("mend it", "mend the roof", "paint"):
            plan = "Plan: paint, mend the roof."
            async with talk(server, f"{plan}\n{wish}", key=wish) as conversation:
                conversation.say("as told")
                said[wish] = (await conversation.go_on())[0]["content"][0]["text"]
    assert said == {"mend it": "Mended.", "mend the roof": "Dry.", "paint": "Painted."}


async def test_what_the_scenario_does_not_expect_fails_loudly() -> None:
    with scripted(THREE_TURNS, check=False) as server:
        async with talk(server, "three turns") as conversation:
            items = await conversation.ask()
            conversation.keep(items, "nothing of use")
            assert "expected '^contents' in 'nothing of use'" in await conversation.refused()
        async with talk(server, "three turns", key="2") as conversation:
            await conversation.go_on("first line\ncontents\nsecret")
            assert "did not expect 'secret'" in await conversation.refused()
        async with talk(server, "something else", key="3") as conversation:
            assert "no conversation of the scenario matches" in await conversation.refused()
        async with talk(server, "three turns", key="4") as conversation:
            for _ in range(3):
                await conversation.go_on("contents")
            conversation.say("more")
            expected = "has 3 turns; the client asks for one more: 'more'"
            assert expected in await conversation.refused()
        async with talk(server, "three turns", key="5") as conversation:
            with pytest.raises(openai.BadRequestError, match="the scenario calls 'read'"):
                await conversation.ask(tools=[])
    assert len(server.failures) == 5
    assert server.failures[0].startswith("POST /v1/responses 2: scripted model: ")


async def test_turns_that_were_not_played_are_listed() -> None:
    with scripted(THREE_TURNS, check=False) as server:
        assert len(server.unfinished()) == 3
        async with talk(server, "three turns") as conversation:
            await conversation.go_on("contents")
            await conversation.go_on()
            assert server.unfinished() == ["conversation 'three turns': turn 2 was not played"]
            await conversation.go_on()
    assert server.unfinished() == []


async def test_a_task_may_begin_anew_under_the_same_key_and_meets_its_faults_again() -> None:
    script = """
    [[conversation]]
    match = "again"
    [[conversation.turn]]
    fault = "500"
    item = [{ type = "message", text = "Done." }]
    [[conversation.turn]]
    item = [{ type = "message", text = "And done." }]
    """
    with scripted(script) as server:
        for _ in range(2):
            async with talk(server, "again") as conversation:
                with pytest.raises(openai.InternalServerError):
                    await conversation.ask()
                await conversation.go_on()
                conversation.say("more")
                await conversation.go_on()


SAID = st.lists(st.sampled_from(["message", "call"]), min_size=1, max_size=3)
TURNS = st.lists(st.tuples(st.booleans(), SAID), min_size=1, max_size=5)


@settings(max_examples=100, deadline=None)
@given(TURNS, st.data())
def test_what_is_left_to_say_follows_from_what_the_input_repeats(
    turns: list[tuple[bool, list[str]]], data: st.DataObject
) -> None:
    scenario = Scenario.from_dict(
        {"conversation": [{"match": "x", "turn": [turn_of(*turn) for turn in turns]}]}
    )
    conversation, renderer = scenario.conversations[0], Renderer({}, compatible=False, sealed=True)
    script = sayings(conversation, renderer)
    kept = data.draw(st.integers(0, len(script)))
    items = [{"role": "user", "content": "x"}, *(said.fields or {} for said in script[:kept])]
    place = find_place(script, items, {})
    if kept == len(script):
        assert place is None
        return
    assert place is not None
    following = conversation.turns[place.turn].items[place.item :]
    left = [said for said in script[kept:] if said.turn == script[kept].turn]
    assert place.turn == left[0].turn
    assert [item.type for item in following if item.type != "reasoning"] == [
        "message" if said.fields and said.fields["type"] == "message" else "call" for said in left
    ]


def turn_of(thinks: bool, kinds: list[str]) -> dict[str, Any]:
    """A turn with items of these kinds, each after reasoning if the model ``thinks``."""
    said = {
        "message": {"type": "message", "text": "Well."},
        "call": {"type": "call", "name": "read", "raw_arguments": "{}"},
    }
    thought = [{"type": "reasoning"}] if thinks else []
    return {"item": [item for kind in kinds for item in (*thought, said[kind])]}
