"""How the model asks and gives up: two strict tools, and the seed's markers in its messages.

Nothing happens when these tools run. What was asked is read from the conversation's items, so
that it is known after a crash as well.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from pydantic import Field, ValidationError

from codex_task_executor.agent.items import is_commentary, is_message, text_of
from codex_task_executor.agent.model import Item
from codex_task_executor.events import Blocked, Question, ToolUsed
from codex_task_executor.tools.base import Arguments, ToolOutput

MAX_OPTIONS = 3
"""As many as the seed's parser collects."""

OPTION = re.compile(r"\d+[.)]\s+(?P<text>.+)")
FENCE = "```"


class AskQuestionArguments(Arguments):
    """Arguments of ``ask_question``."""

    question: str = Field(min_length=1, description="The question, in one line.")
    options: list[str] | None = Field(
        default=None,
        max_length=MAX_OPTIONS,
        description="Up to three answers to choose from, the one you would take first.",
    )
    assumption: str | None = Field(
        default=None,
        description="What you take the answer to be until there is one; null if you cannot go on.",
    )


class AskQuestion:
    """Puts a question to whoever gave the task; the answer comes with the next run."""

    name = "ask_question"
    description = (
        "Ask the person who gave the task, where a wrong guess would be costly. "
        "Nobody answers during this run; the answer comes as a later message."
    )
    exclusive = False
    arguments = AskQuestionArguments

    def lines(self, arguments: AskQuestionArguments) -> Sequence[ToolUsed]:
        """Nothing: the question itself is shown."""
        return ()

    async def run(self, arguments: AskQuestionArguments) -> ToolOutput:
        """Tell the model how to go on."""
        if arguments.assumption:
            text = (
                "Noted. The answer will come as a later message. Go on with your assumption, "
                "and with what does not depend on the answer."
            )
        else:
            text = (
                "Noted. The answer will come as a later message. Go on with what does not depend "
                "on it; if nothing is left, end with a final message."
            )
        return ToolOutput(text)


class ReportBlockedArguments(Arguments):
    """Arguments of ``report_blocked``."""

    reason: str = Field(min_length=1, description="What makes the task impossible, in one line.")
    needs: str = Field(description="What would make it possible, in one line.")


class ReportBlocked:
    """Ends the run because the task cannot be done."""

    name = "report_blocked"
    description = (
        "End the run because the task cannot be done as things are: something is missing that "
        "you cannot make yourself. What you have changed so far is kept."
    )
    exclusive = False
    arguments = ReportBlockedArguments

    def lines(self, arguments: ReportBlockedArguments) -> Sequence[ToolUsed]:
        """Nothing: the block itself is shown."""
        return ()

    async def run(self, arguments: ReportBlockedArguments) -> ToolOutput:
        """The loop ends the run after this iteration."""
        return ToolOutput("The run ends here.")


def questions_in(item: Item) -> tuple[Question, ...]:
    """The questions that an item asks, by call or by marker."""
    if is_message(item):
        return tuple(_marked_questions(_lines(text_of(item))))
    if item.get("name") != AskQuestion.name:
        return ()
    try:
        asked = AskQuestionArguments.model_validate_json(str(item.get("arguments")))
    except ValidationError:
        return ()
    return (Question(_line(asked.question), _options(asked.options or ()), asked.assumption),)


def blocked_in(item: Item) -> Blocked | None:
    """What blocks the model, by call or by marker; commentary does not count."""
    if is_message(item):
        return None if is_commentary(item) else _marked_block(_lines(text_of(item)))
    if item.get("name") != ReportBlocked.name:
        return None
    try:
        said = ReportBlockedArguments.model_validate_json(str(item.get("arguments")))
    except ValidationError:
        return None
    return Blocked(_line(said.reason), _line(said.needs))


def _marked_questions(lines: Sequence[str]) -> Iterator[Question]:
    for number, line in enumerate(lines):
        text = _after("[QUESTION]", line)
        if text:
            yield Question(text, _marked_options(lines[number + 1 :]))


def _marked_options(lines: Iterable[str]) -> tuple[str, ...]:
    """The numbered lines after an ``Options:`` line that follows the question at once."""
    rest = iter([line for line in lines if line])
    if next(rest, "").lower() != "options:":
        return ()
    found = []
    for line in rest:
        option = OPTION.match(line)
        if not option:
            break
        found.append(option["text"])
    return _options(found)


def _marked_block(lines: Iterable[str]) -> Blocked | None:
    reasons = (_after("[BLOCKED]", line) for line in lines)
    return next((Blocked(reason) for reason in reasons if reason), None)


def _lines(text: str) -> list[str]:
    """The lines of a message, stripped, without those of code blocks, which only quote."""
    kept, quoting = [], False
    for line in map(str.strip, text.splitlines()):
        quoting ^= line.startswith(FENCE)
        if not quoting:
            kept.append(line)
    return kept


def _after(marker: str, line: str) -> str:
    return _line(line.removeprefix(marker)) if line.startswith(marker) else ""


def _options(options: Iterable[str]) -> tuple[str, ...]:
    return tuple(filter(None, map(_line, options)))[:MAX_OPTIONS]


def _line(text: str) -> str:
    return " ".join(text.split())
