"""Many runs in one repository at once: each gets its own result, and none sees another."""

from __future__ import annotations

import os
import select
from collections.abc import Sequence
from contextlib import ExitStack
from typing import Any

from support.interrupting import PATIENCE, Running, check_repository, processes_about
from support.program import PLAN, Program, user_state
from support.repositories import Sandpit
from support.sandboxes import why_no_bubblewrap
from support.scenes import DONE, GREETING, TASK, add, command, played, say, scene, turn
from support.scripted import scripted

MANY = 16


def conversation(number: int) -> dict[str, Any]:
    """One task of many: an edit in a file that all tasks change, and a command of its own."""
    edit = {
        "type": "call",
        "tool": "apply_patch",
        "input": f"*** Begin Patch\n*** Update File: README.md\n@@\n-hello\n+hello {number}\n"
        "*** End Patch",
    }
    calls = [edit, add({f"task_{number}.txt": f"{number}\n"})]
    if why_no_bubblewrap() is None:
        calls.append(command(f"cat README.md task_*.txt > seen_{number}.txt; ls > /tmp/mine"))
    last = say(f"Done with {number}.")
    return {"match": f"Do number {number}.", "turn": [turn(*calls), turn(last)]}


def test_sixteen_at_once_all_succeed(pit: Sandpit) -> None:
    pit.commit({"plan.md": PLAN}, "plan")
    before = user_state(pit)
    with scripted({"conversation": [conversation(number) for number in range(MANY)]}) as server:
        program = Program(pit, server.base_url)
        started = [
            program.start("execute-task", f"many-{number}", f"Do number {number}.", "plan.md")
            for number in range(MANY)
        ]
        ended = [Running(process).ended() for process in started]
    assert [(ran.code, ran.stderr) for ran in ended] == [(0, "")] * MANY
    for number, ran in enumerate(ended):
        check_one(pit, number)
        assert (f"task_{number}.txt", "created") in ran.seen.files
        assert ran.seen.complete == ["Task completed in 2 iterations"]
    branches = pit.git("for-each-ref", "--format=%(refname:short)", "refs/heads").split("\n")
    assert sorted(branches) == sorted([*(f"codex/many-{number}" for number in range(MANY)), "main"])
    assert len(pit.git("worktree", "list").split("\n")) == MANY + 1
    assert user_state(pit) == before
    assert processes_about(pit.root) == []
    check_repository(pit)


def check_one(pit: Sandpit, number: int) -> None:
    """The branch of a task holds what this task did, and nothing of the others."""
    branch = f"codex/many-{number}"
    files = pit.git("ls-tree", "-r", "--name-only", branch).split("\n")
    assert f"task_{number}.txt" in files
    assert [name for name in files if name.startswith("task_")] == [f"task_{number}.txt"]
    assert pit.git("show", f"{branch}:README.md") == f"hello {number}"
    assert pit.git("rev-parse", f"{branch}^") == pit.git("rev-parse", "main")
    if why_no_bubblewrap() is None:
        assert pit.git("show", f"{branch}:seen_{number}.txt") == f"hello {number}\n{number}"


def test_of_two_runs_of_one_task_the_loser_names_the_winner(pit: Sandpit) -> None:
    with played(pit, scene(turn({**GREETING, "hold": "here"}), DONE)) as play:
        runs = [Running.start(play.program) for _ in range(2)]
        loser = first_to_end(runs)
        play.server.holds.wait_reached("here")
        play.server.holds.release("here")
        runs.remove(loser)
        lost, won = loser.ended(), runs[0].ended()
    assert (lost.code, won.code) == (7, 0)
    assert lost.stdout == ""
    assert len(lost.stderr.splitlines()) == 1
    assert f"task {TASK} is in use by process {runs[0].process.pid}" in lost.stderr
    assert won.seen.files == [("greet.py", "created")]


def first_to_end(runs: Sequence[Running]) -> Running:
    """Wait until one of the runs has ended."""
    with ExitStack() as stack:
        poll, running = select.poll(), {}
        for run in runs:
            handle = os.pidfd_open(run.process.pid)
            stack.callback(os.close, handle)
            poll.register(handle, select.POLLIN)
            running[handle] = run
        ended = poll.poll(PATIENCE * 1000)
        assert ended, "none of the runs gave way"
        return running[ended[0][0]]
