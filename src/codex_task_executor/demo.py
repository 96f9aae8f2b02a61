"""``codex-task demo``: the whole job on a throw-away repository, with a scripted model.

Everything is real but the model: the server speaks HTTP on loopback, the tasks are processes
of this very program, git and the sandbox do what they always do. Nothing stays behind.
"""

from __future__ import annotations

import asyncio
import shlex
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from codex_task_executor import config
from codex_task_executor.agent.scripted.scenario import Scenario, Turn
from codex_task_executor.agent.scripted.server import ScriptedServer
from codex_task_executor.doctor import try_sandbox
from codex_task_executor.exit_codes import ExitCode
from codex_task_executor.output import Output
from codex_task_executor.resources import resource
from codex_worktree.git import Git

REPOSITORY = "fixtures/repos/greeter.fi"

PLAN = """# Plan: greeter learns manners

1. Saying goodbye is as polite as saying hello.
2. The afternoon begins at twelve.
3. Titles for those who want them.

Every change comes with a test; `python3 -m unittest -q` runs them all.
"""
# None of its words may be those by which the scenarios know their tasks.

TEST = "python3 -m unittest -q"

INTRODUCTION = """\
codex-task demo: three tasks on a throw-away repository.
The model is scripted: a server on this machine plays its answers from a file, so no key is
needed and nothing is sent anywhere. Everything else is real: worktrees, sandbox, tests, git."""

CONCLUSION = """
The demo is over: main is where it was, and everything it made has been deleted.
Next: export OPENAI_API_KEY and run `execute-task TASK_ID DESCRIPTION PLAN` in your repository."""


@dataclass(frozen=True)
class DemoTask:
    """One task of the demo; its scenario knows it by its description."""

    id: str
    description: str
    scenario: str

    @property
    def arguments(self) -> tuple[str, ...]:
        """Its command line."""
        return ("run", "--test", TEST, self.id, self.description, "../plan.md")


FAREWELL = DemoTask(
    "demo-farewell", "Add a farewell: `python3 -m greeter --farewell ada`.", "greeter.farewell"
)
NOON = DemoTask("demo-noon", "Noon is called morning: mend it, with a test.", "greeter.noon")
FORMAL = DemoTask(
    "demo-formal", "Greet formally: `python3 -m greeter --formal ada`.", "greeter.formal"
)
TASKS = (FAREWELL, NOON, FORMAL)


@dataclass(frozen=True)
class Stage:
    """Where the demo plays: the repository, the environment of its commands, the audience."""

    repository: Path
    environment: Mapping[str, str]
    output: Output


def demo(compatible: bool, output: Output) -> int:
    """Play it; 0 when every command ended as it should and the script was followed."""
    scenario = Scenario.load(*(resource(f"fixtures/repos/{task.scenario}.toml") for task in TASKS))
    output.answer(INTRODUCTION)
    if asyncio.run(try_sandbox(config.from_process({}))).sandbox is None:
        output.answer("There is no sandbox here, so no command runs, and no test.")
        scenario = _without_commands(scenario)
    with (
        tempfile.TemporaryDirectory(prefix="codex-task-demo-") as folder,
        ScriptedServer(scenario, compatible) as server,
    ):
        stage = _stage(Path(folder), server.base_url, compatible, output)
        problems = [*asyncio.run(_play(stage)), *server.failures, *server.unfinished()]
    for problem in problems:
        output.narrate(f"demo: {problem}")
    output.answer("The demo failed." if problems else CONCLUSION)
    return ExitCode.DEFECT if problems else ExitCode.COMPLETE


def _without_commands(scenario: Scenario) -> Scenario:
    """The scenario less the turns that run a command."""
    kept = []
    for conversation in scenario.conversations:
        turns = tuple(filter(_has_no_command, conversation.turns))
        kept.append(conversation.model_copy(update={"turns": turns}))
    return scenario.model_copy(update={"conversations": tuple(kept)})


def _has_no_command(turn: Turn) -> bool:
    return not any(getattr(item, "tool", None) == "bash" for item in turn.items)


def _stage(folder: Path, base_url: str, compatible: bool, output: Output) -> Stage:
    home, repository = folder / "home", folder / "greeter"
    home.mkdir()
    repository.mkdir()
    environment = {
        "PATH": config.from_process({}).path,
        "HOME": str(home),
        "LANG": "C.UTF-8",
        "OPENAI_API_KEY": "sk-no-key-is-needed",
        "OPENAI_BASE_URL": base_url,
        "CODEX_TASK_PROFILE": "compatible" if compatible else "openai",
        "GIT_CONFIG_NOSYSTEM": "1",
        **{f"GIT_{role}_NAME": "Demo" for role in ("AUTHOR", "COMMITTER")},
        **{f"GIT_{role}_EMAIL": "demo@example.com" for role in ("AUTHOR", "COMMITTER")},
    }
    Git(repository / ".git", environment, cwd=repository).run("init", "-q", "-b", "main")
    git = Git(repository / ".git", environment, work_tree=repository)
    git.run("fast-import", "--quiet", stdin=resource(REPOSITORY).read_bytes())
    git.run("reset", "-q", "--hard", "main")
    (folder / "plan.md").write_text(PLAN, "utf-8")
    return Stage(repository, environment, output)


async def _play(stage: Stage) -> list[str]:
    """Each act in turn; what did not end as expected."""
    stage.output.answer("\n== Two tasks at the same time, then one that will conflict\n")
    problems = await _run_tasks(stage, FAREWELL, NOON)
    problems += await _run_tasks(stage, FORMAL)
    acts = (
        ("The tasks", ("list",), ExitCode.COMPLETE),
        ("Landing one", ("merge", FAREWELL.id), ExitCode.COMPLETE),
        ("The other one now conflicts", ("merge", FORMAL.id), ExitCode.CONFLICTS),
        ("Taking the landing back", ("undo",), ExitCode.COMPLETE),
        ("What was done", ("log", "--operations"), ExitCode.COMPLETE),
    )
    for title, arguments, expected in acts:
        stage.output.answer(f"\n== {title}\n")
        problems += await _command(stage, arguments, expected)
    return problems


async def _run_tasks(stage: Stage, *tasks: DemoTask) -> list[str]:
    runs = (_command(stage, task.arguments, ExitCode.COMPLETE, task) for task in tasks)
    return [problem for problems in await asyncio.gather(*runs) for problem in problems]


async def _command(
    stage: Stage, arguments: Sequence[str], expected: ExitCode, task: DemoTask | None = None
) -> list[str]:
    """Run this program, its lines behind the task's id; a line if it ended otherwise."""
    shown = shlex.join(["codex-task", *arguments])
    stage.output.answer(f"$ {shown}")
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-P", "-m", "codex_task_executor", *arguments),
        cwd=stage.repository,
        env=dict(stage.environment),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    assert process.stdout is not None  # asked for above
    async for line in process.stdout:
        text = line.decode("utf-8", "replace").rstrip("\n")
        if text:
            stage.output.answer(f"  {task.id} | {text}" if task else f"  {text}")
    code = await process.wait()
    return [] if code == expected else [f"{shown} exited with {code}, not {int(expected)}"]
