"""The conversation: what the next request carries, derived from the transcript's records.

A conversation is a list of blocks in the order in which they began: messages to the model,
and iterations (one response and the outputs of its calls). An iteration's items come first,
then its outputs in the order of the calls, whatever order they finished in.

Two rules keep the input valid and append-only:

- A response that was cut (its record of an end is missing, or says so) counts up to its last
  whole call or message; one that ended in order loses only trailing reasoning. Reasoning
  without what followed it is refused by the API.
- A request is sent only when every call has its output, so nothing that was sent once
  changes afterwards.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal

from codex_task_executor.agent.items import call_id, is_call, is_message, is_reasoning
from codex_task_executor.agent.model import Item, Usage
from codex_task_executor.agent.records import (
    EndRecord,
    InputRecord,
    ItemRecord,
    Journal,
    OutputRecord,
    Record,
    StartRecord,
)


@dataclass(frozen=True)
class PendingCall:
    """A call without an output. ``started`` means that its effects are unknown."""

    iteration: int
    position: int
    item: Item
    started: bool


@dataclass
class Iteration:
    """One response and the outputs of its calls; ``end`` is None while it streams."""

    number: int
    items: list[Item] = field(default_factory=list)
    started: set[int] = field(default_factory=set)
    outputs: dict[int, Item] = field(default_factory=dict)
    end: EndRecord | None = None

    @property
    def cut(self) -> bool:
        """Whether the response is known to be only a part."""
        return self.end is None or not self.end.complete

    @property
    def kept(self) -> list[Item]:
        """The items that count."""
        keep = len(self.items)
        while keep and not self._may_end_with(self.items[keep - 1]):
            keep -= 1
        return self.items[:keep]

    @property
    def calls(self) -> list[PendingCall]:
        """The calls among the items that count, answered or not."""
        return [
            PendingCall(self.number, position, item, position in self.started)
            for position, item in enumerate(self.kept)
            if is_call(item)
        ]

    @property
    def pending(self) -> list[PendingCall]:
        """The calls that have no output yet."""
        return [call for call in self.calls if call.position not in self.outputs]

    @property
    def message(self) -> Item | None:
        """The last message that counts."""
        return next((item for item in reversed(self.kept) if is_message(item)), None)

    def flattened(self) -> list[Item]:
        """What the iteration adds to the input."""
        return [*self.kept, *(self.outputs[position] for position in sorted(self.outputs))]

    def repeats(self, position: int) -> bool:
        """Whether the call's id was used by an earlier call of the same response."""
        wanted = call_id(self.items[position])
        return any(is_call(item) and call_id(item) == wanted for item in self.items[:position])

    def _may_end_with(self, item: Item) -> bool:
        if self.cut:
            return is_call(item) or is_message(item)
        return not is_reasoning(item)


Block = InputRecord | Iteration


@dataclass
class Conversation:
    """The state of a conversation, extended record by record.

    What a request has carried is kept flat, so that an iteration costs the same whether it is
    the third or the three hundredth.
    """

    blocks: list[Block] = field(default_factory=list)
    usage: Usage = field(default_factory=Usage)
    cost: Decimal | None = Decimal(0)
    _iterations: dict[int, Iteration] = field(default_factory=dict)
    _sent: list[Item] = field(default_factory=list)
    _sent_blocks: int = 0

    def extend(self, record: Record) -> None:
        """Take one more record. Raises ValueError for one that cannot follow."""
        match record:
            case InputRecord():
                self.blocks.append(record)
            case ItemRecord():
                self._iteration(record.iteration).items.append(record.item)
            case StartRecord():
                self._with_call(record).started.add(record.position)
            case OutputRecord():
                self._with_call(record).outputs[record.position] = record.item
            case EndRecord():
                self._end(record)

    @property
    def items(self) -> tuple[Item, ...]:
        """The input of a request sent now, were all calls answered."""
        return (*self._sent, *self._flattened(self.blocks[self._sent_blocks :]))

    @property
    def pending(self) -> tuple[PendingCall, ...]:
        """Calls that must get an output before the next request."""
        return tuple(
            call
            for block in self.blocks[self._sent_blocks :]
            if isinstance(block, Iteration)
            for call in block.pending
        )

    @property
    def iterations(self) -> int:
        """The number of the latest iteration, 0 before the first."""
        return next(reversed(self._iterations), 0)

    @property
    def last(self) -> Block | None:
        """The latest block."""
        return self.blocks[-1] if self.blocks else None

    def request_input(self) -> tuple[Item, ...]:
        """The input of the next request; what it holds is fixed from now on.

        Raises ValueError while a call has no output.
        """
        if self.pending:
            raise ValueError(f"calls without an output: {self.pending}")
        self._sent += self._flattened(self.blocks[self._sent_blocks :])
        self._sent_blocks = len(self.blocks)
        return tuple(self._sent)

    def iteration(self, number: int) -> Iteration:
        """An iteration by its number. Raises ValueError."""
        if number not in self._iterations:
            raise ValueError(f"no iteration {number}")
        return self._iterations[number]

    @staticmethod
    def _flattened(blocks: Iterable[Block]) -> list[Item]:
        return [
            item
            for block in blocks
            for item in (block.flattened() if isinstance(block, Iteration) else [block.item])
        ]

    def _iteration(self, number: int) -> Iteration:
        if number not in self._iterations:
            self._iterations[number] = iteration = Iteration(number)
            self.blocks.append(iteration)
        return self._iterations[number]

    def _with_call(self, record: StartRecord | OutputRecord) -> Iteration:
        iteration = self.iteration(record.iteration)
        positions = range(len(iteration.items))
        if record.position not in positions or not is_call(iteration.items[record.position]):
            raise ValueError(f"iteration {record.iteration} has no call {record.position}")
        return iteration

    def _end(self, record: EndRecord) -> None:
        self._iteration(record.iteration).end = record
        self.usage += record.usage
        if self.cost is None or record.cost is None:
            self.cost = None  # a sum with an unknown part is unknown
        else:
            self.cost += record.cost


def assemble(records: Iterable[Record]) -> Conversation:
    """The conversation that the records tell. Raises ValueError where they contradict."""
    conversation = Conversation()
    for record in records:
        conversation.extend(record)
    return conversation


@dataclass(frozen=True)
class Transcript:
    """A journal and the conversation that it tells, extended together."""

    journal: Journal
    conversation: Conversation

    def record(self, record: Record) -> None:
        """Keep a record, then take it into account."""
        self.journal.append(record)
        self.conversation.extend(record)
