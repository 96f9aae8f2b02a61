"""What is wrong with a scenario, said with the place where it is wrong."""

from __future__ import annotations

from collections.abc import Iterable

from pydantic import ValidationError


class ScenarioError(Exception):
    """A scenario that cannot be played; ``problems`` has one line for each mistake."""

    def __init__(self, source: str, problems: Iterable[str]) -> None:
        self.source = source
        self.problems = tuple(problems)
        super().__init__(f"{source}: " + "; ".join(self.problems))


def problem_lines(error: ValidationError) -> list[str]:
    """pydantic's errors as lines such as ``conversation.0.turn.1: Field required``."""
    problems = error.errors()
    places = [problem["loc"] for problem in problems]
    return [
        f"{'.'.join(str(step) for step in problem['loc']) or 'scenario'}: {problem['msg']}"
        for problem in problems
        if problem["type"] != "too_short" or not _has_inner(problem["loc"], places)
    ]


def _has_inner(place: tuple[int | str, ...], places: list[tuple[int | str, ...]]) -> bool:
    """Whether something inside ``place`` is wrong, so that it only seems to be missing."""
    return any(len(inner) > len(place) and inner[: len(place)] == place for inner in places)
