"""When a run ends, decided from the conversation alone, so that a crash changes nothing.

A response without calls ends the run if its last message is an answer (neither commentary nor
empty) and there is a change, an open question, or a reason: whoever says after a nudge that
nothing has to change has given one. Otherwise the model is nudged, twice in a row at most.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass

from codex_task_executor.agent.control import blocked_in, questions_in
from codex_task_executor.agent.conversation import Conversation, Iteration
from codex_task_executor.agent.items import is_commentary, text_of
from codex_task_executor.agent.records import InputRecord
from codex_task_executor.agent.result import Ended
from codex_task_executor.events import Blocked, Question

MAX_NUDGES = 2
MAX_CUT = 5
"""Cut responses in a row after which the server is taken to be unable to finish one."""

Changed = Callable[[], Awaitable[bool]]
"""Whether the task has changed anything; asked only when the model says that it is done."""


@dataclass(frozen=True)
class Ask:
    """Send a request, after telling the model ``nudge`` if there is one."""

    nudge: str | None = None


async def judge(conversation: Conversation, changed: Changed) -> Ask | Ended:
    """What comes next. Every call of the conversation must have its output."""
    last = conversation.last
    if not isinstance(last, Iteration):
        return Ask()
    if (block := blocked(conversation)) is not None:
        return Ended("blocked", block.reason)
    if last.cut:
        return _after_cut(conversation)
    return Ask() if last.calls else await _after_message(last, conversation, changed)


NUDGE = (
    "If work is left, go on with it now. If the task is done, or if nothing has to be changed, "
    "end with a final message that says so and why."
)


def open_questions(conversation: Conversation) -> tuple[Question, ...]:
    """The questions asked since the user last said something, each once."""
    found: dict[str, Question] = {}
    for iteration in _since_user(conversation):
        for item in iteration.kept:
            for question in questions_in(item):
                found.setdefault(question.text, question)
    return tuple(found.values())


def blocked(conversation: Conversation) -> Blocked | None:
    """What blocks the model by its latest response."""
    last = conversation.last
    items = last.kept if isinstance(last, Iteration) else []
    return next(filter(None, map(blocked_in, items)), None)


def last_message(conversation: Conversation) -> str:
    """The text of the model's last message that is not empty."""
    for block in reversed(conversation.blocks):
        message = block.message if isinstance(block, Iteration) else None
        if message is not None and (text := text_of(message).strip()):
            return text
    return ""


async def _after_message(
    last: Iteration, conversation: Conversation, changed: Changed
) -> Ask | Ended:
    flaw = await _flaw(last, conversation, changed)
    if flaw is None:
        return Ended("question" if open_questions(conversation) else "complete")
    if _nudges_in_a_row(conversation) >= MAX_NUDGES:
        return Ended("failed", f"the model stopped without finishing: {flaw}")
    return Ask(nudge=f"{flaw[0].upper()}{flaw[1:]}. {NUDGE}")


async def _flaw(last: Iteration, conversation: Conversation, changed: Changed) -> str | None:
    """Why a response without calls is no end, or None."""
    message = last.message
    if message is None or not text_of(message).strip():
        return "your last response was empty"
    if is_commentary(message):
        return "your last response was commentary without a tool call"
    if open_questions(conversation) or _nudged(conversation) or await changed():
        return None
    return "you have not changed any file"


def _after_cut(conversation: Conversation) -> Ask | Ended:
    count = 0
    for block in reversed(conversation.blocks):
        if not isinstance(block, Iteration) or block.end is None or not block.cut:
            break
        count += 1
    if count >= MAX_CUT:
        return Ended("failed", f"the API cut its answer short {count} times in a row")
    return Ask()


def _since_user(conversation: Conversation) -> Iterator[Iteration]:
    """The iterations since the user last said something, oldest first."""
    blocks = conversation.blocks
    start = len(blocks)
    while start and not _is_from_user(blocks[start - 1]):
        start -= 1
    return (block for block in blocks[start:] if isinstance(block, Iteration))


def _is_from_user(block: object) -> bool:
    return isinstance(block, InputRecord) and block.origin == "user"


def _nudged(conversation: Conversation) -> bool:
    """Whether the model was nudged since it was last told something."""
    for block in reversed(conversation.blocks):
        if isinstance(block, InputRecord):
            return block.origin == "nudge"
    return False


def _nudges_in_a_row(conversation: Conversation) -> int:
    """Nudges since the model last called a tool or was told something."""
    count = 0
    for block in reversed(conversation.blocks):
        if isinstance(block, Iteration):
            if block.calls:
                break
        elif block.origin == "nudge":
            count += 1
        else:
            break
    return count
