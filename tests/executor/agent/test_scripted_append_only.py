"""What a client has sent and received stays as it was, in every later request."""

from __future__ import annotations

from typing import Any

import openai
import pytest

from support.responses import talk
from support.scripted import scripted

THREE_TURNS = """
[[conversation]]
match = "three turns"
[[conversation.turn]]
item = [
    { type = "message", text = "I look." },
    { type = "reasoning" },
    { type = "call", tool = "read", arguments = { path = "a" } },
]
[[conversation.turn]]
expect = ["^contents"]
reject = ["secret"]
item = [{ type = "call", tool = "apply_patch", input = "*** Begin Patch" }]
[[conversation.turn]]
item = [{ type = "message", text = "Done." }]
"""


async def test_input_that_is_not_append_only_is_refused() -> None:
    with scripted(THREE_TURNS, check=False) as server:
        async with talk(server, "three turns") as conversation:
            await conversation.go_on("contents")
            await conversation.ask()
            conversation.input[-1] = {**conversation.input[-1], "output": "contents, altered"}
            assert "not append-only: input[4] differs" in await conversation.refused()
            conversation.input[0] = {"role": "user", "content": "three turns, altered"}
            assert "not append-only: input[0] differs" in await conversation.refused()


async def test_items_that_come_back_altered_are_refused() -> None:
    def without_phase(items: list[dict[str, Any]]) -> None:
        del items[1]["phase"]

    def with_other_text(items: list[dict[str, Any]]) -> None:
        items[1]["content"][0]["text"] = "I looked."

    def with_other_seal(items: list[dict[str, Any]]) -> None:
        items[2]["encrypted_content"] = "gAAAAAB"

    def without_seal(items: list[dict[str, Any]]) -> None:
        del items[2]["encrypted_content"]

    def without_reasoning(items: list[dict[str, Any]]) -> None:
        del items[2]

    expected = {
        without_phase: "input[1] is not as it was sent: 'phase' differs",
        with_other_text: "input[1] is not as it was sent: 'content' differs",
        with_other_seal: "could not be verified",
        without_reasoning: "was provided without its required 'reasoning' item: 'rs_",
    }
    with scripted(THREE_TURNS, check=False) as server:
        for number, (alter, message) in enumerate(expected.items()):
            async with talk(server, "three turns", key=str(number)) as conversation:
                await conversation.go_on("contents")
                alter(conversation.input)
                assert message in await conversation.refused()
        async with talk(server, "three turns", key="last") as conversation:
            await conversation.go_on("contents")
            without_seal(conversation.input)
            with pytest.raises(openai.NotFoundError, match="Items are not persisted"):
                await conversation.ask()
