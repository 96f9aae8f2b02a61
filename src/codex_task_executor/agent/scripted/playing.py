"""Choosing the answer to a request, and the steps in which it is sent."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from codex_task_executor.agent.scripted.declared import declarations, mismatch
from codex_task_executor.agent.scripted.history import (
    Place,
    Saying,
    Thread,
    Tip,
    added_texts,
    find_place,
    said_by_model,
    sayings,
)
from codex_task_executor.agent.scripted.items import Naming, Renderer, tokens
from codex_task_executor.agent.scripted.memory import Memory
from codex_task_executor.agent.scripted.performance import Performance
from codex_task_executor.agent.scripted.refusals import MESSAGES, Refusal, http_refusal
from codex_task_executor.agent.scripted.scenario import Conversation, Scenario, Turn


@dataclass
class Player:
    """Plays a scenario: one thread for each task that talks to it."""

    scenario: Scenario
    compatible: bool = False
    threads: dict[tuple[str, str], Thread] = field(default_factory=dict)
    memory: Memory = field(default_factory=Memory)
    scripts: dict[str, tuple[Renderer, list[Saying]]] = field(default_factory=dict)

    def answer(self, body: Mapping[str, Any]) -> Performance:
        """What to send for a request that OpenAI would accept.

        Raises Refusal where the scenario has no answer to it, or an HTTP fault as one.
        """
        items = input_items(body)
        conversation, opening = self._conversation(items)
        key = str(body.get("prompt_cache_key") or "")
        name = key or _digest(opening)
        thread = self.threads.setdefault((conversation.match, name), Thread(conversation, name))
        self.memory.check(() if self.compatible else items)
        tip = thread.admit(items, keyed=bool(key))
        used = self._input_tokens(body, tip)
        renderer = self._renderer(body)
        place = find_place(self._script(conversation, renderer), items, thread.ended)
        if place is None:
            raise _over(conversation, items)
        turn = conversation.turns[place.turn]
        _check(turn, place, conversation)
        return self._perform(body, thread, place, renderer, used)

    def unfinished(self) -> list[str]:
        """A line for each turn that no task has been through."""
        begun = {match for match, _ in self.threads}
        missing = [Thread(c, "") for c in self.scenario.conversations if c.match not in begun]
        return [
            f"conversation {thread.conversation.match!r}: turn {number} was not played"
            for thread in [*self.threads.values(), *missing]
            for number in thread.unfinished()
        ]

    def _conversation(self, items: list[Mapping[str, Any]]) -> tuple[Conversation, str]:
        """The conversation for a task and the opening message that it was chosen by.

        The match that ends last counts, and of two that end together the longer one: what
        tells tasks apart comes after what they share, a description after its plan.
        """
        texts = [text for text in reversed(added_texts(_beginning(items))) if text]
        for text in texts:
            found = [c for c in self.scenario.conversations if c.match in text]
            if found:
                return max(found, key=partial(_match_end, text)), text
        raise mismatch(f"no conversation of the scenario matches {' '.join(texts)[:200]!r}")

    def _script(self, conversation: Conversation, renderer: Renderer) -> list[Saying]:
        """The conversation's sayings, made again only for a client with other tools."""
        made_for, script = self.scripts.get(conversation.match, (None, []))
        if made_for != renderer:
            script = sayings(conversation, renderer)
            self.scripts[conversation.match] = renderer, script
        return script

    def _renderer(self, body: Mapping[str, Any]) -> Renderer:
        sealed = "reasoning.encrypted_content" in (body.get("include") or ())
        return Renderer(declarations(body.get("tools") or ()), self.compatible, sealed)

    def _input_tokens(self, body: Mapping[str, Any], tip: Tip) -> tuple[int, int]:
        """Tokens of the whole request, and of the part that an earlier one had."""
        head = tokens([body.get("instructions"), body.get("tools")])
        used = head + tip.tokens
        if self.scenario.context_window and used > self.scenario.context_window:
            code = "context_length_exceeded"
            raise Refusal(MESSAGES[code], param="input", code=code, scripted=True)
        return used, head + tip.known if tip.known else 0

    def _perform(
        self,
        body: Mapping[str, Any],
        thread: Thread,
        place: Place,
        renderer: Renderer,
        used: tuple[int, int],
    ) -> Performance:
        fault = thread.next_fault(place.turn)
        if fault is not None and fault.status is not None:
            raise http_refusal(fault, str(body.get("model")))
        attempt, length = thread.requests[place.turn], len(input_items(body))
        return Performance(
            request=body,
            turn=thread.conversation.turns[place.turn],
            first=place.item,
            fault=fault,
            renderer=renderer,
            naming=Naming(f"{thread.conversation.match}/{thread.name}/{place.turn}/{attempt}"),
            input_tokens=used,
            sent=self.memory.remember,
            ended=lambda: thread.end(place.turn, length),
        )


def input_items(body: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The input as items; a bare string is the user's message."""
    given = body.get("input")
    return [{"role": "user", "content": given}] if isinstance(given, str) else list(given or ())


def _match_end(text: str, conversation: Conversation) -> tuple[int, int]:
    """Where a conversation's match ends in a text, and how long it is."""
    return text.rfind(conversation.match) + len(conversation.match), len(conversation.match)


def _beginning(items: list[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The items before anything that the model said."""
    spoken = (number for number, item in enumerate(items) if said_by_model(item))
    return items[: next(spoken, len(items))]


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _over(conversation: Conversation, items: list[Mapping[str, Any]]) -> Refusal:
    return mismatch(
        f"conversation {conversation.match!r} has {len(conversation.turns)} turns; "
        f"the client asks for one more: {' '.join(added_texts(items)[-1:])[:200]!r}"
    )


def _check(turn: Turn, place: Place, conversation: Conversation) -> None:
    """Hold what the request adds against the turn's expectations. Raises Refusal."""
    for problem in _problems(turn, place.added):
        raise mismatch(f"conversation {conversation.match!r}, turn {place.turn}: {problem}")


def _problems(turn: Turn, texts: tuple[str, ...]) -> Iterator[str]:
    shown = " | ".join(texts)[:1000]
    for pattern in turn.expect:
        if not _found(pattern, texts):
            yield f"expected {pattern.pattern!r} in {shown!r}"
    for pattern in turn.reject:
        if _found(pattern, texts):
            yield f"did not expect {pattern.pattern!r} in {shown!r}"


def _found(pattern: re.Pattern[str], texts: tuple[str, ...]) -> bool:
    """Whether some text has the pattern; ``^`` and ``$`` are the ends of lines."""
    flags = pattern.flags | re.MULTILINE
    return any(re.search(pattern.pattern, text, flags) for text in texts)
