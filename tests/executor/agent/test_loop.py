"""The loop, over real HTTP: what it sends, shows, carries out, and when it ends."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from decimal import Decimal

import pytest

from codex_task_executor.agent.limits import Limits
from codex_task_executor.agent.model import Usage
from codex_task_executor.agent.pricing import UnknownPrice
from codex_task_executor.agent.result import Ended
from codex_task_executor.events import Blocked, Progress, Question, ToolUsed
from support.stage import DONE, THINK, Setting, call, say, script, stage, turn

COMPATIBLE = Setting(profile="compatible")


async def test_a_task_runs_to_its_end() -> None:
    play = script(
        turn(THINK, say("Looking."), call("look", "a")),
        turn(call("change", "b"), expect=["did a"]),
        turn(say("Done: b changed."), expect=["did b"]),
    )
    async with stage(play) as on:
        result = await on.run()
    assert (result.status, result.iterations, result.message) == ("complete", 3, "Done: b changed.")
    assert on.events == [Progress("Looking."), ToolUsed("Read", "a"), ToolUsed("Read", "b")]
    assert result.usage.total > 0
    assert result.cost is not None
    assert on.diary.lines == ["begin a", "end a", "begin b", "end b"]


async def test_the_same_in_compatible_mode() -> None:
    play = script(
        turn(THINK, say("Looking."), call("look", "a")),
        turn(say("Done."), expect=["did a"]),
    )
    async with stage(play, COMPATIBLE) as on:
        result = await on.run()
    assert result.status == "complete"
    assert on.events == [Progress("Looking."), ToolUsed("Read", "a")]


async def test_everything_is_recorded_before_it_happens() -> None:
    async with stage(script(turn(call("look", "a")), DONE)) as on:
        await on.run()
    kinds = on.kinds()
    assert kinds[:2] == ["input", "item"]
    assert kinds.index("start") < kinds.index("output")
    assert kinds[-2:] == ["item", "end"]


async def test_a_call_starts_while_the_response_still_streams() -> None:
    async with stage(script(turn(call("look", "a"), hold="streaming"), DONE)) as on:
        running = asyncio.create_task(on.run())
        await asyncio.to_thread(on.server.holds.wait_reached, "streaming")
        await on.records.has("output")
        assert "end" not in on.kinds()
        on.server.holds.release("streaming")
        assert (await running).status == "complete"


async def test_reads_run_side_by_side_and_edits_alone_in_item_order() -> None:
    play = script(
        turn(call("look", "1"), call("look", "2"), call("change", "3"), call("look", "4")), DONE
    )
    async with stage(play) as on:
        for name in "123":
            on.diary.hold(name)
        running = asyncio.create_task(on.run())
        await on.diary.reached["2"].wait()
        assert on.diary.lines == ["begin 1", "begin 2"]
        on.diary.gates["2"].set()
        on.diary.gates["1"].set()
        await on.diary.reached["3"].wait()
        assert on.diary.lines[-1] == "begin 3"
        on.diary.gates["3"].set()
        await running
    assert on.diary.lines[-4:] == ["begin 3", "end 3", "begin 4", "end 4"]
    assert on.outputs() == ["did 1", "did 2", "did 3", "did 4"]


async def test_the_first_request_does_not_wait_for_the_worktree_but_the_first_tool_does() -> None:
    ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    play = script(turn(call("look", "a"), hold="answered"), DONE)
    async with stage(play, ready=ready) as on:
        running = asyncio.create_task(on.run())
        await asyncio.to_thread(on.server.holds.wait_reached, "answered")
        on.server.holds.release("answered")
        await on.records.has("end")
        assert on.kinds() == ["input", "item", "end"]
        ready.set_result(None)
        assert (await running).status == "complete"


async def test_a_worktree_that_cannot_be_made_ends_the_run_with_its_error() -> None:
    ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    async with stage(script(turn(call("look", "a"), hold="on")), ready=ready, check=False) as on:
        running = asyncio.create_task(on.run())
        await asyncio.to_thread(on.server.holds.wait_reached, "on")
        ready.set_exception(LookupError("disk full"))
        with pytest.raises(LookupError, match="disk full"):
            await running


async def test_a_failing_tool_tells_the_model_what_to_do() -> None:
    play = script(turn(call("look", "bad")), turn(say("Done."), expect=["try another"]))
    async with stage(play) as on:
        assert (await on.run()).status == "complete"


@pytest.mark.parametrize("setting", [Setting(), COMPATIBLE], ids=["openai", "compatible"])
async def test_every_call_gets_exactly_one_output_whatever_it_is_like(setting: Setting) -> None:
    play = script(
        turn(
            call("look", "a", call_id="same"),
            call("look", "b", call_id="same"),
            call("fly", "c"),
            {"type": "call", "name": "look", "raw_arguments": '{"name": '},
            {"type": "call", "name": "look", "raw_arguments": '{"name": "d", "colour": "red"}'},
        ),
        DONE,
    )
    async with stage(play, setting, check=False) as on:
        assert (await on.run()).status == "complete"
        assert on.server.failures == []
    outputs = on.outputs()
    assert outputs[0] == "did a"
    assert "same call_id" in outputs[1]
    assert "no tool named" in outputs[2]
    assert "not valid JSON" in outputs[3]
    assert "colour" in outputs[4]
    assert on.diary.lines == ["begin a", "end a"]


async def test_ids_that_come_again_in_a_later_response_are_other_calls() -> None:
    play = script(turn(call("look", "a", call_id="0")), turn(call("look", "b", call_id="0")), DONE)
    async with stage(play, COMPATIBLE, check=False) as on:
        assert (await on.run()).status == "complete"
    assert on.outputs() == ["did a", "did b"]


async def test_malformed_calls_in_a_row_end_the_run() -> None:
    turns = [turn({"type": "call", "name": "look", "raw_arguments": "{"}) for _ in range(5)]
    async with stage(script(*turns)) as on:
        result = await on.run()
    assert (result.status, result.iterations) == ("failed", 5)
    assert "malformed" in result.ended.reason


async def test_commentary_alone_is_nudged_and_the_model_may_go_on() -> None:
    play = script(
        turn(say("Next I look.", phase="commentary")),
        turn(call("look", "a"), expect=["commentary without a tool call"]),
        DONE,
    )
    async with stage(play) as on:
        result = await on.run()
    assert (result.status, result.iterations) == ("complete", 3)


async def test_the_third_empty_answer_in_a_row_fails_the_run() -> None:
    async with stage(script(*[turn(say("  "))] * 3), check=False) as on:
        result = await on.run()
    assert (result.status, result.iterations) == ("failed", 3)


async def test_an_answer_without_a_change_has_to_be_given_twice() -> None:
    play = script(
        turn(say("All fine.")),
        turn(say("It is there already."), expect=["not changed any file"]),
    )
    async with stage(play, Setting(changed=False)) as on:
        result = await on.run()
    assert (result.status, result.message) == ("complete", "It is there already.")


async def test_a_question_is_shown_and_the_model_goes_on_with_what_it_can() -> None:
    asked = {
        "type": "call",
        "tool": "ask_question",
        "arguments": {"question": "Which?", "options": ["a", "b"], "assumption": "a"},
    }
    play = script(
        turn(asked),
        turn(call("change", "x"), expect=["Go on with your assumption"]),
        turn(say("Done, assuming a.")),
    )
    async with stage(play) as on:
        result = await on.run()
    question = Question("Which?", ("a", "b"), "a")
    assert (result.status, result.questions) == ("question", (question,))
    assert on.events[0] == question


async def test_an_answer_closes_the_question_and_the_conversation_goes_on() -> None:
    play = script(
        turn(say("[QUESTION] Which?\nOptions:\n1. a\n2. b")),
        turn(call("change", "b"), expect=["take b"]),
        DONE,
    )
    async with stage(play) as on:
        first = await on.run()
        second = await on.run("take b")
    assert (first.status, second.status, second.questions) == ("question", "complete", ())
    assert second.iterations == 3  # of this invocation


async def test_a_block_ends_the_run_after_its_iteration() -> None:
    blocked = {
        "type": "call",
        "tool": "report_blocked",
        "arguments": {"reason": "no key", "needs": "a key"},
    }
    async with stage(script(turn(call("look", "a"), blocked))) as on:
        result = await on.run()
    assert (result.status, result.blocked) == ("blocked", Blocked("no key", "a key"))
    assert result.ended.reason == "no key"
    assert on.diary.lines == ["begin a", "end a"]


async def test_test_failures_go_back_to_the_model_without_closing_its_questions() -> None:
    play = script(
        turn(say("[QUESTION] Which?")),
        turn(call("change", "fix"), expect=["1 failed"]),
        DONE,
    )
    async with stage(play) as on:
        await on.run()
        on.agent.tell("1 failed", "tool")
        result = await on.run(None)
    assert (result.status, len(result.questions)) == ("question", 1)


@pytest.mark.parametrize(
    ("limits", "name", "iterations"),
    [
        (Limits(iterations=2), "MAX_ITERS", 2),
        (Limits(tokens=1_500), "MAX_TOKENS", 1),
        (Limits(cost_usd=Decimal("0.0021")), "MAX_COST_USD", 1),
    ],
)
async def test_reaching_a_limit_ends_the_run_before_the_next_request(
    limits: Limits, name: str, iterations: int
) -> None:
    usage = {"input_tokens": 1_000, "output_tokens": 10}
    turns = [turn(call("look", str(number)), usage=usage) for number in range(3)]
    async with stage(script(*turns), Setting(limits=limits), check=False) as on:
        result = await on.run()
    assert (result.status, result.ended.limit, result.iterations) == ("limit", name, iterations)
    assert result.ended.reason.startswith(f"{name} reached")
    assert len(on.server.requests) == iterations


async def test_limits_count_over_all_rounds_of_an_invocation() -> None:
    async with stage(script(DONE, DONE), Setting(limits=Limits(iterations=1)), check=False) as on:
        assert (await on.run()).status == "complete"
        assert (await on.run("more")).ended.limit == "MAX_ITERS"


async def test_the_time_limit_interrupts_a_request() -> None:
    setting = Setting(limits=Limits(seconds=0.05))
    async with stage(script(turn(say("x"), hold="forever")), setting, check=False) as on:
        result = await on.run()
    assert result.ended == Ended("limit", "TIME_LIMIT reached: 0.05 seconds", "TIME_LIMIT")
    assert result.message == "x"


async def test_the_time_limit_interrupts_a_tool() -> None:
    setting = Setting(limits=Limits(seconds=0.2))
    async with stage(script(turn(call("look", "a"))), setting, check=False) as on:
        on.diary.hold("a")
        result = await on.run()
    assert result.ended.limit == "TIME_LIMIT"
    assert on.diary.lines in (["begin a"], [])


async def test_a_money_limit_with_a_model_of_unknown_price_is_refused_at_the_start() -> None:
    setting = Setting(limits=Limits(cost_usd=Decimal(1)), model_name="nobodys-model")
    with pytest.raises(UnknownPrice, match="nobodys-model"):
        async with stage(script(DONE), setting, check=False):
            pass


async def test_an_unknown_price_stays_unknown() -> None:
    setting = Setting(base_url="http://127.0.0.1:1/v1")
    async with stage(script(turn(call("look", "a")), DONE), setting) as on:
        result = await on.run()
    assert result.cost is None
    assert result.usage != Usage()


async def test_one_connection_serves_many_iterations() -> None:
    turns = [turn(call("look", str(number))) for number in range(12)]
    async with stage(script(*turns, DONE)) as on:
        await on.run()
        assert on.server.connections == 1
    assert len(on.server.requests) == 13


async def test_cancelling_in_the_middle_of_a_stream_leaves_a_transcript_to_go_on_from() -> None:
    play = script(turn(call("look", "a"), say("x", hold="streaming")), DONE)
    async with stage(play) as on:
        running = asyncio.create_task(on.run())
        await asyncio.to_thread(on.server.holds.wait_reached, "streaming")
        await on.records.has("output")
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        assert on.kinds() == ["input", "item", "start", "output"]
        assert on.agent.result(Ended("interrupted")).status == "interrupted"
        on.server.holds.release("streaming")
        assert (await on.run(None)).status == "complete"
    assert on.diary.lines == ["begin a", "end a"]


async def test_cancelling_stops_a_tool_at_once_and_its_effects_count_as_unknown() -> None:
    play = script(
        turn(call("change", "a"), call("change", "b")),
        turn(say("Done."), expect=["effects are unknown", "did b"]),
    )
    async with stage(play) as on:
        on.diary.hold("a")
        running = asyncio.create_task(on.run())
        await on.diary.reached["a"].wait()
        await on.records.has("end")
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        assert (await on.run(None)).status == "complete"
    assert on.diary.lines == ["begin a", "begin b", "end b"]


async def test_reasoning_effort_and_cache_key_are_sent() -> None:
    async with stage(script(DONE)) as on:
        await on.run()
    (request,) = on.server.requests
    assert (request["reasoning"], request["prompt_cache_key"]) == ({"effort": "low"}, "task-1")


async def test_settings_can_change_between_invocations() -> None:
    async with stage(script(DONE, DONE)) as on:
        await on.run()
        on.agent.settings = replace(on.agent.settings, effort="high")
        await on.run("more")
    assert [request["reasoning"]["effort"] for request in on.server.requests] == ["low", "high"]
