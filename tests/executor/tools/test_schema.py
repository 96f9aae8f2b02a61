"""Schemas in strict form, whatever the arguments look like."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pydantic import Field

from codex_task_executor.tools.base import Arguments
from codex_task_executor.tools.schema import strict_schema


class Step(Arguments):
    """Nested arguments."""

    title: str = Field(min_length=1, description="What to do.")
    done: bool | None = None


class PlanArguments(Arguments):
    """A docstring for readers."""

    steps: list[Step] = Field(description="In order.", max_length=3)
    default: int | None = Field(default=None, description="A field named as a keyword is.")


def objects(schema: Any) -> Iterator[dict[str, Any]]:
    if isinstance(schema, dict):
        if schema.get("type") == "object":
            yield schema
        for part in schema.values():
            yield from objects(part)
    elif isinstance(schema, list):
        for part in schema:
            yield from objects(part)


def test_every_object_requires_all_of_its_properties_and_nothing_else() -> None:
    found = list(objects(strict_schema(PlanArguments)))
    assert len(found) == 2
    for schema in found:
        assert schema["required"] == list(schema["properties"])
        assert schema["additionalProperties"] is False


def test_optional_fields_are_nullable_and_fields_keep_their_order_and_names() -> None:
    schema = strict_schema(PlanArguments)
    assert list(schema["properties"]) == ["steps", "default"]
    assert schema["properties"]["default"] == {
        "anyOf": [{"type": "integer"}, {"type": "null"}],
        "description": "A field named as a keyword is.",
    }
    assert list(schema["$defs"]["Step"]["properties"]) == ["title", "done"]


def test_keywords_that_strict_mode_refuses_are_gone() -> None:
    text = repr(strict_schema(PlanArguments))
    assert "minLength" not in text
    assert "'title': 'Plan" not in text
    assert "A docstring" not in text
