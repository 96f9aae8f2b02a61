"""The order of calls: shared ones side by side, exclusive ones alone and in order.

A shared call (a read, a command) waits for the exclusive calls (edits) before it; an exclusive
call waits for every call before it. Each starts as soon as that allows.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from types import TracebackType
from typing import Any, Self

Work = Callable[[], Coroutine[Any, Any, None]]


class Schedule:
    """Calls of one response; leaving the context waits for all of them.

    Cancelling, or an error in the context or in a call, cancels every call that still runs;
    the first error is raised as itself, not as a group.
    """

    def __init__(self) -> None:
        self._group = asyncio.TaskGroup()
        self._since: list[asyncio.Task[None]] = []  # the last exclusive call and all after it
        self._exclusive: list[asyncio.Task[None]] = []  # the last exclusive call, if any

    async def __aenter__(self) -> Self:
        await self._group.__aenter__()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            await self._group.__aexit__(kind, error, trace)
        except BaseExceptionGroup as group:
            raise group.exceptions[0] from None

    def add(self, work: Work, exclusive: bool) -> None:
        """Take the next call in order."""
        earlier = tuple(self._since if exclusive else self._exclusive)
        task = self._group.create_task(_after(earlier, work))
        if exclusive:
            self._since, self._exclusive = [], [task]
        self._since.append(task)


async def _after(earlier: tuple[asyncio.Task[None], ...], work: Work) -> None:
    if earlier:
        await asyncio.wait(earlier)
    await work()
