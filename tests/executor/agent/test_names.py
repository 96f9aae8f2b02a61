"""Which model a name means."""

from __future__ import annotations

import pytest

from codex_task_executor.agent.names import DEFAULT_MODEL, RETIRED, is_openai, resolve


@pytest.mark.parametrize(
    "base_url", [None, "https://api.openai.com/v1", "https://eu.api.openai.com/v1"]
)
def test_a_retired_name_means_the_default_on_openais_own_endpoint(base_url: str | None) -> None:
    choice = resolve("gpt-5.2-codex", base_url)
    assert choice.name == DEFAULT_MODEL
    assert choice.notice == (f"gpt-5.2-codex was shut down on 2026-07-23: using {DEFAULT_MODEL}")


def test_a_retired_name_means_itself_elsewhere() -> None:
    choice = resolve("gpt-5.2-codex", "http://127.0.0.1:8000/v1")
    assert (choice.name, choice.notice) == ("gpt-5.2-codex", None)


@pytest.mark.parametrize("name", [DEFAULT_MODEL, "gpt-5.3-codex", "gpt-5.1", "qwen3"])
def test_every_other_name_means_itself(name: str) -> None:
    choice = resolve(name, None)
    assert (choice.name, choice.notice) == (name, None)


def test_the_default_is_not_retired() -> None:
    assert DEFAULT_MODEL not in RETIRED


@pytest.mark.parametrize(
    "base_url", ["https://api.openai.com.evil.example/v1", "https://evilapi.openai.com.de", "x"]
)
def test_a_host_that_only_looks_like_openais_is_not(base_url: str) -> None:
    assert not is_openai(base_url)
