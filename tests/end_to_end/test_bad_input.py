"""Each line of bad input: one line on stderr, the exit code, nothing changed."""

from __future__ import annotations

import fcntl
import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.program import PLAN, Program, Ran, user_state
from support.repositories import Sandpit

NOWHERE = "http://127.0.0.1:9/v1"
"""Nobody listens on the discard port: a request that should not be made would fail."""


@pytest.fixture
def program(pit: Sandpit) -> Iterator[Program]:
    (pit.root / "plan.md").write_text(PLAN)
    pit.commit({}, "plan")
    pit.git("pack-refs", "--all")  # deleting a branch would make the file
    before = user_state(pit)
    yield Program(pit, NOWHERE)
    assert user_state(pit) == before


def refused(ran: Ran, code: int, *words: str) -> None:
    """One line on stderr that says it all, and the code."""
    assert ran.code == code, ran.stdout + ran.stderr
    assert len(ran.stderr.splitlines()) == 1, ran.stderr
    for word in words:
        assert word in ran.stderr
    assert ran.stdout == ""


def test_no_key(program: Program) -> None:
    ran = program.without("OPENAI_API_KEY").execute("task-1", "do it", "plan.md")
    refused(ran, 2, "OPENAI_API_KEY required", "export OPENAI_API_KEY=")


@pytest.mark.parametrize("bad", ["-x", "a b", "task\n", "a..b", "a.", "a.lock", "a.json", ""])
def test_bad_task_id(program: Program, bad: str) -> None:
    refused(program.execute(bad, "do it", "plan.md"), 2, "task id")


def test_an_id_that_differs_only_by_case(program: Program) -> None:
    tasks = program.pit.root / ".codex-sessions" / "tasks"
    tasks.mkdir(parents=True)
    (tasks.parent / ".gitignore").write_text("*\n")
    (tasks / "TASK-1.json").write_text("{}")
    refused(program.execute("task-1", "do it", "plan.md"), 2, "TASK-1")


def test_plan_missing(program: Program) -> None:
    refused(program.execute("task-1", "do it", "no.md"), 2, "Plan file not found", "no.md")


def test_plan_not_given(program: Program) -> None:
    refused(program.execute("task-1", "do it"), 2, "Plan file not given")


def test_plan_is_a_folder(program: Program) -> None:
    refused(program.execute("task-1", "do it", "src"), 2, "a folder")


def test_plan_is_not_utf_8(program: Program, tmp_path: Path) -> None:
    (tmp_path / "latin.md").write_bytes(b"caf\xe9")
    refused(program.execute("task-1", "do it", str(tmp_path / "latin.md")), 2, "not UTF-8")


def test_plan_is_too_large(program: Program, tmp_path: Path) -> None:
    (tmp_path / "large.md").write_bytes(b"x" * (1 << 20) + b"x")
    refused(program.execute("task-1", "do it", str(tmp_path / "large.md")), 2, "1 MiB")


def test_description_empty(program: Program) -> None:
    refused(program.execute("task-1", "", "plan.md"), 2, "description")


def test_not_a_repository(program: Program) -> None:
    outside = program.pit.root.parent / "home"
    refused(
        program.run("run", "task-1", "do it", "plan.md", REPO_ROOT=str(outside)), 2, "not a git"
    )


def test_bare_repository(program: Program, tmp_path: Path) -> None:
    program.pit.git("init", "-q", "--bare", str(tmp_path / "bare.git"))
    ran = program.execute("task-1", "do it", "plan.md", REPO_ROOT=str(tmp_path / "bare.git"))
    refused(ran, 2, "bare", "clone")


def test_no_commit_yet(program: Program, tmp_path: Path) -> None:
    program.pit.git("init", "-q", str(tmp_path / "unborn"))
    ran = program.execute("task-1", "do it", "plan.md", REPO_ROOT=str(tmp_path / "unborn"))
    refused(ran, 2, "no commit yet", "git commit")


