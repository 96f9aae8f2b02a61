"""What happens while a task runs, as values; ``output`` turns them into markers or JSON."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Progress:
    """One line of narration: the first line of the model's commentary, or the tool's own."""

    text: str


@dataclass(frozen=True)
class ToolUsed:
    """A call that starts. ``name`` is the seed's name (Read, Write, Edit, Glob, Grep, Bash)."""

    name: str
    target: str


@dataclass(frozen=True)
class Question:
    """The model needs an answer; meanwhile it goes on with ``assumption``, if it has one."""

    text: str
    options: tuple[str, ...] = ()
    assumption: str | None = None


@dataclass(frozen=True)
class Blocked:
    """The model cannot go on: why, and what it needs."""

    reason: str
    needs: str = ""


Event = Progress | ToolUsed | Question | Blocked
Emit = Callable[[Event], None]
"""Where events go. Called from the event loop's thread only."""
