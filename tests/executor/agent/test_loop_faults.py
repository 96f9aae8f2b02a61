"""Faults of the model's server, over real HTTP: retried, cut, failed; nothing happens twice."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from codex_task_executor.agent.endpoint import RetryPolicy
from codex_task_executor.agent.model import FailureKind
from codex_task_executor.agent.records import EndRecord, ItemRecord
from codex_task_executor.agent.result import AgentResult
from codex_task_executor.events import Event, Progress, ToolUsed
from support.scripted import scripted
from support.stage import (
    DONE,
    THINK,
    Setting,
    call,
    connected,
    played_by,
    say,
    script,
    stage,
    turn,
)


def notices(events: list[Event]) -> list[str]:
    return [event.text for event in events if isinstance(event, Progress)]


@pytest.mark.parametrize(
    ("fault", "what"),
    [
        ("408", "408 from the API"),
        ("409", "409 from the API"),
        ("429", "429 from the API"),
        ("500", "500 from the API"),
        ("502", "502 from the API"),
        ("503", "503 from the API"),
        ("504", "504 from the API"),
        ({"kind": "429", "retry_after": 0}, "429 from the API"),
        ({"kind": "429", "retry_after_ms": 1}, "429 from the API"),
        ({"kind": "400", "code": "busy", "should_retry": True}, "400 from the API"),
        ("disconnect", "no connection to the API"),
        ("cut", "no connection to the API"),
        ({"kind": "no_terminal", "after": 0}, "an answer without an end"),
        ("garbled", "an unreadable answer"),
        ("failed:server_error", "server_error from the API"),
        ("failed:rate_limit_exceeded", "rate_limit_exceeded from the API"),
        ("error:server_error", "server_error from the API"),
        ("error:server_is_overloaded", "server_is_overloaded from the API"),
    ],
    ids=str,
)
async def test_what_may_pass_is_tried_again_and_said(fault: Any, what: str) -> None:
    async with stage(script(turn(say("Done."), fault=fault))) as on:
        result = await on.run()
    assert (result.status, result.iterations) == ("complete", 1)
    (notice,) = notices(on.events)
    assert notice.startswith(f"{what}: waiting 0 s, try 2 of 3")
    assert on.server.requests[0] == on.server.requests[1]


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        ("400", FailureKind.REJECTED),
        ("401", FailureKind.UNAUTHORIZED),
        ("403", FailureKind.UNAUTHORIZED),
        ("404", FailureKind.UNKNOWN_MODEL),
        ("429:insufficient_quota", FailureKind.QUOTA),
        ("400:context_length_exceeded", FailureKind.CONTEXT_FULL),
        ("400:invalid_prompt", FailureKind.REJECTED),
        ({"kind": "500", "should_retry": False}, FailureKind.UNREACHABLE),
        ({"kind": "429", "retry_after": 3600}, FailureKind.UNREACHABLE),
        ({"kind": "429", "message": "try again in 2h"}, FailureKind.UNREACHABLE),
        ("failed:insufficient_quota", FailureKind.QUOTA),
        ("failed:context_length_exceeded", FailureKind.CONTEXT_FULL),
        ("failed:invalid_prompt", FailureKind.REJECTED),
        ("error:insufficient_quota", FailureKind.QUOTA),
        ("incomplete", FailureKind.REJECTED),
        ({"kind": "incomplete", "reason": "content_filter"}, FailureKind.REJECTED),
    ],
    ids=str,
)
async def test_what_will_not_pass_ends_the_run_with_its_kind(fault: Any, kind: FailureKind) -> None:
    async with stage(script(turn(say("Done."), fault=fault))) as on:
        result = await on.run()
        assert len(on.server.requests) == 1
    assert (result.status, notices(on.events)) == ("failed", [])
    assert result.ended.error is not None
    assert result.ended.error.kind is kind
    assert result.ended.reason == str(result.ended.error)


async def test_after_the_last_try_the_run_fails_and_its_next_one_goes_on() -> None:
    async with stage(script(turn(call("look", "a")), turn(say("Done."), faults=["503"] * 3))) as on:
        failed = await on.run()
        assert failed.ended.error is not None
        assert (failed.ended.error.kind, failed.ended.error.status) == (
            FailureKind.UNREACHABLE,
            503,
        )
        assert (await on.run(None)).status == "complete"
    assert on.diary.lines == ["begin a", "end a"]


async def test_a_full_context_ends_the_run() -> None:
    play = script(turn(call("look", "a" * 4_000)), DONE) | {"context_window": 1_000}
    async with stage(play, check=False) as on:
        result = await on.run()
    assert result.ended.error is not None
    assert result.ended.error.kind is FailureKind.CONTEXT_FULL


ITEMS = (THINK, say("Looking."), call("look", "a"), THINK, call("change", "b"))
KEPT = {0: 0, 1: 0, 2: 2, 3: 3, 4: 3, 5: 5}
"""Items that came whole -> items that are kept."""


ENDS_AFTER = [
    (kind, whole)
    for kind in ("cut", "no_terminal", "failed", "error", "incomplete")
    for whole, kept in KEPT.items()
    if kept or kind != "incomplete"  # with nothing kept that is a failure of its own
]


@pytest.mark.parametrize(("kind", "whole"), ENDS_AFTER)
async def test_a_stream_that_ends_after_an_item_keeps_what_was_whole(kind: str, whole: int) -> None:
    play = script(turn(*ITEMS, fault={"kind": kind, "after": whole}), DONE)
    async with stage(play, check=whole < 5) as on:
        assert_played_once(await on.run(), on.events, on.diary.lines)
        kept = [record for record in on.records if isinstance(record, ItemRecord)]
        assert sum(record.iteration == 1 for record in kept) == (KEPT[whole] or 5)


@pytest.mark.parametrize("kind", ["cut", "no_terminal", "idle"])
@pytest.mark.parametrize("within", range(5))
async def test_a_stream_that_ends_within_an_item_keeps_what_was_whole(
    kind: str, within: int
) -> None:
    play = script(turn(*ITEMS, fault={"kind": kind, "within": within}), DONE)
    with scripted(play) as server:
        async with connected(server, idle_seconds=0.1) as model:
            on = played_by(model, server)
            assert_played_once(await on.run(), on.events, on.diary.lines)


def assert_played_once(result: AgentResult, events: list[Event], lines: list[str]) -> None:
    """Everything of ITEMS was shown and carried out once."""
    assert result.status == "complete"
    shown = [event for event in events if not (isinstance(event, Progress) and "try" in event.text)]
    assert shown == [Progress("Looking."), ToolUsed("Read", "a"), ToolUsed("Read", "b")]
    assert lines == ["begin a", "end a", "begin b", "end b"]


async def test_a_cut_answer_is_no_end_even_where_it_looks_like_one() -> None:
    play = script(turn(say("Done."), call("change", "b"), fault={"kind": "cut", "after": 1}), DONE)
    async with stage(play) as on:
        assert (await on.run()).status == "complete"
    ends = [record.complete for record in on.records if isinstance(record, EndRecord)]
    assert ends == [False, True, True]
    assert on.diary.lines == ["begin b", "end b"]


async def test_after_a_failure_the_connection_is_opened_once_more_and_kept() -> None:
    play = script(turn(call("look", "a"), fault="503"), turn(call("look", "b"), fault="cut"), DONE)
    async with stage(play) as on:
        await on.run()
        assert on.server.connections == 2  # the cut one, and one more


async def test_a_server_that_says_nothing_more_is_left_after_the_idle_time() -> None:
    with scripted(script(turn(say("Done."), faults=["idle"]))) as server:
        async with connected(server, idle_seconds=0.1) as model:
            on = played_by(model, server)
            assert (await on.run()).status == "complete"
    assert notices(on.events) == ["no answer from the API: waiting 0 s, try 2 of 3"]


async def test_a_slow_answer_is_not_an_idle_one() -> None:
    with scripted(script(turn(call("look", "a"), drip=True), turn(say("Done."), drip=True))) as s:
        async with connected(s, idle_seconds=5) as model:
            on = played_by(model, s)
            assert (await on.run()).status == "complete"
    assert notices(on.events) == []


async def test_events_and_items_of_tomorrow_do_not_matter() -> None:
    tomorrow = {"type": "raw", "item": {"type": "of_tomorrow", "id": "x_1", "by": None}}
    event = {"type": "event", "event": {"type": "response.of_tomorrow", "item": {"type": "x"}}}
    play = script(turn(event, tomorrow, call("look", "a"), event), DONE)
    async with stage(play, check=False) as on:
        await on.run()
    items = [record.item for record in on.records if isinstance(record, ItemRecord)]
    assert items[0] == {"type": "of_tomorrow", "id": "x_1", "by": None}
    assert on.diary.lines == ["begin a", "end a"]


async def test_ten_megabytes_of_text_are_an_answer() -> None:
    async with stage(script(turn(say("x" * 10_000_000)))) as on:
        result = await on.run()
    assert (result.status, len(result.message)) == ("complete", 10_000_000)


async def test_a_wrong_key_is_told_without_a_second_try() -> None:
    with scripted(script(DONE), check=False) as server:
        async with connected(server, key="sk-invalid") as model:
            on = played_by(model, server)
            result = await on.run()
    assert result.ended.error is not None
    assert result.ended.error.kind is FailureKind.UNAUTHORIZED
    assert notices(on.events) == []


async def test_nobody_at_the_address_is_unreachable() -> None:
    with scripted(script(DONE), check=False) as server:
        pass
    async with connected(server, retry=RetryPolicy(2, 0.001, 0.002)) as model:
        result = await played_by(model, server).run()
    assert result.ended.error is not None
    assert result.ended.error.kind is FailureKind.UNREACHABLE


async def test_cancelling_a_wait_for_the_next_try_is_immediate() -> None:
    play = script(turn(say("Done."), fault={"kind": "429", "retry_after": 200}))
    with scripted(play, check=False) as server:
        async with connected(server, retry=RetryPolicy()) as model:
            on = played_by(model, server)
            running = asyncio.create_task(on.run())
            await on.events.shows("429 from the API: waiting 200 s, try 2 of 6")
            running.cancel()
            with pytest.raises(asyncio.CancelledError):
                await running


async def test_the_models_of_a_key_are_listed_with_their_shutdown_date() -> None:
    play = script(DONE) | {"model": [{"id": "a"}, {"id": "b", "shutdown_date": "2026-07-23"}]}
    with scripted(play, check=False) as server:
        async with connected(server) as model:
            listed = [(info.name, info.shutdown_date) for info in await model.models()]
    assert listed == [("a", None), ("b", "2026-07-23")]


async def test_an_unknown_model_is_told_by_its_kind() -> None:
    play = script(DONE) | {"model": [{"id": "another"}]}
    async with stage(play, check=False) as on:
        result = await on.run()
    assert result.ended.error is not None
    assert result.ended.error.kind is FailureKind.UNKNOWN_MODEL


async def test_many_tasks_share_one_model_and_do_not_see_each_other() -> None:
    names = [f"task {letter}" for letter in "abcdefgh"]
    conversations = [
        {"match": name, "turn": [turn(call("look", name)), turn(say(f"Done {name}."))]}
        for name in names
    ]
    setting = Setting(profile="compatible")
    with scripted({"conversation": conversations}, compatible=True) as server:
        async with connected(server) as model:
            stages = [played_by(model, server, setting=setting) for _ in names]
            results = await asyncio.gather(
                *(on.run(name) for on, name in zip(stages, names, strict=True))
            )
            assert server.connections <= len(names)
    assert [result.message for result in results] == [f"Done {name}." for name in names]
