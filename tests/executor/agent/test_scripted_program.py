"""The scripted model as a program of its own."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from openai import OpenAI

SCENARIO = """
[[conversation]]
match = "hello"
[[conversation.turn]]
item = [{ type = "message", text = "Hello." }]
[[conversation.turn]]
item = [{ type = "message", text = "Hello again." }]
"""


@contextmanager
def program(*arguments: str | Path) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "codex_task_executor.agent.scripted", *map(str, arguments)]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def hello(url: str, **more: bool) -> str:
    with OpenAI(api_key="k", base_url=url, max_retries=0) as client:
        stream = client.responses.create(model="m", input="hello", stream=True, **more)  # type: ignore[call-overload]  # mypy cannot see through **more
        return "".join(event.delta for event in stream if event.type.endswith("text.delta"))


@pytest.fixture
def scenario(tmp_path: Path) -> Path:
    path = tmp_path / "hello.toml"
    path.write_text(SCENARIO)
    return path


def test_it_serves_until_it_is_told_to_stop_and_says_what_was_not_played(
    scenario: Path, tmp_path: Path
) -> None:
    with program(scenario, "--port-file", tmp_path / "port") as process:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        assert hello(url, store=False) == "Hello."
        process.send_signal(signal.SIGTERM)
        _, errors = process.communicate()
    assert url == f"http://127.0.0.1:{(tmp_path / 'port').read_text().strip()}/v1"
    assert process.returncode == 0
    assert errors == "conversation 'hello': turn 1 was not played\n"


def test_it_exits_with_1_when_a_client_did_something_wrong(scenario: Path) -> None:
    with program(scenario, "--compatible") as process:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        with pytest.raises(Exception, match="parameter 'store' is outside"):
            hello(url, store=False)
        assert hello(url) == "Hello."
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate()
    assert process.returncode == 1
    assert "POST /v1/responses 1: scripted model, compatible: parameter 'store'" in errors


def test_a_scenario_with_a_mistake_ends_it_at_once(tmp_path: Path) -> None:
    broken = tmp_path / "broken.toml"
    broken.write_text("[[conversation]]\n")
    with program(broken) as process:
        _, errors = process.communicate()
    assert process.returncode == 2
    assert errors.startswith(f"scripted model: {broken}: conversation.0.match: Field required")
