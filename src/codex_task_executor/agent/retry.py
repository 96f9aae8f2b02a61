"""Which failures of a request pass by themselves, and how long to wait before the next try.

Retried: connection errors, time-outs, 408, 409, 429, 5xx, the failure codes of ``PASSING``,
a stream without a terminal event. Never retried: the codes of ``LASTING`` and every other 4xx.
The server's word comes first: ``x-should-retry``, ``retry-after-ms``, ``retry-after``,
"try again in 20s"; otherwise the wait doubles from try to try, with jitter. The rules are
those of the openai SDK 3.54 (``_should_retry``) and of Codex, which reads the message.
"""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime

from tenacity import (
    AsyncRetrying,
    RetryCallState,
    retry_if_exception,
    stop_after_attempt,
    wait_exponential_jitter,
)

from codex_task_executor.agent.endpoint import RetryPolicy
from codex_task_executor.agent.model import FailureKind, ModelError, OnNotice

PASSING = frozenset(
    {"server_error", "rate_limit_exceeded", "overloaded", "server_is_overloaded", "slow_down"}
)
"""Failure codes that are worth another try, whatever carries them."""

LASTING = frozenset(
    {"insufficient_quota", "context_length_exceeded", "model_not_found", "invalid_prompt"}
)
"""Failure codes that another try cannot change, whatever the status says."""

KINDS = {
    "insufficient_quota": FailureKind.QUOTA,
    "context_length_exceeded": FailureKind.CONTEXT_FULL,
    "model_not_found": FailureKind.UNKNOWN_MODEL,
    "invalid_prompt": FailureKind.REJECTED,
    "401": FailureKind.UNAUTHORIZED,
    "403": FailureKind.UNAUTHORIZED,
    "404": FailureKind.UNKNOWN_MODEL,
}
"""What a code means, or a status where the code says nothing."""

CONTEXT_FULL = re.compile(r"maximum context length|exceeds? the (available )?context", re.I)
"""How vLLM and llama.cpp say that the input is too long; they send no code for it."""

TRY_AGAIN = re.compile(r"try again in\s+((?:\d+(?:\.\d+)?\s*(?:ms|h|m|s)[a-z]*\s*)+)", re.I)
DURATION = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|h|m|s)", re.I)
UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}


@dataclass(eq=False)
class Failed(Exception):
    """One attempt failed. ``what`` begins the line about it; ``wait`` is what was asked for."""

    what: str
    error: ModelError
    passing: bool
    wait: float | None = None

    def __str__(self) -> str:
        return f"{self.what}: {self.error}"


def unreachable(what: str, message: str) -> Failed:
    """No answer, or not the whole of it."""
    return Failed(what, ModelError(FailureKind.UNREACHABLE, message), passing=True)


def of_status(status: int, code: str | None, message: str, headers: Mapping[str, str]) -> Failed:
    """An answer with an error status. ``headers`` must find names in lower case."""
    kind = _kind(status, code, message)
    passing = {"true": code not in LASTING, "false": False}.get(
        headers.get("x-should-retry", "").lower(), kind is FailureKind.UNREACHABLE
    )
    error = ModelError(kind, message, status, code)
    return Failed(f"{status} from the API", error, passing, _asked(headers, message))


def of_code(code: str | None, message: str) -> Failed:
    """A failure within a stream: ``response.failed`` or an ``error`` event.

    Some servers put an HTTP status there. A failure without a code says no more than a stream
    without an end, and is treated like one.
    """
    if code and code.isdigit():
        return of_status(int(code), None, message, {})
    kind = _kind(None, code, message)
    error = ModelError(kind, message, None, code)
    passing = kind is FailureKind.UNREACHABLE
    return Failed(f"{code or 'an error'} from the API", error, passing, _asked({}, message))


def retrying(policy: RetryPolicy, on_notice: OnNotice) -> AsyncRetrying:
    """Runs an attempt until it succeeds or another try makes no sense; then Failed is raised."""
    doubling = wait_exponential_jitter(
        multiplier=policy.first_wait, max=policy.max_wait, jitter=policy.first_wait
    )

    def wait(state: RetryCallState) -> float:
        asked = _failure(state).wait
        return doubling(state) if asked is None else asked

    def notice(state: RetryCallState) -> None:
        seconds = round(state.next_action.sleep if state.next_action else 0, 1)
        tries = f"try {state.attempt_number + 1} of {policy.attempts}"
        on_notice(f"{_failure(state).what}: waiting {seconds:g} s, {tries}")

    return AsyncRetrying(
        stop=stop_after_attempt(policy.attempts),
        retry=retry_if_exception(lambda error: _worth_a_try(error, policy)),
        wait=wait,
        before_sleep=notice,
        reraise=True,
    )


def _failure(state: RetryCallState) -> Failed:
    error = state.outcome.exception() if state.outcome else None
    assert isinstance(error, Failed)  # nothing else is retried
    return error


def _worth_a_try(error: BaseException, policy: RetryPolicy) -> bool:
    return isinstance(error, Failed) and error.passing and (error.wait or 0) <= policy.max_asked


def _kind(status: int | None, code: str | None, message: str) -> FailureKind:
    known = KINDS.get(code or "") or KINDS.get(str(status))
    if known:
        return known
    if CONTEXT_FULL.search(message):
        return FailureKind.CONTEXT_FULL
    if status is None:
        passing = code is None or code in PASSING
    else:
        passing = status in (408, 409, 429) or status >= 500
    return FailureKind.UNREACHABLE if passing else FailureKind.REJECTED


def _asked(headers: Mapping[str, str], message: str) -> float | None:
    """The wait that the server asks for, in seconds."""
    for name, unit in (("retry-after-ms", 0.001), ("retry-after", 1.0)):
        try:
            return max(0.0, float(headers[name]) * unit)
        except (KeyError, ValueError):
            continue
    date = _until(headers.get("retry-after", ""))
    return _said(message) if date is None else date


def _until(date: str) -> float | None:
    try:
        moment = parsedate_to_datetime(date)
    except ValueError:
        return None
    return max(0.0, moment.timestamp() - time.time())


def _said(message: str) -> float | None:
    found = TRY_AGAIN.search(message)
    if not found:
        return None
    return sum(float(n) * UNITS[unit.lower()] for n, unit in DURATION.findall(found[1]))
