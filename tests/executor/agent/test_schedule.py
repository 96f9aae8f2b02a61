"""The order in which calls run."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from codex_task_executor.agent.schedule import Schedule


class Yard:
    """Works that say when they begin and end when they are told."""

    def __init__(self) -> None:
        self.begun: list[str] = []
        self.over: list[str] = []
        self.gates: dict[str, asyncio.Event] = {}

    def work(self, name: str) -> Callable[[], Coroutine[None, None, None]]:
        self.gates[name] = asyncio.Event()

        async def run() -> None:
            self.begun.append(name)
            await self.gates[name].wait()
            self.over.append(name)

        return run

    async def finish(self, *names: str) -> None:
        for name in names:
            self.gates[name].set()
        await settle()


async def settle() -> None:
    """Let everything that can run do so."""
    for _ in range(10):
        await asyncio.sleep(0)


async def test_shared_calls_run_side_by_side_and_start_at_once() -> None:
    yard = Yard()
    async with Schedule() as schedule:
        schedule.add(yard.work("read 1"), exclusive=False)
        await settle()
        assert yard.begun == ["read 1"]
        schedule.add(yard.work("read 2"), exclusive=False)
        await settle()
        assert yard.begun == ["read 1", "read 2"]
        await yard.finish("read 2", "read 1")


async def test_an_edit_waits_for_everything_before_it_and_holds_up_everything_after() -> None:
    yard = Yard()
    async with Schedule() as schedule:
        for name in ("read 1", "edit 1", "read 2", "edit 2"):
            schedule.add(yard.work(name), exclusive=name.startswith("edit"))
        await settle()
        assert yard.begun == ["read 1"]
        await yard.finish("read 1")
        assert yard.begun == ["read 1", "edit 1"]
        await yard.finish("edit 1")
        assert yard.begun[2:] == ["read 2"]
        await yard.finish("read 2")
        assert yard.begun[3:] == ["edit 2"]
        await yard.finish("edit 2")


@given(st.lists(st.booleans(), max_size=8), st.randoms())
@settings(max_examples=30, deadline=None)
def test_whatever_finishes_first_edits_are_alone_and_in_order(
    kinds: list[bool], random: Random
) -> None:
    async def play() -> None:
        yard = Yard()
        async with Schedule() as schedule:
            for number, exclusive in enumerate(kinds):
                schedule.add(yard.work(str(number)), exclusive)
            await settle()
            while len(yard.over) < len(kinds):
                running = [name for name in yard.begun if name not in yard.over]
                check(kinds, yard, running)
                await yard.finish(random.choice(running))

    asyncio.run(play())


def check(kinds: list[bool], yard: Yard, running: list[str]) -> None:
    if any(kinds[int(name)] for name in running):
        assert len(running) == 1
    for name in running:
        waits_for = range(int(name)) if kinds[int(name)] else edits_before(kinds, int(name))
        assert all(str(earlier) in yard.over for earlier in waits_for)


def edits_before(kinds: list[bool], number: int) -> list[int]:
    return [earlier for earlier in range(number) if kinds[earlier]]


async def test_an_error_stops_the_other_calls_and_is_raised_as_itself() -> None:
    yard = Yard()

    async def broken() -> None:
        raise LookupError("a defect")

    with pytest.raises(LookupError, match="a defect"):
        async with Schedule() as schedule:
            schedule.add(yard.work("read"), exclusive=False)
            schedule.add(broken, exclusive=False)
    assert yard.over == []


async def test_an_error_in_the_context_stops_the_calls() -> None:
    yard = Yard()
    with pytest.raises(LookupError):
        async with Schedule() as schedule:
            schedule.add(yard.work("read"), exclusive=False)
            await settle()
            raise LookupError
    assert (yard.begun, yard.over) == (["read"], [])


async def test_cancelling_stops_what_runs_and_what_waits() -> None:
    yard = Yard()

    async def run() -> None:
        async with Schedule() as schedule:
            schedule.add(yard.work("edit"), exclusive=True)
            schedule.add(yard.work("read"), exclusive=False)

    task = asyncio.create_task(run())
    await settle()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert (yard.begun, yard.over) == (["edit"], [])
