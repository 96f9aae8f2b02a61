"""The scripted model over real HTTP, asked by the official SDK."""

from __future__ import annotations

import socket

import pytest

from codex_task_executor.agent.scripted import ScriptedServer
from support.responses import talk
from support.scripted import scenario_of, scripted

GREETING = """
[[conversation]]
match = "greeting"
[[conversation.turn]]
item = [
    { type = "reasoning", summary = "Let me see." },
    { type = "message", text = "Looking at the code." },
    { type = "call", tool = "read", arguments = { path = "src/app.py" } },
    { type = "call", tool = "bash", arguments = { command = "ls" } },
    { type = "call", tool = "apply_patch", input = "*** Begin Patch" },
]
[[conversation.turn]]
expect = ["print"]
item = [{ type = "message", text = "It prints hello." }]
"""


async def test_a_conversation_is_played_turn_by_turn() -> None:
    with scripted(GREETING) as server:
        async with talk(server, "explain the greeting") as conversation:
            first = await conversation.go_on("print('hello')")
            second = await conversation.go_on()
    assert [item["type"] for item in first] == [
        "reasoning",
        "message",
        "function_call",
        "function_call",
        "custom_tool_call",
    ]
    assert [item.get("name") for item in first[2:]] == ["read", "shell_command", "apply_patch"]
    assert first[2]["arguments"] == '{"path":"src/app.py","limit":null}'
    assert second[0]["content"][0]["text"] == "It prints hello."
    assert server.connections == 1


async def test_compatible_mode_plays_the_same_scenario_with_function_tools() -> None:
    with scripted(GREETING, compatible=True) as server:
        async with talk(server, "explain the greeting", compatible=True) as conversation:
            first = await conversation.go_on("print('hello')")
            await conversation.go_on()
    assert [item.get("name") for item in first[2:]] == ["read", "bash", "apply_patch"]
    assert {item["type"] for item in first[2:]} == {"function_call"}
    assert first[4]["arguments"] == '{"input":"*** Begin Patch"}'
    assert "phase" not in first[1]


def test_bytes_that_are_not_http_are_a_failure() -> None:
    with (
        scripted(GREETING, check=False) as server,
        socket.create_connection(("127.0.0.1", server.port)) as client,
    ):
        client.sendall(b"hello\r\n\r\n")
        assert client.recv(100) == b""
        assert server.failures == ["not HTTP as expected: request line: 'hello'"]


def test_a_port_that_is_taken_is_an_error() -> None:
    with scripted(GREETING, check=False) as server:
        other = ScriptedServer(scenario_of(GREETING), port=server.port)
        with pytest.raises(OSError, match=r"[Aa]ddress already in use"):
            other.__enter__()


def test_a_server_can_be_stopped_twice() -> None:
    with scripted(GREETING, check=False) as server:
        server.stop()
    assert server.failures == []
