"""Questions and blocks, from calls and from the seed's markers."""

from __future__ import annotations

import pytest

from codex_task_executor.agent.control import (
    AskQuestion,
    AskQuestionArguments,
    ReportBlocked,
    blocked_in,
    questions_in,
)
from codex_task_executor.agent.scripted.schemas import problems
from codex_task_executor.events import Blocked, Question
from codex_task_executor.tools.schema import strict_schema
from support.items import called, said, thought


@pytest.mark.parametrize("tool", [AskQuestion, ReportBlocked])
def test_the_schemas_are_strict(tool: type[AskQuestion] | type[ReportBlocked]) -> None:
    assert list(problems(strict_schema(tool.arguments))) == []


def test_a_call_asks_a_question_in_one_line() -> None:
    call = called(
        "a",
        "ask_question",
        question="Which\n  store?",
        options=["localStorage", " sessionStorage "],
        assumption="localStorage",
    )
    options = ("localStorage", "sessionStorage")
    assert questions_in(call) == (Question("Which store?", options, "localStorage"),)


@pytest.mark.parametrize(
    "arguments",
    [
        {},
        {"question": ""},
        {"question": "Which?", "options": ["1", "2", "3", "4"]},
        {"question": "Which?", "colour": "red"},
    ],
)
def test_a_malformed_call_asks_nothing(arguments: dict[str, object]) -> None:
    assert questions_in(called("a", "ask_question", **arguments)) == ()


@pytest.mark.parametrize(
    ("assumption", "answer"), [("b", "your assumption"), (None, "what does not depend on it")]
)
async def test_the_model_is_told_how_to_go_on(assumption: str | None, answer: str) -> None:
    output = await AskQuestion().run(AskQuestionArguments(question="a?", assumption=assumption))
    assert answer in output.text


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("[QUESTION] Which store?", Question("Which store?")),
        (
            "Done so far.\n  [QUESTION] Which?\nOptions:\n1. a\n2) b \n3. c\n4. d\nBye.",
            Question("Which?", ("a", "b", "c")),
        ),
        ("[QUESTION] Which?\n\nOptions:\n\n1. a\n\n2. b", Question("Which?", ("a", "b"))),
        ("[QUESTION] Which?\nMore text.\nOptions:\n1. a", Question("Which?")),
    ],
)
def test_a_marked_question_is_read_as_the_seed_reads_it(text: str, found: Question) -> None:
    assert questions_in(said(text)) == (found,)


def test_several_questions_in_one_message_are_all_found() -> None:
    text = "[QUESTION] One?\nOptions:\n1. a\n[QUESTION] Two?"
    assert questions_in(said(text)) == (Question("One?", ("a",)), Question("Two?"))


@pytest.mark.parametrize(
    "text",
    ["", "[QUESTION]", "a [QUESTION] b?", "```\n[QUESTION] quoted?\n```", "[QUESTIONS] none"],
)
def test_what_only_looks_like_a_question_is_none(text: str) -> None:
    assert questions_in(said(text)) == ()


def test_a_block_is_read_from_a_call_or_a_final_message_but_not_from_commentary() -> None:
    call = called("a", "report_blocked", reason="no key\n", needs="a key")
    assert blocked_in(call) == Blocked("no key", "a key")
    assert blocked_in(said("[BLOCKED] API_BASE_URL is not set")) == Blocked(
        "API_BASE_URL is not set"
    )
    assert blocked_in(said("[BLOCKED] for now", "commentary")) is None
    assert blocked_in(called("a", "report_blocked", reason="")) is None


def test_reasoning_and_other_calls_ask_and_block_nothing() -> None:
    for item in (thought(), called("a", "read", path="x")):
        assert (questions_in(item), blocked_in(item)) == ((), None)
