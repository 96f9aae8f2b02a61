"""The commands of ``codex-task``: what each takes, and which function carries it out."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from codex_task_executor import __version__, cleaning, inspection, landings, running, skill_command
from codex_task_executor.errors import BadDescription
from codex_task_executor.exit_codes import ExitCode, explain
from codex_task_executor.output import Output

app = typer.Typer(
    name="codex-task",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Hand coding tasks to OpenAI's Codex models, each in its own git worktree.",
)
skill_app = typer.Typer(no_args_is_help=True, help="The Claude Code skill that drives this tool.")
app.add_typer(skill_app, name="skill")

TaskId = Annotated[str, typer.Argument(metavar="TASK_ID", show_default=False)]
Json = Annotated[bool, typer.Option("--json", help="Machine-readable output.")]
Text = Annotated[str | None, typer.Option(show_default=False)]

Body = Callable[[Output], int]


def _finish(as_json: bool, body: Body) -> NoReturn:
    output = Output(as_json=as_json)
    try:
        code = body(output)
    except KeyboardInterrupt:
        code = ExitCode.INTERRUPTED
    except Exception as error:  # the one place where errors become text and codes
        explanation = explain(error)
        output.failure(explanation)
        code = explanation.code
    finally:
        output.close()
    raise typer.Exit(code)


def _version(wanted: bool) -> None:
    if wanted:
        Output().answer(f"codex-task {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Options of codex-task itself."""


@app.command()
def run(
    task_id: TaskId,
    description: Annotated[
        str, typer.Argument(help="What is to be done; `-` reads it from stdin.")
    ] = "",
    plan: Annotated[str | None, typer.Argument(help="Plan file (Markdown).")] = None,
    description_file: Annotated[
        Path | None, typer.Option(help="Read the description from a file.", show_default=False)
    ] = None,
    base: Annotated[
        str | None, typer.Option(help="Commit, branch or task id to start from.")
    ] = None,
    test: Annotated[
        str | None, typer.Option(help="Test command; its failures go back to the model twice.")
    ] = None,
    model: Annotated[str | None, typer.Option(help="Model name (OPENAI_MODEL).")] = None,
    effort: Annotated[
        str | None, typer.Option(help="Reasoning effort: low, medium, high, xhigh ...")
    ] = None,
    profile: Annotated[
        str | None, typer.Option(help="What the server understands: openai or compatible.")
    ] = None,
    max_iters: Annotated[str | None, typer.Option(help="Requests of one run (50).")] = None,
    max_tokens: Annotated[str | None, typer.Option(help="Tokens of one run.")] = None,
    max_cost_usd: Annotated[str | None, typer.Option(help="Money of one run.")] = None,
    time_limit: Annotated[str | None, typer.Option(help="Wall clock, such as 90s or 27m.")] = None,
    as_json: Json = False,
) -> None:
    """Run a task, or follow it up: the same id continues the same conversation.

    Example: `codex-task run task-3-a3f9 "Implement UserAuth" plan.md --test "pytest -q"`
    """
    flags = {
        "BASE": base,
        "TEST_COMMAND": test,
        "OPENAI_MODEL": model,
        "REASONING_EFFORT": effort,
        "CODEX_TASK_PROFILE": profile,
        "MAX_ITERS": max_iters,
        "MAX_TOKENS": max_tokens,
        "MAX_COST_USD": max_cost_usd,
        "TIME_LIMIT": time_limit,
    }
    given = {name: value for name, value in flags.items() if value is not None}

    _finish(
        as_json,
        lambda output: running.run_task(
            task_id, _description(description, description_file), plan, given, output
        ),
    )