def test_unknown_effort(program: Program) -> None:
    ran = program.execute("task-1", "do it", "plan.md", REASONING_EFFORT="huge")
    refused(ran, 2, "REASONING_EFFORT", "low, medium, high, xhigh")


def test_git_is_too_old(program: Program, tmp_path: Path) -> None:
    old = tmp_path / "bin" / "git"
    old.parent.mkdir()
    old.write_text("#!/bin/sh\necho git version 2.37.1\n")
    old.chmod(0o755)
    path = f"{old.parent}:{os.environ['PATH']}"
    refused(program.execute("task-1", "do it", "plan.md", PATH=path), 2, "2.37.1", "2.38")


def test_the_id_is_running_elsewhere(program: Program) -> None:
    locks = program.pit.root / ".git" / "codex-task" / "locks"
    locks.mkdir(parents=True)
    (program.pit.root / ".codex-sessions").mkdir()
    with (locks / "run-task-1").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        held.write(f"{os.getpid()}\n")
        held.flush()
        ran = program.execute("task-1", "do it", "plan.md")
    refused(ran, 7, str(os.getpid()))


def test_the_branch_is_not_ours(program: Program) -> None:
    program.pit.git("branch", "codex/task-1")
    refused(program.execute("task-1", "do it", "plan.md"), 2, "codex/task-1", "not made by")
    program.pit.git("branch", "-D", "codex/task-1")


def test_a_branch_named_codex(program: Program) -> None:
    program.pit.git("branch", "codex")
    refused(program.execute("task-1", "do it", "plan.md"), 2, "branch codex")
    program.pit.git("branch", "-D", "codex")


def test_no_identity(program: Program) -> None:
    for name in ("GIT_AUTHOR_NAME", "GIT_AUTHOR_EMAIL", "GIT_COMMITTER_NAME"):
        program = program.without(name)
    program = program.without("GIT_COMMITTER_EMAIL")
    refused(program.execute("task-1", "do it", "plan.md"), 2, "identity", "user.name")


def test_state_folder_not_writable(program: Program, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    ran = program.execute("task-1", "do it", "plan.md", STATE_DIR=str(tmp_path / "file"))
    refused(ran, 2, "not writable", "STATE_DIR")


def test_a_damaged_session_is_named_and_left_alone(program: Program) -> None:
    tasks = program.pit.root / ".codex-sessions" / "tasks"
    tasks.mkdir(parents=True)
    (tasks / "task-1.json").write_text('{"format": 1, "task_id":')
    refused(program.execute("task-1", "do it", "plan.md"), 2, "task-1.json", "damaged")
    assert (tasks / "task-1.json").read_text() == '{"format": 1, "task_id":'


def test_an_unknown_base(program: Program) -> None:
    refused(program.execute("task-1", "do it", "plan.md", BASE="nowhere"), 2, "nowhere")


def test_a_money_limit_without_a_price(program: Program) -> None:
    ran = program.execute(
        "task-1", "do it", "plan.md", MAX_COST_USD="1", OPENAI_MODEL="nobody-knows-it"
    )
    refused(ran, 2, "nobody-knows-it", "MAX_COST_USD")


def test_too_many_arguments(program: Program) -> None:
    refused(program.execute("task-1", "do it", "plan.md", "more"), 2, "more")


def test_usage_errors_end_a_json_stream_with_a_result(program: Program) -> None:
    ran = program.run("run", "--json", "task-1", "do it", "no.md")
    assert ran.events == [
        {
            "type": "result",
            "exit_code": 2,
            "error": "Plan file not found: no.md",
            "hint": "use an absolute path or check the current folder",
        }
    ]
    unknown = program.run("run", "--json", "--nonsense")
    assert unknown.events[-1]["exit_code"] == 2


def test_an_unknown_task_is_named(program: Program) -> None:
    for command in ("show", "log", "diff", "patch", "merge", "clean"):
        refused(program.run(command, "nobody"), 2, "nobody", "codex-task list")


def test_files_are_private(program: Program) -> None:
    program.run("list")
    mode = (program.pit.root / ".codex-sessions").stat().st_mode
    assert stat.S_IMODE(mode) == 0o700
