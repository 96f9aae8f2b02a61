"""What a sandbox for commands is; ``bubblewrap`` and ``seatbelt`` are the two that exist."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol


class SandboxError(Exception):
    """A command could not be started, or not be ended: the text says why, in one line."""


@dataclass(frozen=True)
class Command:
    """A shell command line to run inside the worktree.

    ``folder`` is relative to the worktree; ``seconds`` is the time after which the whole
    process tree is killed.
    """

    line: str
    folder: str = "."
    seconds: float = 120.0


@dataclass(frozen=True)
class CommandResult:
    """How a command ended.

    ``output`` holds stdout and stderr as they came, at most the capture limit, its middle
    dropped; ``output_bytes`` is how much there was. ``code`` is the shell's exit code,
    128 + N where signal N ended it, None where the time ran out.
    """

    code: int | None
    output: bytes
    output_bytes: int
    seconds: float

    @property
    def timed_out(self) -> bool:
        """Whether the command was killed because its time was up."""
        return self.code is None


class Sandbox(Protocol):
    """A kernel sandbox around one worktree. ``level`` is A, C or D (see SECURITY.md)."""

    level: str
    root: Path

    async def run(self, command: Command) -> CommandResult:
        """Run a command to its end and return when no process of it is left.

        Cancelling the call kills the whole process tree too. Call it from a thread that
        lives as long as the command may run: a sandbox dies with the thread that started
        it. Raises SandboxError.
        """
        ...
