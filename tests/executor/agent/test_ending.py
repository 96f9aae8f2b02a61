"""When a run ends, by what the conversation holds."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from codex_task_executor.agent.conversation import assemble
from codex_task_executor.agent.ending import (
    MAX_CUT,
    Ask,
    judge,
    last_message,
    open_questions,
)
from codex_task_executor.agent.items import user_message
from codex_task_executor.agent.model import Item
from codex_task_executor.agent.records import (
    EndRecord,
    InputRecord,
    ItemRecord,
    Origin,
    OutputRecord,
    Record,
)
from codex_task_executor.agent.result import Ended
from support.items import answered, called, said, thought

ASKED = called("q", "ask_question", question="Which?")
FINAL = said("Done.", "final_answer")


def told(origin: Origin = "user") -> list[Record]:
    return [InputRecord(user_message("text"), origin)]


def responded(number: int, *items: Item, complete: bool = True) -> list[Record]:
    records: list[Record] = [ItemRecord(number, item) for item in items]
    records.append(EndRecord(number, complete=complete))
    for position, item in enumerate(items):
        if item["type"] == "function_call":
            records.append(OutputRecord(number, position, answered(item["call_id"])))
    return records


async def changed() -> bool:
    return True


async def unchanged() -> bool:
    return False


@pytest.mark.parametrize(
    "records",
    [
        told(),
        [*told(), *responded(1, called("a"))],
        [*told(), *responded(1, said("x"), called("a"), said("y", "final_answer"))],
        [*told(), *responded(1, FINAL), *told("tool")],
        [*told(), *responded(1, FINAL, complete=False)],
        [*told(), ItemRecord(1, FINAL)],
    ],
    ids=["new", "call", "call and answer", "test failures", "cut", "killed"],
)
async def test_a_request_is_due(records: Sequence[Record]) -> None:
    assert await judge(assemble(records), changed) == Ask()


@pytest.mark.parametrize("message", [FINAL, said("Done.")], ids=["final answer", "no phases"])
async def test_an_answer_after_a_change_completes_the_run(message: Item) -> None:
    ended = await judge(assemble([*told(), *responded(1, thought(), message)]), changed)
    assert ended == Ended("complete")


@pytest.mark.parametrize(
    "items",
    [(), (thought(),), (said(" \n", "final_answer"),), (said("Next I look.", "commentary"),)],
    ids=["nothing", "reasoning", "blank", "commentary"],
)
async def test_what_is_no_answer_is_nudged_twice_and_then_fails(items: tuple[Item, ...]) -> None:
    records = [*told(), *responded(1, *items)]
    for number in (2, 3):
        step = await judge(assemble(records), changed)
        assert isinstance(step, Ask)
        assert step.nudge
        records += [*told("nudge"), *responded(number, *items)]
    ended = await judge(assemble(records), changed)
    assert isinstance(ended, Ended)
    assert ended.status == "failed"


async def test_nudges_count_anew_after_a_call() -> None:
    empty = said("")
    records = [
        *told(),
        *responded(1, empty),
        *told("nudge"),
        *responded(2, empty),
        *told("nudge"),
        *responded(3, called("a")),
        *responded(4, empty),
    ]
    step = await judge(assemble(records), changed)
    assert isinstance(step, Ask)
    assert step.nudge


async def test_an_answer_without_a_change_is_taken_only_when_it_is_repeated_after_a_nudge() -> None:
    records = [*told(), *responded(1, FINAL)]
    step = await judge(assemble(records), unchanged)
    assert isinstance(step, Ask)
    assert "not changed any file" in str(step.nudge)
    records += [*told("nudge"), *responded(2, said("Nothing to do: it is there.", "final_answer"))]
    assert await judge(assemble(records), unchanged) == Ended("complete")


async def test_a_reason_given_once_does_not_count_for_the_next_message() -> None:
    records = [*told(), *responded(1, FINAL), *told("nudge"), *responded(2, FINAL)]
    records += [*told(), *responded(3, FINAL)]
    assert isinstance(await judge(assemble(records), unchanged), Ask)


async def test_an_open_question_ends_the_run_without_a_change() -> None:
    records = [*told(), *responded(1, ASKED), *responded(2, FINAL)]
    assert await judge(assemble(records), unchanged) == Ended("question")


async def test_a_block_ends_the_run_although_there_was_a_call() -> None:
    block = called("b", "report_blocked", reason="no key", needs="a key")
    records = [*told(), *responded(1, called("a"), block)]
    assert await judge(assemble(records), changed) == Ended("blocked", "no key")


async def test_a_server_that_never_finishes_an_answer_is_given_up() -> None:
    records = told()
    for number in range(1, MAX_CUT + 1):
        assert await judge(assemble(records), changed) == Ask()
        records += responded(number, called("a"), complete=False)
    ended = await judge(assemble(records), changed)
    assert isinstance(ended, Ended)
    assert ended.status == "failed"
    assert await judge(assemble([*records, *told()]), changed) == Ask()


def test_questions_are_open_until_the_user_speaks_and_each_is_listed_once() -> None:
    again = said("[QUESTION] Which?")
    records = [*told(), *responded(1, ASKED, again), *told("tool"), *responded(2, again)]
    assert [question.text for question in open_questions(assemble(records))] == ["Which?"]
    assert open_questions(assemble([*records, *told()])) == ()


def test_the_last_message_is_the_last_that_says_something() -> None:
    records = [*responded(1, FINAL), *responded(2, called("a")), *responded(3, said(" "))]
    assert last_message(assemble(records)) == "Done."
    assert last_message(assemble([])) == ""
