"""From records to the input of the next request."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from codex_task_executor.agent.conversation import Conversation, PendingCall, assemble
from codex_task_executor.agent.items import (
    call_id,
    call_output,
    is_call,
    is_reasoning,
    user_message,
)
from codex_task_executor.agent.model import Item, Usage
from codex_task_executor.agent.records import (
    EndRecord,
    InputRecord,
    ItemRecord,
    OutputRecord,
    Record,
    StartRecord,
)
from support.items import answered, called, said, thought

TASK = InputRecord(user_message("do it"), "user")


def items(number: int, *received: Item) -> list[Record]:
    return [ItemRecord(number, item) for item in received]


def test_an_iterations_items_come_first_and_its_outputs_in_the_order_of_the_calls() -> None:
    first, second = called("a"), called("b")
    conversation = assemble(
        [
            TASK,
            ItemRecord(1, first),
            StartRecord(1, 0, "a"),
            ItemRecord(1, second),
            StartRecord(1, 1, "b"),
            OutputRecord(1, 1, answered("b")),
            EndRecord(1),
            OutputRecord(1, 0, answered("a")),
        ]
    )
    assert conversation.items == (TASK.item, first, second, answered("a"), answered("b"))


def test_a_complete_response_keeps_everything_but_trailing_reasoning() -> None:
    unknown: Item = {"type": "of_tomorrow"}
    conversation = assemble([*items(1, thought(), said("x"), unknown, thought()), EndRecord(1)])
    assert conversation.items == (thought(), said("x"), unknown)


@pytest.mark.parametrize("end", [[], [EndRecord(1, complete=False)]], ids=["killed", "cut"])
@pytest.mark.parametrize(
    ("received", "kept"),
    [
        ((), 0),
        ((thought(),), 0),
        ((thought(), said("x")), 2),
        ((thought(), said("x"), thought()), 2),
        ((thought(), said("x"), thought(), called("a")), 4),
        ((said("x"), {"type": "of_tomorrow"}), 1),
    ],
)
def test_a_cut_response_counts_up_to_its_last_whole_call_or_message(
    received: Sequence[Item], kept: int, end: list[Record]
) -> None:
    conversation = assemble([TASK, *items(1, *received), *end])
    assert conversation.items[1:] == tuple(received[:kept])


def test_a_call_without_output_is_pending_and_says_whether_it_had_started() -> None:
    conversation = assemble(
        [
            TASK,
            *items(1, called("a"), called("b"), called("c")),
            StartRecord(1, 0, "a"),
            OutputRecord(1, 0, answered("a")),
            StartRecord(1, 1, "b"),
        ]
    )
    assert [(call_id(call.item), call.started) for call in conversation.pending] == [
        ("b", True),
        ("c", False),
    ]


def test_outputs_belong_to_their_call_even_where_ids_come_again() -> None:
    conversation = assemble(
        [
            *items(1, called("0")),
            OutputRecord(1, 0, answered("0", "one")),
            EndRecord(1),
            *items(2, called("0")),
        ]
    )
    assert [call.iteration for call in conversation.pending] == [2]


def test_no_request_is_made_while_a_call_has_no_output() -> None:
    with pytest.raises(ValueError, match="without an output"):
        assemble(items(1, called("a"))).request_input()


def test_usage_and_cost_are_summed_and_one_unknown_price_makes_the_sum_unknown() -> None:
    conversation = assemble(
        [
            EndRecord(1, usage=Usage(10, 5, 3, 1), cost=Decimal("0.1")),
            EndRecord(2, usage=Usage(20, 10, 4, 2), cost=Decimal("0.2")),
        ]
    )
    assert (conversation.usage, conversation.cost) == (Usage(30, 15, 7, 3), Decimal("0.3"))
    conversation.extend(EndRecord(3, complete=False))
    assert conversation.cost is None


@pytest.mark.parametrize(
    "records",
    [
        [StartRecord(1, 0, "a")],
        [*items(1, said("x")), StartRecord(1, 0, "a")],
        [*items(1, called("a")), OutputRecord(1, 1, answered("a"))],
        [*items(1, called("a")), OutputRecord(1, -1, answered("a"))],
        [*items(1, called("a")), OutputRecord(2, 0, answered("a"))],
    ],
)
def test_records_that_contradict_each_other_are_refused(records: list[Record]) -> None:
    with pytest.raises(ValueError, match=r"no (iteration|call)"):
        assemble(records)


MADE: dict[str, Item] = {
    "message": said("x"),
    "call": called("c"),
    "reasoning": thought(),
    "unknown": {"type": "of_tomorrow"},
}
KINDS = st.lists(st.sampled_from(sorted(MADE)), max_size=5)


@st.composite
def a_round(draw: st.DrawFn) -> tuple[list[str], bool, list[int], int]:
    """A response's items, whether it is complete, in which order its calls finish, and after
    how many records the process is killed (it goes on where that is more than there are)."""
    kinds = draw(KINDS)
    calls = [position for position, kind in enumerate(kinds) if kind == "call"]
    return kinds, draw(st.booleans()), draw(st.permutations(calls)), draw(st.integers(0, 25))


def lived(number: int, kinds: list[str], complete: bool, finishing: list[int]) -> list[Record]:
    """The records of one iteration that nothing interrupts."""
    records: list[Record] = []
    for position, kind in enumerate(kinds):
        records.append(ItemRecord(number, MADE[kind]))
        if kind == "call":
            records.append(StartRecord(number, position, "c"))
    records.append(EndRecord(number, complete=complete))
    return records + [OutputRecord(number, position, answered("c")) for position in finishing]


@given(st.lists(a_round(), max_size=6))
@settings(max_examples=80)
def test_every_input_begins_with_the_one_before_and_is_what_the_api_takes(
    rounds: list[tuple[list[str], bool, list[int], int]],
) -> None:
    journal: list[Record] = [TASK]
    earlier: tuple[Item, ...] = ()
    live = assemble(journal)
    for number, (kinds, complete, finishing, killed) in enumerate(rounds, 1):
        for record in lived(number, kinds, complete, finishing)[:killed]:
            journal.append(record)
            live.extend(record)
        for call in live.pending:
            live.extend(settled(call, journal))
        sent = live.request_input()
        assert sent == assemble(journal).items
        assert sent[: len(earlier)] == earlier
        assert_acceptable(sent)
        earlier = sent


def settled(call: PendingCall, journal: list[Record]) -> Record:
    """What a resumed loop records for a call that was left without an output."""
    journal.append(OutputRecord(call.iteration, call.position, call_output(call.item, "?")))
    return journal[-1]


def assert_acceptable(sent: tuple[Item, ...]) -> None:
    """A call for each output, and reasoning only before what it led to."""
    assert sum(map(is_call, sent)) == sum(item["type"].endswith("_output") for item in sent)
    for item, follower in zip(sent, (*sent[1:], TASK.item), strict=True):
        assert not is_reasoning(item) or follower in MADE.values()


def test_a_new_conversation_is_empty() -> None:
    empty = Conversation()
    assert (empty.items, empty.pending, empty.iterations, empty.last) == ((), (), 0, None)
