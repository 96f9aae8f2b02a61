"""A run that was killed at any record goes on, and nothing happens twice."""

from __future__ import annotations

import json

import pytest

from codex_task_executor.agent.items import call_id, is_call
from codex_task_executor.agent.records import (
    ItemRecord,
    OutputRecord,
    Record,
    StartRecord,
    from_json,
    to_json,
)
from support.stage import DONE, THINK, Setting, call, say, script, stage, turn

OPENAI, COMPATIBLE = Setting(), Setting(profile="compatible")
PLAY = script(
    turn(THINK, say("Looking."), call("look", "a"), call("look", "b")),
    turn(THINK, call("change", "c"), THINK, call("look", "d"), call("change", "e")),
    turn(say("Next.", phase="commentary")),
    DONE,
    turn(say("Done again.")),  # for a kill between the last message and the end
)


async def lived(setting: Setting) -> list[Record]:
    """The records of a run that nothing interrupts, through JSON and back."""
    async with stage(PLAY, setting, check=False) as on:
        assert (await on.run()).status == "complete"
    return [from_json(json.loads(json.dumps(to_json(record)))) for record in on.records]


@pytest.mark.parametrize("setting", [OPENAI, COMPATIBLE], ids=["openai", "compatible"])
async def test_killed_after_any_record_the_next_process_goes_on(setting: Setting) -> None:
    records = await lived(setting)
    for count in range(1, len(records) + 1):
        async with stage(PLAY, setting, records=records[:count], check=False) as on:
            result = await on.run(None)
            assert (result.status, on.server.failures) == ("complete", [])
            assert sorted(begun(on.diary.lines)) == sorted(never_started(records[:count]))
            assert_interrupted_calls_are_told(records[:count], on.records)


def begun(lines: list[str]) -> list[str]:
    return [line.removeprefix("begin ") for line in lines if line.startswith("begin")]


def never_started(records: list[Record]) -> list[str]:
    """The names of all calls of the play but those that had started."""
    items = [record for record in records if isinstance(record, ItemRecord)]
    by_id = {
        call_id(r.item): json.loads(r.item["arguments"])["name"] for r in items if is_call(r.item)
    }
    started = {by_id[record.call_id] for record in records if isinstance(record, StartRecord)}
    return [name for name in "abcde" if name not in started]


def assert_interrupted_calls_are_told(before: list[Record], after: list[Record]) -> None:
    places = {(r.iteration, r.position) for r in before if isinstance(r, StartRecord)}
    places -= {(r.iteration, r.position) for r in before if isinstance(r, OutputRecord)}
    told = {
        (record.iteration, record.position)
        for record in after
        if isinstance(record, OutputRecord) and "effects are unknown" in record.item["output"]
    }
    assert told == places


async def test_a_finished_conversation_needs_no_request() -> None:
    records = await lived(OPENAI)
    async with stage(PLAY, records=records, check=False) as on:
        result = await on.run(None)
        assert (result.status, result.iterations, on.server.requests) == ("complete", 0, [])
    assert result.message == "Done."


async def test_a_message_that_comes_before_the_interrupted_calls_are_settled_waits_for_them() -> (
    None
):
    records = await lived(OPENAI)
    last = next(n for n, record in enumerate(records) if isinstance(record, StartRecord))
    play = script(PLAY["conversation"][0]["turn"][0], turn(say("Done."), expect=["in a hurry"]))
    async with stage(play, records=records[: last + 1], check=False) as on:
        result = await on.run("in a hurry")
        assert (result.status, on.server.failures) == ("complete", [])
    types = [item["type"] for item in on.server.requests[-1]["input"]]
    assert types.index("function_call_output") < len(types) - 1
    assert types[-1] == "message"


async def test_questions_of_an_earlier_process_are_still_open() -> None:
    asked = {"type": "call", "tool": "ask_question", "arguments": {"question": "Which?"}}
    play = script(turn(asked), DONE)
    async with stage(play, check=False) as on:
        await on.run()
    async with stage(play, records=on.records[:2], check=False) as later:
        result = await later.run(None)
    assert (result.status, [question.text for question in result.questions]) == (
        "question",
        ["Which?"],
    )
    assert later.events == []  # shown by the process that was killed
