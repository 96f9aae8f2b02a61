"""JSON schemas of arguments in the form that OpenAI's strict mode takes.

Every property is required, what is optional may be null, nothing else may be there
(https://developers.openai.com/api/docs/guides/structured-outputs, "Supported schemas").
"""

from __future__ import annotations

from typing import Any

from codex_task_executor.tools.base import Arguments

_DROPPED = frozenset({"title", "default", "minLength", "maxLength"})
"""Keywords that say nothing to a model, and two that strict mode refuses."""


def strict_schema(arguments: type[Arguments]) -> dict[str, Any]:
    """The schema of a tool's arguments; properties in the order of the fields."""
    schema = _strict(arguments.model_json_schema())
    schema.pop("description", None)  # the class's docstring is for readers of the code
    return schema


def _strict(schema: dict[str, Any]) -> dict[str, Any]:
    """One schema, and those within it, without what is dropped."""
    kept = {key: _within(key, value) for key, value in schema.items() if key not in _DROPPED}
    if "properties" in kept:
        kept |= {"required": list(kept["properties"]), "additionalProperties": False}
    return kept


def _within(key: str, value: Any) -> Any:
    if key in ("properties", "$defs"):
        return {name: _strict(part) for name, part in value.items()}
    if isinstance(value, dict):
        return _strict(value)
    if key == "anyOf":
        return [_strict(part) for part in value]
    return value
