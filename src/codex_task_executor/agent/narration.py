"""What of the model's words is shown while it works: commentary's first line, questions."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from codex_task_executor.agent.control import questions_in
from codex_task_executor.agent.items import (
    is_call,
    is_commentary,
    is_message,
    is_reasoning,
    text_of,
)
from codex_task_executor.agent.model import Item
from codex_task_executor.events import Emit, Progress, Question

OWN_MARKERS = ("[QUESTION]", "[BLOCKED]")
"""Lines that are shown as what they say, not as progress."""


class Narrator:
    """Turns the items of responses into events, each question once."""

    def __init__(self, emit: Emit, asked: Iterable[Question]) -> None:
        self._emit = emit
        self._asked = {question.text for question in asked}

    def tell(self, items: Sequence[Item]) -> None:
        """Show what the last of a response's items so far says."""
        if line := progress(items):
            self.notice(line)
        for question in questions_in(items[-1]):
            if question.text not in self._asked:
                self._asked.add(question.text)
                self._emit(question)

    def notice(self, line: str) -> None:
        """Show a line of the program's own."""
        self._emit(Progress(line))


def progress(items: Sequence[Item]) -> str | None:
    """The line to show for the last of a response's items so far, or None.

    Models without phases talk before they call: there a message counts as commentary as soon
    as a call follows it.
    """
    *before, latest = items
    if is_commentary(latest):
        return _first_line(latest)
    if is_call(latest):
        previous = next((item for item in reversed(before) if not is_reasoning(item)), None)
        if previous is not None and is_message(previous) and previous.get("phase") is None:
            return _first_line(previous)
    return None


def _first_line(message: Item) -> str | None:
    lines = (line.strip() for line in text_of(message).splitlines())
    first = next((line for line in lines if line), "")
    text = first.removeprefix("[PROGRESS]").strip()
    return None if not text or text.startswith(OWN_MARKERS) else text
