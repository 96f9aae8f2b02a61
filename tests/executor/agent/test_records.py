"""Records as JSON."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from codex_task_executor.agent.model import Usage
from codex_task_executor.agent.records import (
    EndRecord,
    InputRecord,
    ItemRecord,
    OutputRecord,
    Record,
    StartRecord,
    from_json,
    to_json,
)

NUMBER = st.integers(0, 400)
ITEM = st.dictionaries(st.text(), st.none() | st.text() | st.integers() | st.lists(st.text()))
RECORD = st.one_of(
    st.builds(
        InputRecord,
        item=ITEM,
        origin=st.sampled_from(("user", "tool", "nudge")),
        kind=st.just("input"),
    ),
    st.builds(ItemRecord, iteration=NUMBER, item=ITEM, kind=st.just("item")),
    st.builds(
        StartRecord, iteration=NUMBER, position=NUMBER, call_id=st.text(), kind=st.just("start")
    ),
    st.builds(OutputRecord, iteration=NUMBER, position=NUMBER, item=ITEM, kind=st.just("output")),
    st.builds(
        EndRecord,
        iteration=NUMBER,
        complete=st.booleans(),
        usage=st.builds(Usage, NUMBER, NUMBER, NUMBER, NUMBER, NUMBER),
        cost=st.none() | st.decimals(0, 100, allow_nan=False),
        kind=st.just("end"),
    ),
)


@given(RECORD)
@settings(max_examples=60)
def test_a_record_comes_back_from_a_json_line_as_it_was(record: Record) -> None:
    assert from_json(json.loads(json.dumps(to_json(record)))) == record


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"kind": "unheard-of"},
        {"kind": "item", "item": {}},
        {"kind": "item", "iteration": "one", "item": {}},
        {"kind": "input", "item": {}, "origin": "nobody"},
        {"kind": "output", "iteration": 1, "position": 0, "item": "text"},
    ],
)
def test_what_is_no_record_is_refused(data: dict[str, object]) -> None:
    with pytest.raises(ValueError):
        from_json(data)


def test_a_price_is_kept_to_the_last_digit() -> None:
    record = EndRecord(1, cost=Decimal("0.00012345678901234567"))
    assert from_json(json.loads(json.dumps(to_json(record)))) == record
