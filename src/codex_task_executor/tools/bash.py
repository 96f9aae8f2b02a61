"""Bash: a shell command in the worktree's sandbox."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import Field

from codex_task_executor.events import ToolUsed
from codex_task_executor.sandbox.launch import Command, CommandResult, Sandbox, SandboxError
from codex_task_executor.sandbox.names import below, components, shown
from codex_task_executor.tools.apply_patch import (
    ApplyPatch,
    ApplyPatchArguments,
    TypedPatch,
    intercept,
)
from codex_task_executor.tools.base import Arguments, ToolError, ToolOutput
from codex_task_executor.tools.truncate import OUTPUT_LIMIT, head_and_tail

DEFAULT_SECONDS, MOST_SECONDS = 120, 600

SHOWN = 120
"""Characters of a command that are shown when it starts."""

_FOR_HEADER = 200
"""Bytes of the output kept free for exit code and time."""


class BashArguments(Arguments):
    """Arguments of ``bash``, which OpenAI's models know as ``shell_command``."""

    command: str = Field(description="The command line, for bash.")
    workdir: str | None = Field(
        default=None, description="The folder to run it in; null: the project folder."
    )
    timeout_ms: int | None = Field(
        default=None,
        description=f"Milliseconds after which it is killed; null: {DEFAULT_SECONDS * 1000}, "
        f"at most {MOST_SECONDS * 1000}.",
    )


class Bash:
    """Runs commands. A patch that is typed into the shell goes to the patch tool instead."""

    name = "bash"
    description = (
        "Run a command with bash in the project folder: tests, builds, searches. It runs in a "
        "sandbox: it can change the project's files and its own empty /tmp and home folder, "
        "nothing else; there is no network, no git repository, no input, and files with secrets "
        "cannot be read. Each call is a fresh shell, and whatever it leaves running is ended "
        "with it. The output comes back with the exit code, its middle cut when it is long. "
        "Prefer the other tools for reading and editing files."
    )
    exclusive = False
    arguments = BashArguments

    def __init__(self, sandbox: Sandbox, apply_patch: ApplyPatch) -> None:
        self._sandbox = sandbox
        self._apply_patch = apply_patch

    def must_be_alone(self, arguments: BashArguments) -> bool:
        """A patch is an edit."""
        return self._patch(arguments) is not None

    def lines(self, arguments: BashArguments) -> Sequence[ToolUsed]:
        """The command's first line; for a patch, its files."""
        if patch := self._patch(arguments):
            return self._apply_patch.lines(ApplyPatchArguments(input=patch.text), patch.folder)
        return (ToolUsed("Bash", _first_line(arguments.command)),)

    async def run(self, arguments: BashArguments) -> ToolOutput:
        """Run the command to its end, or until its time is up. Raises ToolError."""
        if patch := self._typed(arguments):
            return await self._apply_patch.run(ApplyPatchArguments(input=patch.text), patch.folder)
        folder = self._folder(arguments.workdir or ".")
        seconds = _seconds(arguments.timeout_ms)
        try:
            result = await self._sandbox.run(Command(arguments.command, folder, seconds))
        except SandboxError as error:
            raise ToolError(f"The command was not run. {error}") from error
        return ToolOutput(_report(result, seconds))

    def _patch(self, arguments: BashArguments) -> TypedPatch | None:
        """The patch that a call holds, if it can be carried out at all."""
        try:
            return self._typed(arguments)
        except ToolError:
            return None

    def _typed(self, arguments: BashArguments) -> TypedPatch | None:
        patch = intercept(arguments.command)
        if patch is None:
            return None
        folder = patch.folder
        if not folder.startswith("/"):
            folder = f"{self._folder(arguments.workdir or '.')}/{folder}"
        return TypedPatch(patch.text, self._folder(folder))

    def _folder(self, named: str) -> str:
        """The model's spelling of a folder as a path relative to the worktree."""
        absolute = named.startswith("/")
        inside = below(named, [str(self._sandbox.root)]) if absolute else named
        parts = None if inside is None else components(inside)
        if parts is None:
            raise ToolError(
                f"{shown(named)} is outside the project folder; name a folder in it, or null."
            )
        return "/".join(parts) or "."


def _first_line(command: str) -> str:
    lines = command.strip().splitlines() or [""]
    first = "".join(char if char.isprintable() else " " for char in lines[0])
    cut = len(lines) > 1 or len(first) > SHOWN
    return f"{first[: SHOWN - 4].rstrip()} ..." if cut else first


def _seconds(milliseconds: int | None) -> float:
    if milliseconds is None:
        return DEFAULT_SECONDS
    if milliseconds <= 0:
        raise ToolError("timeout_ms must be more than 0, or null.")
    return min(milliseconds / 1000, MOST_SECONDS)


def _report(result: CommandResult, seconds: float) -> str:
    """The result in the form that the Codex models know: code, time, output."""
    code = f"none: killed after {seconds:g} seconds" if result.timed_out else result.code
    header = f"Exit code: {code}\nWall time: {result.seconds:.1f} seconds\nOutput:\n"
    limit = OUTPUT_LIMIT - _FOR_HEADER
    return header + head_and_tail(result.output, limit, original=result.output_bytes)
