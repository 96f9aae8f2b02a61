"""What of the model's words is shown."""

from __future__ import annotations

from codex_task_executor.agent.narration import Narrator, progress
from codex_task_executor.events import Event, Progress, Question
from support.items import called, said, thought


def test_the_first_line_of_commentary_is_progress() -> None:
    assert progress([said("\n Looking.\nMore.", "commentary")]) == "Looking."


def test_an_answer_is_no_progress() -> None:
    assert progress([said("Done.", "final_answer")]) is None
    assert progress([said("Done.")]) is None


def test_without_phases_a_message_before_a_call_is_progress_once() -> None:
    items = [said("Looking."), thought(), called("a")]
    assert [progress(items[:count]) for count in (1, 2, 3)] == [None, None, "Looking."]
    assert progress([*items, called("b")]) is None
    assert progress([said("Looking.", "commentary"), called("a")]) is None


def test_markers_are_read_not_shown() -> None:
    assert progress([said("[PROGRESS] Looking.", "commentary")]) == "Looking."
    assert progress([said("[QUESTION] Which?", "commentary")]) is None
    assert progress([said("[BLOCKED] no", "commentary")]) is None
    assert progress([said(" \n ", "commentary")]) is None


def test_a_question_is_shown_when_it_is_asked_and_only_once() -> None:
    shown: list[Event] = []
    narrator = Narrator(shown.append, [Question("Old?")])
    narrator.tell([said("[QUESTION] Old?\n[QUESTION] New?")])
    narrator.tell([called("a", "ask_question", question="New?")])
    narrator.notice("waiting")
    assert shown == [Question("New?"), Progress("waiting")]
