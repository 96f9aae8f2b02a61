"""The same id again: what a run has to do, decided from the session and the arguments alone.

The table is DESIGN's "Follow-ups".
"""

from __future__ import annotations

from dataclasses import dataclass

from codex_task_executor.errors import BadDescription, PlanProblem
from codex_task_executor.session import Session
from codex_task_executor.task import Task


@dataclass(frozen=True)
class Begin:
    """A new task: the description and the plan are its first message."""


@dataclass(frozen=True)
class Continue:
    """Go on in the same conversation: with a new message, or None to resume where it stopped.

    ``plan_changed`` asks for the new plan's text as a further message; ``notes`` are lines
    for the user.
    """

    message: str | None
    plan_changed: bool = False
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Repeat:
    """Nothing to do: the last report says it all, and no request is sent."""


Step = Begin | Continue | Repeat


def decide(session: Session | None, task: Task, plan_missing: str | None = None) -> Step:
    """What this run does.

    ``plan_missing`` is the reason why the plan's file cannot be read; a follow-up then uses
    the stored copy, while a first run raises PlanProblem.
    """
    if session is None:
        return _begin(task, plan_missing)
    message = _new_text(session.description, task.description)
    changed = task.plan is not None and task.plan.text != session.plan_text
    if message is None and not changed and session.status in ("complete", "question"):
        return Repeat()
    return Continue(message, changed, _notes(session, plan_missing))


def _begin(task: Task, plan_missing: str | None) -> Begin:
    if not task.description.strip():
        raise BadDescription("it is empty")
    if task.plan is None:
        raise PlanProblem("(none)", plan_missing or "Plan file not given")
    return Begin()


def _notes(session: Session, plan_missing: str | None) -> tuple[str, ...]:
    if plan_missing is None:
        return ()
    return (f"{plan_missing}; using the copy of {session.plan_path} kept from the last run",)


def _new_text(previous: str, given: str) -> str | None:
    if given.startswith(previous):
        given = given[len(previous) :]
    return given.strip() or None
