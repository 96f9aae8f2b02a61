"""One answer as the steps in which it is sent: events, holds, faults, the end."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from codex_task_executor.agent.scripted.faults import Fault
from codex_task_executor.agent.scripted.items import Naming, Renderer, halved, tokens
from codex_task_executor.agent.scripted.refusals import fault_code, fault_message
from codex_task_executor.agent.scripted.scenario import RawEvent, Reasoning, Turn, TurnUsage
from codex_task_executor.agent.scripted.streaming import Event, item_events, response_object


@dataclass(frozen=True)
class Send:
    """Bytes of the event stream, sent one at a time where ``drip`` is set."""

    data: bytes
    drip: bool = False


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


@dataclass(frozen=True)
class Performance:
    """The answer to one request: the turn from item ``first`` on, with at most one fault.

    ``input_tokens`` are all and the cached ones. ``sent`` is called with each whole item and
    the one before it, ``ended`` when the whole turn has been sent, before its terminal event.
    """

    request: Mapping[str, Any]
    turn: Turn
    first: int
    fault: Fault | None
    renderer: Renderer
    naming: Naming
    input_tokens: tuple[int, int]
    sent: Callable[[Event, Event | None], None]
    ended: Callable[[], None]

    @property
    def drips(self) -> bool:
        """Whether every byte is sent by itself."""
        return self.turn.drip or (self.fault is not None and self.fault.kind == "drip")

    @property
    def stop(self) -> Fault | None:
        """The fault, if it ends the stream before the turn has been played."""
        return None if self.fault is not None and self.fault.kind == "drip" else self.fault

    @property
    def whole(self) -> range:
        """The items that are sent from beginning to end."""
        fault, end = self.stop, len(self.turn.items)
        if fault is not None and fault.within is not None:
            end = fault.within
        elif fault is not None and fault.after is not None:
            end = fault.after
        elif fault is not None and fault.kind != "no_terminal":
            end = 0
        return range(self.first, end)


class Stream:
    """The state of one stream while it is made: what was sent, which number comes next.

    ``response`` is the response object as the latest event had it: the whole answer, for a
    request that does not stream.
    """

    def __init__(self, performance: Performance) -> None:
        self.of = performance
        self.output: list[Event] = []
        self.sequence = 0
        response_id = performance.naming.make("resp")
        self.begun = response_object(performance.request, response_id, "in_progress")
        self.response = self.begun

    def steps(self) -> Iterator[Step]:
        """The answer, step by step. A finished iterator is the proper end of the stream."""
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
        for index in self.of.whole:
            item = self.of.turn.items[index]
            if item.hold:
                yield Hold(item.hold)
            events = self._events(index)
            middle = len(events) // 2 or 1
            yield self._send(*events[:middle], drip=self.of.drips)
            if item.hold_within:
                yield Hold(item.hold_within)
            yield self._send(*events[middle:], drip=self.of.drips)
        fault = self.of.stop
        if fault is not None and fault.within is not None and fault.within >= self.of.first:
            yield self._send(*self._half(fault.within, fault))

    def _rendered(self, index: int) -> Event | None:
        """The output item at ``index`` of the turn, None for a raw event."""
        return self.of.renderer.render(
            self.of.turn.items[index], self.of.turn, self.of.naming, index
        )

    def _events(self, index: int) -> list[Event]:
        item, rendered = self.of.turn.items[index], self._rendered(index)
        if isinstance(item, RawEvent):
            return [dict(item.event)]
        if rendered is None:
            return []
        self.of.sent(rendered, self.output[-1] if self.output else None)
        self.output.append(rendered)
        return list(item_events(rendered, len(self.output) - 1))

    def _half(self, index: int, fault: Fault) -> list[Event]:
        """What is sent of an item that is not finished.

        A cut leaves it open. A response that ends as incomplete closes it, marked as such.
        """
        rendered = self._rendered(index)
        if rendered is None:
            return []
        if fault.kind == "incomplete" and "status" in rendered:
            self.output.append(halved(rendered))
            return list(item_events(self.output[-1], len(self.output) - 1))
        events = list(item_events(rendered, len(self.output)))
        return events[: len(events) // 2 or 1]

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

    def _send(self, *events: Event, drip: bool = False) -> Send:
        data = b""
        for event in events:
            self.response = event.get("response", self.response)
            numbered = {**event, "sequence_number": self.sequence}
            self.sequence += 1
            text = json.dumps(numbered, ensure_ascii=False, separators=(",", ":"))
            data += f"event: {event['type']}\ndata: {text}\n\n".encode()
        return Send(data, drip)

    def final(self, status: str) -> Event:
        """The response object of a terminal event."""
        done = {"completed_at": int(time.time())} if status == "completed" else {}
        return self.begun | {"status": status, "output": self.output, "usage": self._usage()} | done

    def _usage(self) -> Event:
        thought = sum(
            item.tokens
            for item in self.of.turn.items[self.of.first : self.of.whole.stop]
            if isinstance(item, Reasoning)
        )
        used, cached = self.of.input_tokens
        counts = self.of.turn.usage or TurnUsage(
            input_tokens=used,
            cached_tokens=cached,
            output_tokens=thought + tokens(self.output),
            reasoning_tokens=thought,
        )
        return usage_object(counts)


def usage_object(counts: TurnUsage) -> Event:
    """Counts as a response's ``usage``."""
    return {
        "input_tokens": counts.input_tokens,
        "input_tokens_details": {
            "cached_tokens": counts.cached_tokens,
            "cache_write_tokens": counts.cache_write_tokens,
        },
        "output_tokens": counts.output_tokens,
        "output_tokens_details": {"reasoning_tokens": counts.reasoning_tokens},
        "total_tokens": counts.input_tokens + counts.output_tokens,
    }
