from __future__ import annotations

import pytest

from codex_task_executor.errors import BadDescription, PlanProblem
from codex_task_executor.followup import Begin, Continue, Repeat, decide
from codex_task_executor.report import Status
from codex_task_executor.session import Session
from codex_task_executor.task import Plan, Task

PLAN = Plan("plan.md", "the plan")


def session(status: Status = "complete") -> Session:
    return Session(
        task_id="t",
        created="2026-01-01T00:00:00Z",
        opening="do it",
        description="do it",
        plan_path="plan.md",
        plan_text="the plan",
        base="0" * 40,
        base_name="main",
        target="main",
        worktree="/w",
        model="m",
        profile="openai",
        status=status,
    )


def test_the_first_run_begins() -> None:
    assert decide(None, Task("t", "do it", PLAN)) == Begin()


def test_the_first_run_needs_a_plan_and_a_description() -> None:
    with pytest.raises(PlanProblem, match="Plan file not found"):
        decide(None, Task("t", "do it", None), "Plan file not found")
    with pytest.raises(BadDescription):
        decide(None, Task("t", " ", PLAN))


def test_a_description_that_begins_with_the_previous_one_sends_the_rest() -> None:
    assert decide(session(), Task("t", "do it\nUse X.", PLAN)) == Continue("Use X.")


def test_a_different_description_is_the_next_message() -> None:
    assert decide(session("question"), Task("t", "Use X.", PLAN)) == Continue("Use X.")


@pytest.mark.parametrize("status", ["complete", "question"])
def test_the_same_again_repeats_what_needs_no_request(status: Status) -> None:
    assert decide(session(status), Task("t", "do it", PLAN)) == Repeat()
    assert decide(session(status), Task("t", "do it ", None)) == Repeat()


@pytest.mark.parametrize("status", ["interrupted", "limit", "failed", "blocked", "tests failed"])
def test_the_same_again_resumes_what_is_unfinished(status: Status) -> None:
    assert decide(session(status), Task("t", "do it", PLAN)) == Continue(None)


def test_a_changed_plan_is_sent_even_when_nothing_else_is_new() -> None:
    changed = Task("t", "do it", Plan("plan.md", "another plan"))
    assert decide(session(), changed) == Continue(None, plan_changed=True)


def test_a_missing_plan_is_replaced_by_the_kept_copy_and_said() -> None:
    step = decide(session(), Task("t", "more", None), "Plan file not found: plan.md")
    assert isinstance(step, Continue)
    assert not step.plan_changed
    assert "plan.md" in step.notes[0]
