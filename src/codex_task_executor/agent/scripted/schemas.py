"""What makes a tool's schema strict, as OpenAI's guide to structured outputs lists it.

developers.openai.com/api/docs/guides/structured-outputs#supported-schemas: every property
required, additionalProperties false in every object, some keywords not supported.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

REFUSED = (
    "allOf",
    "oneOf",
    "not",
    "if",
    "then",
    "else",
    "dependentRequired",
    "dependentSchemas",
    "patternProperties",
    "unevaluatedProperties",
    "default",
)
Context = tuple[str, ...]


def problems(schema: Mapping[str, Any]) -> Iterator[str]:
    """OpenAI's complaints about a function's parameters, none if they are strict."""
    if schema.get("type") != "object":
        found = schema.get("type", "None")
        yield f"schema must be a JSON Schema of 'type: \"object\"', got 'type: \"{found}\"'."
        return
    for context, part in _parts(schema, ()):
        yield from (f"In context={context!r}, {problem}" for problem in _part_problems(part))


def _parts(schema: Mapping[str, Any], context: Context) -> Iterator[tuple[Context, Any]]:
    """A schema and everything nested in it, with the way there."""
    yield context, schema
    for group in ("properties", "$defs", "definitions"):
        for name, part in _mapping(schema.get(group)).items():
            yield from _parts(_mapping(part), (*context, group, name))
    if "items" in schema:
        yield from _parts(_mapping(schema["items"]), (*context, "items"))
    for number, part in enumerate(schema.get("anyOf") or ()):
        yield from _parts(_mapping(part), (*context, "anyOf", str(number)))


def _part_problems(part: Mapping[str, Any]) -> Iterator[str]:
    yield from (f"'{keyword}' is not permitted." for keyword in REFUSED if keyword in part)
    if not {"type", "anyOf", "$ref", "enum", "const"} & part.keys():
        yield "schema must have a 'type' key."
    if "array" in _types(part) and "items" not in part:
        yield "array schema missing items."
    if "object" in _types(part):
        yield from _object_problems(part)


def _object_problems(part: Mapping[str, Any]) -> Iterator[str]:
    if part.get("additionalProperties") is not False:
        yield "'additionalProperties' is required to be supplied and to be false."
    properties, required = _mapping(part.get("properties")), part.get("required", [])
    missing = [f"Missing '{name}'." for name in properties if name not in required]
    extra = [
        f"Extra required key '{name}' supplied." for name in required if name not in properties
    ]
    needed = "'required' is required to be supplied and to be an array including every key in"
    yield from (f"{needed} properties. {problem}" for problem in [*missing, *extra])


def _types(part: Mapping[str, Any]) -> tuple[str, ...]:
    kind = part.get("type", ())
    return (kind,) if isinstance(kind, str) else tuple(kind)


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
