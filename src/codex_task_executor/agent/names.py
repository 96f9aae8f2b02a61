"""Names of models: the default, and what became of names that no longer answer.

The one table. Source: OpenAI's deprecations page
(https://developers.openai.com/api/docs/deprecations); ``GET /v1/models`` names the shutdown
date of a model that still answers.
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

OPENAI_BASE_URL = "https://api.openai.com/v1"
"""Where requests go unless a base URL is given."""

DEFAULT_MODEL = "gpt-6.1-sol"
"""What Codex itself defaults to."""

RETIRED = {
    "codex-mini-latest": "2026-02-12",
    "gpt-5-codex": "2026-07-23",
    "gpt-5.1-codex": "2026-07-23",
    "gpt-5.1-codex-max": "2026-07-23",
    "gpt-5.1-codex-mini": "2026-07-23",
    "gpt-5.2-codex": "2026-07-23",
}
"""Codex models that were shut down, with the day (ISO 8601)."""


@dataclass(frozen=True)
class ModelChoice:
    """The model to ask; ``notice`` is a line for the user where it is not the one named."""

    name: str
    notice: str | None = None


def is_openai(base_url: str | None) -> bool:
    """Whether requests go to OpenAI itself, its regional hosts included."""
    host = urlsplit(base_url or OPENAI_BASE_URL).hostname or ""
    return host == "api.openai.com" or host.endswith(".api.openai.com")


def resolve(name: str, base_url: str | None) -> ModelChoice:
    """The model for a name. A retired name still means itself on anybody else's server."""
    if name not in RETIRED or not is_openai(base_url):
        return ModelChoice(name)
    return ModelChoice(
        DEFAULT_MODEL, f"{name} was shut down on {RETIRED[name]}: using {DEFAULT_MODEL}"
    )
