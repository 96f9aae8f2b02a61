"""A task as it is given: its id, its description, its plan, each checked."""

from __future__ import annotations

import re
import stat
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from codex_task_executor.errors import BadDescription, BadTaskId, PlanProblem

ID_RULE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
"""The seed's rule; matched in full, since ``$`` would accept a trailing newline."""

PLAN_LIMIT = 1 << 20
"""Largest plan in bytes (1 MiB)."""


@dataclass(frozen=True)
class Plan:
    """A plan's text and where it was read; ``path`` is as the user gave it."""

    path: str
    text: str


@dataclass(frozen=True)
class Task:
    """What one run is asked to do. ``plan`` is None where a follow-up left it out."""

    id: str
    description: str
    plan: Plan | None


def check_id(task_id: str) -> None:
    """Raise BadTaskId unless the id is usable as a file name and as a branch name.

    Beyond the seed's rule: git refuses ``a..b``, ``a.`` and ``a.lock`` as ref names, and an
    id that ends in ``.json`` could name another task's session file.
    """
    if not ID_RULE.fullmatch(task_id):
        raise BadTaskId(
            task_id, "use 1 to 64 letters, digits, '.', '_' or '-', first a letter or digit"
        )
    if ".." in task_id or task_id.endswith("."):
        raise BadTaskId(task_id, "'..' and a trailing '.' are not possible in a branch name")
    if task_id.lower().endswith((".lock", ".json")):
        raise BadTaskId(task_id, "the endings .lock and .json are reserved")


def check_case(task_id: str, existing: Iterable[str]) -> None:
    """Raise BadTaskId where an existing id differs only by case (one file on macOS)."""
    for other in existing:
        if other != task_id and other.casefold() == task_id.casefold():
            raise BadTaskId(task_id, f"it differs only by case from the existing task {other}")


def check_description(text: str) -> str:
    """The description, or BadDescription where nothing is left of it or it cannot be sent."""
    if not text.strip():
        raise BadDescription("it is empty")
    if "\0" in text or any("\ud800" <= letter <= "\udfff" for letter in text):
        raise BadDescription("it is not valid UTF-8 text")
    return text


def read_plan(path: str, folder: Path) -> Plan:
    """Read a plan; relative paths are taken from ``folder``. Raises PlanProblem."""
    try:
        data = _bytes(path, folder / path)
    except FileNotFoundError as error:
        raise PlanProblem(path, "Plan file not found") from error
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        raise PlanProblem(path, f"Plan file cannot be read ({error})") from error
    return Plan(path, _decoded(path, data))


def _bytes(path: str, place: Path) -> bytes:
    kind = place.stat().st_mode  # first: opening a FIFO would wait for ever
    if stat.S_ISDIR(kind):
        raise PlanProblem(path, "Plan file is a folder")
    if not stat.S_ISREG(kind):
        raise PlanProblem(path, "Plan file is not a regular file")
    with place.open("rb") as file:
        return file.read(PLAN_LIMIT + 1)


def _decoded(path: str, data: bytes) -> str:
    if len(data) > PLAN_LIMIT:
        raise PlanProblem(path, "Plan file is larger than 1 MiB")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise PlanProblem(path, "Plan file is not UTF-8 text") from error
