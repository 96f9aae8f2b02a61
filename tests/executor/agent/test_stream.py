"""Events of a stream -> items as soon as they are certain, and how the response ended."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from codex_task_executor.agent.model import FailureKind, Item, Usage
from codex_task_executor.agent.retry import Failed
from codex_task_executor.agent.stream import ResponseReader
from support.items import called, freeform, said, thought

Event = dict[str, Any]


def done(item: Item) -> Event:
    return {"type": "response.output_item.done", "item": item}


def completed(*output: Item, usage: Event | None = None) -> Event:
    return {"type": "response.completed", "response": {"output": list(output), "usage": usage}}


def read(events: Iterable[Event]) -> tuple[ResponseReader, list[Item]]:
    handed: list[Item] = []
    reader = ResponseReader(handed.append)
    for event in events:
        if reader.feed(event):
            break
    return reader, handed


@pytest.mark.parametrize("item", [said("x"), called("a"), freeform("b", "*** Begin Patch")])
def test_a_call_or_message_is_handed_on_when_it_is_whole(item: Item) -> None:
    assert read([done(item)])[1] == [item]


def test_reasoning_is_handed_on_together_with_what_follows_it() -> None:
    handed: list[Item] = []
    reader = ResponseReader(handed.append)
    reader.feed(done(thought()))
    assert handed == []
    reader.feed(done(called("a")))
    assert handed == [thought(), called("a")]


def test_trailing_reasoning_of_a_complete_response_is_dropped_and_the_unknown_kept() -> None:
    unknown: Item = {"type": "of_tomorrow", "by": None}
    reader, handed = read([done(said("x")), done(unknown), done(thought()), completed()])
    assert handed == [said("x"), unknown]
    assert reader.turn().complete


def test_an_item_that_the_api_stopped_within_is_not_kept() -> None:
    half = {**called("a"), "status": "incomplete"}
    end = {
        "type": "response.incomplete",
        "response": {"incomplete_details": {"reason": "max_output_tokens"}},
    }
    turn = read([done(said("x")), done(half), end])[0].turn()
    assert (turn.items, turn.complete, turn.incomplete_reason) == (
        (said("x"),),
        False,
        "max_output_tokens",
    )


def test_an_incomplete_response_without_anything_whole_is_a_failure() -> None:
    end = {
        "type": "response.incomplete",
        "response": {"incomplete_details": {"reason": "content_filter"}},
    }
    with pytest.raises(Failed, match="content_filter") as raised:
        read([done(thought()), end])
    assert not raised.value.passing


def test_items_that_come_only_with_the_end_are_taken_from_there() -> None:
    assert read([completed(thought(), said("x"))])[1] == [thought(), said("x")]


def test_items_that_came_before_are_not_taken_again_from_the_end() -> None:
    assert read([done(said("x")), completed(said("x"))])[1] == [said("x")]


@pytest.mark.parametrize(
    "event",
    [
        {"type": "response.failed", "response": {"error": {"code": "server_error"}}},
        {"type": "error", "code": "server_error", "message": "no"},
        {"type": "error", "error": {"code": "server_error", "message": "no"}},
    ],
)
def test_failures_that_come_as_events_are_raised(event: Event) -> None:
    with pytest.raises(Failed) as raised:
        read([event])
    assert raised.value.passing
    assert raised.value.error.kind is FailureKind.UNREACHABLE


def test_what_was_handed_on_stays_when_the_response_fails() -> None:
    handed: list[Item] = []
    reader = ResponseReader(handed.append)
    reader.feed(done(called("a")))
    with pytest.raises(Failed):
        reader.feed({"type": "error", "code": "server_error", "message": "no"})
    assert (reader.turn().items, reader.turn().complete) == ((called("a"),), False)


def test_usage_is_read_with_its_details() -> None:
    usage = {
        "input_tokens": 10,
        "input_tokens_details": {"cached_tokens": 4, "cache_write_tokens": 5},
        "output_tokens": 7,
        "output_tokens_details": {"reasoning_tokens": 3},
    }
    assert read([completed(usage=usage)])[0].usage == Usage(10, 4, 7, 3, 5)
    assert read([completed(usage=None)])[0].usage == Usage()


def test_half_of_a_surrogate_pair_becomes_something_that_can_be_sent_again() -> None:
    (item,) = read([done(said("a\ud83d"))])[1]
    assert item == said("a?")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)
TYPES = st.sampled_from(
    ["response.output_item.done", "response.completed", "response.incomplete", "response.failed"]
)
ITEMS = st.fixed_dictionaries(
    {}, optional={"type": st.sampled_from(["message", "function_call", "x"]), "content": JSON}
)


@given(
    st.lists(
        st.fixed_dictionaries(
            {"type": TYPES | st.just("error") | JSON},
            optional={"item": ITEMS | JSON, "response": JSON, "error": JSON, "code": JSON},
        ),
        max_size=4,
    )
)
@settings(max_examples=150)
def test_whatever_a_server_sends_gives_items_or_a_failure(events: list[Event]) -> None:
    try:
        reader, handed = read(events)
    except Failed:
        return
    assert list(reader.turn().items) == handed
