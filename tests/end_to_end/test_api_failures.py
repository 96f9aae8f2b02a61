"""An API that refuses or does not answer: exit 3 and what to do; the next run goes on."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from support.interrupting import times_started
from support.program import Program, Ran
from support.repositories import Sandpit
from support.scenes import DONE, GREETING, TASK, WORDS, Played, played, scene, turn

NOWHERE = "http://127.0.0.1:9/v1"
"""Nobody listens on the discard port."""


def check_blocked(ran: Ran, *words: str) -> None:
    """Exit 3, with one block for these reasons at the end."""
    assert ran.code == 3, ran.stdout + ran.stderr
    assert ran.seen.markers[-1] == "BLOCKED"
    assert len(ran.seen.blocked) == 1
    for word in words:
        assert word in ran.seen.blocked[0]
    assert ran.stderr == ""


def check_continued(play: Played, requests: int) -> None:
    """The next run needs this many requests and repeats no call."""
    before = len(play.server.requests)
    play.completed()
    assert len(play.server.requests) - before == requests
    assert set(times_started(play.program).values()) == {1}


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ("401", ["Incorrect API key provided", "check OPENAI_API_KEY"]),
        ("403", ["check OPENAI_API_KEY"]),
        ("429:insufficient_quota", ["exceeded your current quota", "add credit"]),
        ("429", ["Rate limit", "run the same id again"]),
        ("400:context_length_exceeded", ["context", "start a new task", "--base"]),
        ("503", ["run the same id again"]),
        ("disconnect", ["check the network and OPENAI_BASE_URL"]),
    ],
)
def test_a_failure_in_the_middle_keeps_the_work(
    pit: Sandpit, fault: str, words: Sequence[str]
) -> None:
    failing = turn(*DONE["item"], fault=fault)
    with played(pit, scene(turn(GREETING), failing), CODEX_TASK_RETRIES="0") as play:
        ran = play.execute()
        check_blocked(ran, *words)
        assert ran.seen.files == [("greet.py", "created")]
        assert {"PATCH", "MERGE_RESULT"} <= set(ran.seen.markers)
        check_continued(play, requests=1)


def test_an_unknown_model_is_answered_with_twenty_that_the_key_can_use(pit: Sandpit) -> None:
    others = [{"id": f"embedding-{number}"} for number in range(100)]
    gone = {"id": "gpt-5.2-codex", "shutdown_date": "2026-07-23"}
    script = scene(turn(GREETING), DONE, model=[*others, gone, {"id": "gpt-6.1-sol"}])
    with played(pit, script) as play:
        ran = play.execute(OPENAI_MODEL="gpt-6-sol")
        check_blocked(ran, "`gpt-6-sol` does not exist", "OPENAI_MODEL")
        named = ran.seen.blocked[0].partition("the key can use ")[2].partition(" (")[0].split(", ")
        assert (len(named), named[0]) == (20, "gpt-6.1-sol")  # the one most like it first
        assert "gpt-5.2-codex" not in named
        check_continued(play, requests=2)


def test_an_unreachable_server(pit: Sandpit) -> None:
    with played(pit, scene(turn(GREETING), DONE), CODEX_TASK_RETRIES="0") as play:
        lost = Program(pit, NOWHERE, play.program.extra)
        ran = lost.execute(TASK, WORDS, "plan.md")
        check_blocked(ran, "connect", "check the network and OPENAI_BASE_URL")
        check_continued(play, requests=2)
        assert len(play.server.requests[0]["input"]) == 1  # the task, said once
