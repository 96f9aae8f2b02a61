"""Which failures are tried again, and how long is waited."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from codex_task_executor.agent.endpoint import RetryPolicy
from codex_task_executor.agent.model import FailureKind, ModelError
from codex_task_executor.agent.retry import Failed, of_code, of_status, retrying, unreachable

QUICK = RetryPolicy(attempts=3, first_wait=0.001, max_wait=0.002, max_asked=5)


@pytest.mark.parametrize("status", [408, 409, 429, 500, 502, 503, 504, 529])
def test_statuses_that_pass(status: int) -> None:
    failed = of_status(status, None, "no", {})
    assert (failed.passing, failed.error.kind) == (True, FailureKind.UNREACHABLE)


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (400, None, FailureKind.REJECTED),
        (400, "invalid_prompt", FailureKind.REJECTED),
        (400, "context_length_exceeded", FailureKind.CONTEXT_FULL),
        (401, "invalid_api_key", FailureKind.UNAUTHORIZED),
        (403, None, FailureKind.UNAUTHORIZED),
        (404, None, FailureKind.UNKNOWN_MODEL),
        (400, "model_not_found", FailureKind.UNKNOWN_MODEL),
        (422, None, FailureKind.REJECTED),
        (429, "insufficient_quota", FailureKind.QUOTA),
        (500, "invalid_prompt", FailureKind.REJECTED),
    ],
)
def test_statuses_and_codes_that_stay(status: int, code: str | None, kind: FailureKind) -> None:
    failed = of_status(status, code, "no", {})
    assert (failed.passing, failed.error.kind) == (False, kind)
    assert (failed.error.status, failed.error.code) == (status, code)


@pytest.mark.parametrize(
    ("code", "passing", "kind"),
    [
        ("server_error", True, FailureKind.UNREACHABLE),
        ("rate_limit_exceeded", True, FailureKind.UNREACHABLE),
        ("server_is_overloaded", True, FailureKind.UNREACHABLE),
        (None, True, FailureKind.UNREACHABLE),
        ("503", True, FailureKind.UNREACHABLE),
        ("400", False, FailureKind.REJECTED),
        ("insufficient_quota", False, FailureKind.QUOTA),
        ("context_length_exceeded", False, FailureKind.CONTEXT_FULL),
        ("invalid_prompt", False, FailureKind.REJECTED),
        ("bio_policy", False, FailureKind.REJECTED),
    ],
)
def test_failure_codes_of_a_stream(code: str | None, passing: bool, kind: FailureKind) -> None:
    failed = of_code(code, "no")
    assert (failed.passing, failed.error.kind) == (passing, kind)


@pytest.mark.parametrize(
    "message",
    [
        "This model's maximum context length is 8192 tokens. However, you requested 9000 tokens",
        "the request exceeds the available context size, try increasing it",
    ],
)
def test_a_full_context_is_known_by_the_words_of_other_servers(message: str) -> None:
    failed = of_status(500, None, message, {})
    assert (failed.passing, failed.error.kind) == (False, FailureKind.CONTEXT_FULL)


@pytest.mark.parametrize(
    ("status", "code", "word", "passing"),
    [
        (400, None, "true", True),
        (503, None, "false", False),
        (429, "insufficient_quota", "true", False),
        (503, None, "perhaps", True),
    ],
)
def test_the_servers_own_word_on_trying_again_comes_first(
    status: int, code: str | None, word: str, passing: bool
) -> None:
    assert of_status(status, code, "no", {"x-should-retry": word}).passing is passing


@pytest.mark.parametrize(
    ("headers", "message", "seconds"),
    [
        ({}, "no", None),
        ({"retry-after-ms": "250", "retry-after": "9"}, "try again in 7s", 0.25),
        ({"retry-after": "3"}, "try again in 7s", 3),
        ({"retry-after": "-3"}, "", 0),
        ({"retry-after": "soon"}, "Please try again in 7s.", 7),
        ({}, "Please try again in 20ms. Visit", 0.02),
        ({}, "please try again in 1.5 seconds", 1.5),
        ({}, "Try again in 1m30s or later", 90),
        ({}, "try again in 2 hours", 7200),
        ({}, "try again in a while", None),
    ],
)
def test_the_wait_that_the_server_asks_for(
    headers: dict[str, str], message: str, seconds: float | None
) -> None:
    assert of_status(429, None, message, headers).wait == pytest.approx(seconds)


def test_a_date_to_wait_for_is_understood() -> None:
    past = format_datetime(datetime.now(UTC) - timedelta(hours=1))
    future = format_datetime(datetime.now(UTC) + timedelta(hours=1))
    assert of_status(429, None, "", {"retry-after": past}).wait == 0
    assert of_status(429, None, "", {"retry-after": future}).wait == pytest.approx(3600, abs=30)


class Attempts:
    """Fails as told, then succeeds."""

    def __init__(self, *failures: Failed) -> None:
        self.left = list(failures)
        self.made = 0

    async def __call__(self) -> str:
        self.made += 1
        if self.left:
            raise self.left.pop(0)
        return "done"


def limited(wait: float | None = None) -> Failed:
    error = ModelError(FailureKind.UNREACHABLE, "no")
    return Failed("429 from the API", error, passing=True, wait=wait)


async def test_a_passing_failure_is_tried_again_and_each_wait_is_told() -> None:
    attempts, notices = Attempts(limited(0.004), unreachable("no connection", "")), list[str]()
    assert await retrying(QUICK, notices.append)(attempts) == "done"
    assert notices == [
        "429 from the API: waiting 0 s, try 2 of 3",
        "no connection: waiting 0 s, try 3 of 3",
    ]


async def test_after_the_last_try_the_failure_itself_is_raised() -> None:
    attempts = Attempts(*[limited()] * 9)
    with pytest.raises(Failed, match="429 from the API"):
        await retrying(QUICK, print)(attempts)
    assert attempts.made == 3


@pytest.mark.parametrize(
    "failure",
    [of_status(401, None, "no", {}), limited(wait=5.1)],
    ids=["lasting", "a longer wait than allowed"],
)
async def test_what_will_not_pass_in_time_is_not_tried_again(failure: Failed) -> None:
    attempts = Attempts(failure)
    with pytest.raises(Failed):
        await retrying(QUICK, print)(attempts)
    assert attempts.made == 1


async def test_an_error_that_is_no_failure_of_the_api_is_not_tried_again() -> None:
    async def broken() -> None:
        raise LookupError

    with pytest.raises(LookupError):
        await retrying(QUICK, print)(broken)
