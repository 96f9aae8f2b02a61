"""One answer as the steps in which it is sent: events, holds, faults, the end."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from codex_task_executor.agent.scripted.faults import Fault
from codex_task_executor.agent.scripted.items import Naming, Renderer
from codex_task_executor.agent.scripted.refusals import fault_code, fault_message
from codex_task_executor.agent.scripted.scenario import RawEvent, Reasoning, Turn
from codex_task_executor.agent.scripted.streaming import Event, item_events, response_object


@dataclass(frozen=True)
class Send:
    """Bytes of the event stream."""

    data: bytes


@dataclass(frozen=True)
class Hold:
    """Wait until the hold of this name is released or the client has gone."""

    name: str


@dataclass(frozen=True)
class Cut:
    """Close the connection although the stream has not ended."""


@dataclass(frozen=True)
class Idle:
    """Send nothing more until the client has gone."""


Step = Send | Hold | Cut | Idle


def tokens(value: object) -> int:
    """A deterministic count in place of a tokenizer: characters of the JSON / 4."""
    return len(json.dumps(value, ensure_ascii=False)) // 4 if value else 0


@dataclass(frozen=True)
class Performance:
    """The answer to one request: the turn from item ``first`` on, with at most one fault.

    ``input_tokens`` are all and the cached ones. ``ended`` is called when the whole turn
    has been sent, before its terminal event is.
    """

    request: Mapping[str, Any]
    turn: Turn
    first: int
    fault: Fault | None
    renderer: Renderer
    naming: Naming
    input_tokens: tuple[int, int]
    ended: Callable[[], None]

    @property
    def drips(self) -> bool:
        """Whether every byte is sent by itself."""
        return self.turn.drip or self._fault_is("drip")

    def steps(self) -> Iterator[Step]:
        """The answer, step by step. A finished iterator is the proper end of the stream."""
        return _Stream(self).steps()

    def response(self) -> Event:
        """The whole answer at once, for a request that does not stream."""
        stream = _Stream(self)
        for _ in stream.steps():
            pass
        return stream.final("completed")

    def _fault_is(self, *kinds: str) -> bool:
        return self.fault is not None and self.fault.kind in kinds

    @property
    def stop(self) -> Fault | None:
        """The fault, if it ends the stream before the turn has been played."""
        return None if self._fault_is("drip") else self.fault


class _Stream:
    """The state of one stream while it is made: what was sent, which number comes next."""

    def __init__(self, performance: Performance) -> None:
        self.of = performance
        self.output: list[Event] = []
        self.sequence = 0
        response_id = performance.naming.make("resp")
        self.begun = response_object(performance.request, response_id, "in_progress")

    def steps(self) -> Iterator[Step]:
        yield self._send({"type": "response.created", "response": self.begun})
        yield self._send({"type": "response.in_progress", "response": self.begun})
        yield from self._items()
        if self.of.stop is not None:
            yield from self._fault(self.of.stop)
            return
        if self.of.turn.hold:
            yield Hold(self.of.turn.hold)
        self.of.ended()
        yield self._send({"type": "response.completed", "response": self.final("completed")})

    def _items(self) -> Iterator[Step]:
        for index in range(self.of.first, self._stop_after()):
            item = self.of.turn.items[index]
            if item.hold:
                yield Hold(item.hold)
            events = list(self._events(index))
            middle = max(1, len(events) // 2)
            yield self._send(*events[:middle])
            if item.hold_within:
                yield Hold(item.hold_within)
            yield self._send(*events[middle:])
        if self.of.stop is not None and self.of.stop.within is not None:
            yield from self._part(self.of.stop.within)

    def _stop_after(self) -> int:
        """The number of items that are sent whole."""
        fault, whole = self.of.stop, len(self.of.turn.items)
        if fault is None:
            return whole
        if fault.within is not None:
            return fault.within
        return fault.after if fault.after is not None else _usual_after(fault, whole)

    def _events(self, index: int) -> Iterator[Event]:
        item = self.of.turn.items[index]
        if isinstance(item, RawEvent):
            yield dict(item.event)
            return
        rendered = self.of.renderer.render(item, self.of.turn, self.of.naming, index)
        if rendered is not None:
            self.output.append(rendered)
            yield from item_events(rendered, len(self.output) - 1)

    def _part(self, index: int) -> Iterator[Step]:
        """Half of an item: what a cut leaves, or what a token limit does."""
        if index < self.of.first:
            return
        events = list(self._events(index))
        self.output.pop()
        yield self._send(*events[: max(1, len(events) // 2)])

    def _fault(self, fault: Fault) -> Iterator[Step]:
        match fault.kind:
            case "cut":
                yield Cut()
            case "idle":
                yield Idle()
            case "garbled":
                yield Send(b"event: response.output_text.delta\ndata: <html>bad gateway\n\n")
            case "failed":
                yield self._send({"type": "response.failed", "response": self._failed(fault)})
            case "error":
                yield self._send({"type": "error", **self._error(fault), "param": None})
            case "incomplete":
                final = self.final("incomplete") | {"incomplete_details": {"reason": fault.reason}}
                yield self._send({"type": "response.incomplete", "response": final})

    def _failed(self, fault: Fault) -> Event:
        return self.final("failed") | {"error": self._error(fault), "usage": None}

    def _error(self, fault: Fault) -> Event:
        model = str(self.of.request.get("model"))
        return {"code": fault_code(fault), "message": fault_message(fault, model)}

    def _send(self, *events: Event) -> Send:
        data = b""
        for event in events:
            numbered = {**event, "sequence_number": self.sequence}
            self.sequence += 1
            text = json.dumps(numbered, ensure_ascii=False, separators=(",", ":"))
            data += f"event: {event['type']}\ndata: {text}\n\n".encode()
        return Send(data)

    def final(self, status: str) -> Event:
        """The response object of a terminal event."""
        done = {"completed_at": int(time.time())} if status == "completed" else {}
        return self.begun | {"status": status, "output": self.output, "usage": self._usage()} | done

    def _usage(self) -> Event:
        given = self.of.turn.usage
        thought = sum(
            item.tokens
            for item in self.of.turn.items[self.of.first :]
            if isinstance(item, Reasoning)
        )
        used, cached = self.of.input_tokens
        output = thought + tokens(self.output)
        if given is not None:
            used, cached = given.input_tokens, given.cached_tokens
            output, thought = given.output_tokens, given.reasoning_tokens
        return {
            "input_tokens": used,
            "input_tokens_details": {"cached_tokens": cached, "cache_write_tokens": 0},
            "output_tokens": output,
            "output_tokens_details": {"reasoning_tokens": thought},
            "total_tokens": used + output,
        }


def _usual_after(fault: Fault, whole: int) -> int:
    return whole if fault.kind == "no_terminal" else 0
