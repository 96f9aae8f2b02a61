"""Holds, and everything that happens while a stream stands still."""

from __future__ import annotations

import asyncio
from pathlib import Path

import openai
import pytest

from support.responses import talk
from support.scripted import scripted

HELD = """
[[conversation]]
match = "held"
[[conversation.turn]]
hold = "end"
item = [
    { type = "message", text = "First.", phase = "commentary" },
    { type = "message", text = "Second.", hold = "before", hold_within = "within" },
]
"""


async def test_a_stream_waits_before_within_and_after_its_items() -> None:
    with scripted(HELD) as server:
        async with talk(server, "held") as conversation:
            asking = asyncio.create_task(conversation.ask())
            for name in ("before", "within", "end"):
                await asyncio.to_thread(server.holds.wait_reached, name)
                assert not asking.done()
                server.holds.release(name)
            items = await asking
    assert [item["content"][0]["text"] for item in items] == ["First.", "Second."]


async def test_a_client_that_vanishes_at_a_hold_leaves_its_turn_to_the_next() -> None:
    with scripted(HELD) as server:
        async with talk(server, "held") as conversation:
            asking = asyncio.create_task(conversation.ask())
            await asyncio.to_thread(server.holds.wait_reached, "before")
            asking.cancel()
            await asyncio.gather(asking, return_exceptions=True)
        for name in ("before", "within", "end"):
            server.holds.release(name)
        async with talk(server, "held") as resumed:
            assert len(await resumed.ask()) == 2


async def test_with_a_folder_files_announce_and_release(tmp_path: Path) -> None:
    with scripted(HELD, holds=tmp_path) as server:
        for name in ("before", "within", "end"):
            (tmp_path / f"{name}.release").touch()
        async with talk(server, "held") as conversation:
            await conversation.ask()
    assert announced(tmp_path) == {"before", "within", "end"}


def announced(folder: Path) -> set[str]:
    return {path.stem for path in folder.glob("*.reached")}


def test_waiting_for_a_hold_that_is_not_reached_ends_with_an_error() -> None:
    with (
        scripted(HELD, check=False) as server,
        pytest.raises(TimeoutError, match="'before' was not reached within 0"),
    ):
        server.holds.wait_reached("before", timeout=0)


async def test_the_server_stops_at_once_while_streams_wait() -> None:
    with scripted(HELD, check=False) as server:
        async with talk(server, "held") as conversation:
            asking = asyncio.create_task(conversation.ask())
            await asyncio.to_thread(server.holds.wait_reached, "before")
            await asyncio.to_thread(server.stop)
            with pytest.raises(openai.APIConnectionError):
                await asking
    assert server.failures == []
