"""A bare client of the Responses API for tests: the official SDK, stateless, no retries."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from openai import AsyncOpenAI, BadRequestError

from codex_task_executor.agent.scripted import ScriptedServer

READ = {
    "type": "function",
    "name": "read",
    "strict": True,
    "parameters": {
        "type": "object",
        "properties": {"path": {"type": "string"}, "limit": {"type": ["integer", "null"]}},
        "required": ["path", "limit"],
        "additionalProperties": False,
    },
}
SHELL = {
    "type": "function",
    "name": "shell_command",
    "strict": True,
    "parameters": {
        "type": "object",
        "properties": {"command": {"type": "string"}},
        "required": ["command"],
        "additionalProperties": False,
    },
}
PATCH = {
    "type": "custom",
    "name": "apply_patch",
    "format": {"type": "grammar", "syntax": "lark", "definition": 'start: "x"'},
}
OPENAI_TOOLS = (READ, SHELL, PATCH)
_PATCH_TEXT = {"type": "object", "properties": {"input": {"type": "string"}}, "required": ["input"]}
COMPATIBLE_TOOLS = (
    {key: value for key, value in READ.items() if key != "strict"},
    {"type": "function", "name": "bash", "parameters": SHELL["parameters"]},
    {"type": "function", "name": "apply_patch", "parameters": _PATCH_TEXT},
)


@dataclass
class Talk:
    """One conversation: what was sent and received so far, and a way to go on."""

    client: AsyncOpenAI
    key: str = "task-1"
    compatible: bool = False
    input: list[dict[str, Any]] = field(default_factory=list)
    events: list[dict[str, Any]] = field(default_factory=list)
    usage: Mapping[str, Any] = field(default_factory=dict)

    def say(self, text: str) -> None:
        """Add a user message."""
        self.input.append({"role": "user", "content": text})

    async def ask(self, **changes: Any) -> list[dict[str, Any]]:
        """Send the input, return the items that came whole, in order.

        ``events`` has every event of this request, also when it raises.
        """
        self.events = []
        stream = await self.client.responses.create(**(self.parameters() | changes))
        async for event in stream:
            self.events.append(event.to_dict(warnings=False))
            if event.type == "response.completed":
                self.usage = event.response.usage.to_dict(warnings=False)
        return self.received()

    async def refused(self) -> str:
        """Ask, and return the message of the 400 that comes back."""
        try:
            await self.ask()
        except BadRequestError as error:
            return _message(error)
        raise AssertionError("the request was accepted")

    def received(self) -> list[dict[str, Any]]:
        """The items that the latest request gave whole."""
        done = (e for e in self.events if e["type"] == "response.output_item.done")
        return [event["item"] for event in done]

    def parameters(self) -> dict[str, Any]:
        """The request that ``ask`` sends."""
        common: dict[str, Any] = {"model": "gpt-6.1-sol", "input": self.input, "stream": True}
        if self.compatible:
            return common | {"tools": COMPATIBLE_TOOLS}
        return common | {
            "tools": OPENAI_TOOLS,
            "store": False,
            "include": ["reasoning.encrypted_content"],
            "prompt_cache_key": self.key,
        }

    def keep(self, items: list[dict[str, Any]], output: str = "done") -> None:
        """Add received items to the input, and an output for each call."""
        calls = [item for item in items if "call_id" in item]
        self.input += self.repeatable(items)
        self.input += [
            {"type": f"{c['type']}_output", "call_id": c["call_id"], "output": output}
            for c in calls
        ]

    def repeatable(self, items: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Items as they are sent again: word for word, or without what others do not know."""
        if not self.compatible:
            return items
        return [
            item if item["type"] == "message" else _without(item, "id", "status")
            for item in items
            if item["type"] != "reasoning"
        ]

    async def go_on(self, output: str = "done") -> list[dict[str, Any]]:
        """Ask, keep what came, return it."""
        items = await self.ask()
        self.keep(items, output)
        return items


def _message(error: BadRequestError) -> str:
    assert isinstance(error.body, dict)
    return str(error.body["message"])


def _without(item: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in item.items() if name not in names}


@asynccontextmanager
async def talk(
    server: ScriptedServer, text: str, *, key: str = "task-1", compatible: bool = False
) -> AsyncIterator[Talk]:
    """A conversation with ``server`` that begins with ``text``."""
    async with AsyncOpenAI(api_key="sk-test", base_url=server.base_url, max_retries=0) as client:
        conversation = Talk(client, key, compatible)
        conversation.say(text)
        yield conversation
