"""Errors as OpenAI words them: the exception that a check raises, and the faults' texts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from codex_task_executor.agent.scripted.faults import Fault

INVALID = "invalid_request_error"


@dataclass(eq=False)
class Refusal(Exception):
    """A request that gets an error instead of a stream.

    ``scripted`` is True where the scenario asked for the error; every other refusal is the
    client's mistake and ends up in ``ScriptedServer.failures``.
    """

    message: str
    param: str | None = None
    code: str | None = None
    status: int = 400
    type: str = INVALID
    headers: Mapping[str, str] = field(default_factory=dict)
    scripted: bool = False

    def __str__(self) -> str:
        return self.message

    @property
    def body(self) -> dict[str, Any]:
        """The JSON body of the answer."""
        names = ("message", "type", "param", "code")
        return {"error": {name: getattr(self, name) for name in names}}


def invalid_value(value: object, param: str, supported: Sequence[str]) -> Refusal:
    """A value that is not one of those that a parameter can have."""
    listed = ", ".join(f"'{name}'" for name in supported)
    text = f"Invalid value: '{value}'. Supported values are: {listed}."
    return Refusal(text, param, "invalid_value")


def too_long(param: str, most: int, length: int) -> Refusal:
    """A string above its maximum length, in characters."""
    text = (
        f"Invalid '{param}': string too long. Expected a string with maximum length {most}, "
        f"but got a string with length {length} instead."
    )
    return Refusal(text, param, "string_above_max_length")


# Messages as seen in public issue threads and OpenAI's error-code guide
# (developers.openai.com/api/docs/guides/error-codes); {model} is filled in.
MESSAGES = {
    "invalid_prompt": "Invalid prompt: your prompt was flagged as potentially violating our "
    "usage policy. Please try again with a different prompt.",
    "context_length_exceeded": "Your input exceeds the context window of this model. Please "
    "adjust your input and try again.",
    "invalid_api_key": "Incorrect API key provided: sk-inval**. You can find your API key at "
    "https://platform.openai.com/account/api-keys.",
    "unsupported_country_region_territory": "Country, region, or territory not supported",
    "model_not_found": "The model `{model}` does not exist or you do not have access to it.",
    "rate_limit_exceeded": "Rate limit reached for {model} in organization org-scripted on "
    "tokens per min (TPM): Limit 30000, Used 29937, Requested 385. Please try again in 1ms. "
    "Visit https://platform.openai.com/account/rate-limits to learn more.",
    "insufficient_quota": "You exceeded your current quota, please check your plan and billing "
    "details. For more information on this error, read the docs: "
    "https://platform.openai.com/docs/guides/error-codes/api-errors.",
    "server_error": "The server had an error while processing your request. Sorry about that!",
    "server_is_overloaded": "Our servers are currently overloaded. Please try again later.",
}
USUAL_CODE = {
    "400": "invalid_prompt",
    "401": "invalid_api_key",
    "403": "unsupported_country_region_territory",
    "404": "model_not_found",
    "408": "request_timeout",
    "409": "conflict",
    "429": "rate_limit_exceeded",
    "503": "server_is_overloaded",
    "failed": "server_error",
    "error": "server_error",
}
TYPES = {
    "rate_limit_exceeded": "tokens",
    "insufficient_quota": "insufficient_quota",
    "server_is_overloaded": "service_unavailable_error",
}


def fault_code(fault: Fault) -> str:
    """The fault's error code: its own or the usual one of its kind."""
    return fault.code or USUAL_CODE.get(fault.kind, "server_error")


def fault_message(fault: Fault, model: str) -> str:
    """The fault's message: its own or the usual one of its code."""
    code = fault_code(fault)
    return fault.message or MESSAGES.get(code, f"scripted {code}").replace("{model}", model)


def http_refusal(fault: Fault, model: str) -> Refusal:
    """An HTTP fault as the answer to give."""
    code, status = fault_code(fault), fault.status or 500
    return Refusal(
        message=fault_message(fault, model),
        code=code,
        status=status,
        type=TYPES.get(code, INVALID if status < 500 else "server_error"),
        headers=fault.headers,
        scripted=True,
    )
