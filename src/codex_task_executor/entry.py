"""Entry points: one command line in, one exit code out; a usage error is one line, too."""

from __future__ import annotations

import sys
from typing import NoReturn

import typer
from typer.main import get_command

from codex_task_executor.cli import app
from codex_task_executor.exit_codes import ExitCode, Explanation
from codex_task_executor.output import Output

COMMANDS = {
    *(found.name or getattr(found.callback, "__name__", "") for found in app.registered_commands),
    *(group.name for group in app.registered_groups),
}
"""What the first word can be, to point to its help."""


def codex_task() -> NoReturn:
    """Entry point of ``codex-task``."""
    sys.exit(main(sys.argv[1:]))


def execute_task() -> NoReturn:
    """Entry point of ``execute-task``: the seed's three arguments, word for word."""
    arguments = sys.argv[1:]
    if arguments in ([], ["-h"], ["--help"]):
        sys.exit(main(["run", "--help"]))
    sys.exit(main(["--version"] if arguments == ["--version"] else ["run", "--", *arguments]))


def main(arguments: list[str]) -> int:
    """Run one command line and return its exit code."""
    try:
        code = get_command(app).main(arguments, prog_name="codex-task", standalone_mode=False)
    except typer.TyperException as error:
        message = error.format_message()
        if message:  # without one the help text has been printed instead
            _fail(arguments, message)
        return ExitCode.USAGE
    except typer.Abort:
        return ExitCode.INTERRUPTED
    return code if isinstance(code, int) else ExitCode.COMPLETE


def _fail(arguments: list[str], message: str) -> None:
    names = [word for word in arguments if word in COMMANDS][:1]
    command = " ".join(["codex-task", *names])
    explanation = Explanation(ExitCode.USAGE, message.rstrip("."), f"see `{command} --help`")
    Output(as_json="--json" in arguments).failure(explanation)