def _description(argument: str, file: Path | None) -> str:
    if argument != "-" and file is None:
        return argument
    try:
        data = file.read_bytes() if file else sys.stdin.buffer.read()
        return data.decode("utf-8").rstrip("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise BadDescription(f"{file or 'standard input'} cannot be read ({error})") from error


@app.command("list")
def list_tasks(as_json: Json = False) -> None:
    """List the tasks of this repository.

    Example: `codex-task list`
    """

    _finish(as_json, inspection.list_tasks)


@app.command()
def show(task_id: TaskId, as_json: Json = False) -> None:
    """Show a task: state, questions, files, tests, what merging it would do now.

    Example: `codex-task show task-3-a3f9`
    """

    _finish(as_json, lambda output: inspection.show(task_id, output))


@app.command()
def log(
    task_id: Annotated[str | None, typer.Argument(metavar="TASK_ID", show_default=False)] = None,
    operations: Annotated[
        bool, typer.Option("--operations", help="The journal of landings and undos instead.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Show a task's conversation step by step, or the journal of operations.

    Example: `codex-task log task-3-a3f9`
    """

    if operations:
        _finish(as_json, inspection.operations_log)
    if task_id is None:
        raise typer.BadParameter("give a TASK_ID, or --operations")
    _finish(as_json, lambda output: inspection.log(task_id, output))


@app.command()
def diff(
    task_id: TaskId,
    stat: Annotated[bool, typer.Option("--stat", help="Only counts of lines a file.")] = False,
    as_json: Json = False,
) -> None:
    """Show what a task changed since its base.

    Example: `codex-task diff task-3-a3f9 --stat`
    """

    _finish(as_json, lambda output: inspection.diff(task_id, stat, output))


@app.command()
def patch(task_id: TaskId, as_json: Json = False) -> None:
    """Write a task's patch to stdout; applied to the base it gives exactly the result.

    Example: `codex-task patch task-3-a3f9 | git apply --index`
    """

    _finish(as_json, lambda output: inspection.patch(task_id, output))


@app.command()
def merge(
    task_id: TaskId,
    into: Annotated[
        str | None, typer.Option(help="Branch to land on; the current one unless given.")
    ] = None,
    message: Annotated[str | None, typer.Option(help="Message of the merge commit.")] = None,
    check: Annotated[bool, typer.Option("--check", help="Only say what would happen.")] = False,
    accept_flags: Annotated[
        bool, typer.Option("--accept-flags", help="Land files that run on this machine, too.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Land a task's result on a branch with a merge commit.

    Example: `codex-task merge task-3-a3f9 --into main`
    """

    request = landings.MergeRequest(task_id, into, message, check, accept_flags)
    _finish(as_json, lambda output: landings.merge(request, output))


@app.command()
def undo(as_json: Json = False) -> None:
    """Take the last landing back; undoing an undo lands it again.

    Example: `codex-task undo`
    """

    _finish(as_json, landings.undo)


@app.command()
def clean(
    task_ids: Annotated[
        list[str] | None, typer.Argument(metavar="TASK_ID...", show_default=False)
    ] = None,
    merged: Annotated[
        bool, typer.Option("--merged", help="All tasks whose result has landed.")
    ] = False,
    discard_ignored: Annotated[
        bool, typer.Option("--discard-ignored", help="Delete ignored files, too.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Remove worktrees; commits and untracked files stay under hidden refs.

    Example: `codex-task clean task-3-a3f9`
    """

    chosen = cleaning.Choice(tuple(task_ids or ()), merged, discard_ignored)
    _finish(as_json, lambda output: cleaning.clean(chosen, output))


@app.command()
def doctor(as_json: Json = False) -> None:
    """Check git, sandbox, key and model, and say what is missing.

    Example: `codex-task doctor`
    """

    from codex_task_executor.doctor import doctor as check

    _finish(as_json, check)


@app.command()
def demo(
    compatible: Annotated[
        bool, typer.Option("--compatible", help="The server takes function tools only.")
    ] = False,
) -> None:
    """Show the whole job on a throw-away repository with a scripted model; no key needed.

    Example: `codex-task demo`
    """

    from codex_task_executor.demo import demo as perform  # 75 ms, for nobody else

    _finish(False, lambda output: perform(compatible, output))


@skill_app.command("install")
def skill_install(
    project: Annotated[
        bool, typer.Option("--project", help="Into this repository's .claude/skills.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Copy the skill into ~/.claude/skills, where Claude Code finds it.

    Example: `codex-task skill install --project`
    """

    _finish(as_json, lambda output: skill_command.install_skill(project, output))
