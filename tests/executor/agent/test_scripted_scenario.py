"""Reading scenarios: what is understood, and what is said about mistakes."""

from __future__ import annotations

from pathlib import Path
from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from codex_task_executor.agent.scripted import Scenario, ScenarioError
from codex_task_executor.agent.scripted.faults import Fault, Kind
from codex_task_executor.agent.scripted.scenario import Call, Turn

ROOT = Path(__file__).parents[3]
FIXTURES, REFERENCES = ROOT / "fixtures" / "repos", ROOT / "references"


def turn(**fields: Any) -> dict[str, Any]:
    return {"conversation": [{"match": "x", "turn": [fields]}]}


def problems(values: dict[str, Any]) -> str:
    with pytest.raises(ScenarioError) as caught:
        Scenario.from_dict(values, "here.toml")
    assert str(caught.value).startswith("here.toml: ")
    return str(caught.value)


def test_a_fault_is_a_kind_a_kind_with_a_code_or_a_table() -> None:
    scenario = Scenario.from_dict(
        turn(faults=["500", "429:insufficient_quota", {"kind": "cut", "after": 0}])
    )
    faults = scenario.conversations[0].turns[0].faults
    assert [(fault.kind, fault.code, fault.after) for fault in faults] == [
        ("500", None, None),
        ("429", "insufficient_quota", None),
        ("cut", None, 0),
    ]


def test_every_scenario_of_the_fixtures_can_be_played() -> None:
    paths = sorted(FIXTURES.glob("*.toml"))
    assert len(Scenario.load(*paths).conversations) >= len(paths)


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({}, "conversation: Field required"),
        ({"conversation": []}, "conversation: "),
        ({"conversation": [{"match": "", "turn": [{}]}]}, "conversation.0.match: "),
        ({"conversation": [{"match": "x", "turn": []}]}, "conversation.0.turn: "),
        ({**turn(), "conversations": []}, "conversations: Extra inputs are not permitted"),
        (turn(itme=[]), "conversation.0.turn.0.itme: Extra inputs are not permitted"),
        (turn(item=[{"type": "mesage"}]), "'message'"),
        (turn(item=[{"type": "message"}]), "message.text: Field required"),
        (turn(item=[{"type": "call", "input": "x"}]), "either 'tool' or 'name'"),
        (turn(item=[{"type": "call", "tool": "read"}]), "one of 'arguments'"),
        (turn(item=[{"type": "call", "tool": "reed", "input": ""}]), "'apply_patch'"),
        (turn(item=[{"type": "raw", "item": {}}]), "needs a 'type'"),
        (turn(item=[{"type": "message", "text": "", "hold": "../x"}]), "hold: "),
        (turn(expect=["("]), "expect.0: "),
        (turn(fault="999"), "faults.0.kind: "),
        (turn(fault=429), "faults.0: "),
        (turn(faults="429"), "'faults' is a list"),
        (turn(fault="429", faults=["500"]), "either 'fault' or 'faults'"),
        (turn(fault={"kind": "cut", "after": 1}), "after item 1, which is not"),
        (turn(fault={"kind": "cut", "within": 0}), "within item 0, which is not"),
        (turn(fault={"kind": "cut", "after": -1}), "faults.0.after: "),
        (
            {"conversation": [{"match": "x", "turn": [{}]}, {"match": "x", "turn": [{}]}]},
            "more than one conversation has match = 'x'",
        ),
        ({**turn(), "context_window": 0}, "context_window: "),
    ],
)
def test_a_mistake_is_named_with_its_place(values: dict[str, Any], told: str) -> None:
    assert told in problems(values)


def test_broken_toml_and_missing_files_name_their_file(tmp_path: Path) -> None:
    (tmp_path / "broken.toml").write_text("[[conversation]\n")
    (tmp_path / "latin.toml").write_bytes(b'match = "\xe9"')
    for name in ("broken.toml", "latin.toml", "missing.toml"):
        with pytest.raises(ScenarioError, match=name):
            Scenario.load(tmp_path / name)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=8,
)
NAMES = ["conversation", "match", "turn", "item", "type", "text", "fault", "faults", "expect"]
ALMOST = st.recursive(
    JSON | st.sampled_from(["message", "call", "raw", "429", "cut"]),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=4)
    ),
    max_leaves=12,
)


@settings(max_examples=150, deadline=None)
@given(st.dictionaries(st.sampled_from(NAMES), ALMOST, max_size=4))
def test_whatever_is_written_is_either_a_scenario_or_told_to_be_wrong(
    values: dict[str, Any],
) -> None:
    try:
        scenario = Scenario.from_dict(values)
    except ScenarioError as error:
        assert error.problems
    else:
        assert scenario.conversations


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=60))
def test_whatever_text_is_given_is_either_a_scenario_or_told_to_be_wrong(text: str) -> None:
    with pytest.raises(ScenarioError):
        Scenario.from_toml(text)


def test_the_example_of_the_documentation_can_be_played() -> None:
    text = (REFERENCES / "scenarios.md").read_text("utf-8")
    example = text.partition("```toml\n")[2].partition("```\n")[0]
    assert [len(turn.items) for turn in Scenario.from_toml(example).conversations[0].turns] == [
        2,
        1,
        1,
    ]


def test_every_fault_and_item_is_documented() -> None:
    text = (REFERENCES / "scenarios.md").read_text("utf-8")
    kinds = [*get_args(Kind), "message", "refusal", "reasoning", "call", "raw", "event"]
    fields = [*Turn.model_fields, *Fault.model_fields, *Call.model_fields]
    unnamed = {"items", "kind", "type"}
    assert [
        name for name in [*kinds, *fields] if f"`{name}`" not in text and name not in unnamed
    ] == []
