"""A run that is ended from outside, at any moment, is continued by the next one."""

from __future__ import annotations

import fcntl
import os
import signal
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from signal import SIGINT, SIGKILL, SIGTERM

import pytest

from support.interrupting import (
    Lifeline,
    Running,
    check_repository,
    processes_about,
    times_started,
)
from support.program import Program, Ran, user_state
from support.repositories import Sandpit
from support.scenes import (
    DONE,
    GREETING,
    TASK,
    WORDS,
    Played,
    add,
    command,
    played,
    read,
    say,
    scene,
    turn,
)

CODES = {SIGINT: 130, SIGTERM: 143, SIGKILL: -SIGKILL}

UNKNOWN = "this call had started when the run was stopped, and its effects are unknown. Check"


def check_end(ran: Ran, number: int) -> None:
    """The code of the signal; where a program can still say something, that its state is safe."""
    assert ran.code == CODES[signal.Signals(number)], ran.stdout + ran.stderr
    assert ran.stderr == ""
    if number != SIGKILL:
        assert ran.seen.blocked[0].startswith("interrupted; state saved")
        assert ran.seen.markers[-1] == "BLOCKED"


def check_continued(play: Played, before: object) -> None:
    """The next run with the same words finishes the task, with nothing done twice."""
    play.completed()
    assert set(times_started(play.program).values()) == {1}
    check_result(play.program, before)


def check_result(program: Program, before: object) -> None:
    """The result is whole, nothing is left over, and nothing of the user's has changed."""
    pit = program.pit
    assert pit.git("show", "codex/task-1:greet.py") == "print('hello')"
    assert pit.git("status", "--porcelain", cwd=program.worktree(TASK)) == ""
    assert processes_about(pit.root) == []
    assert user_state(pit) == before
    check_repository(pit)


@pytest.mark.parametrize("number", [SIGTERM, SIGINT, SIGKILL])
def test_in_the_middle_of_a_stream(pit: Sandpit, number: int) -> None:
    half = turn(read("README.md"), {**GREETING, "hold_within": "stream"})
    with played(pit, scene(turn(read("src/app.py")), half, DONE)) as play:
        before = user_state(pit)
        running = Running.start(play.program)
        play.server.holds.wait_reached("stream")
        check_end(running.end(number), number)
        play.server.holds.release("stream")
        check_continued(play, before)


@pytest.mark.parametrize("number", [SIGTERM, SIGKILL])
def test_in_the_middle_of_a_follow_up(pit: Sandpit, number: int) -> None:
    more = turn(say("Done.", hold_within="answer"), expect=["^Be polite$"])
    with played(pit, scene(turn(GREETING), DONE, more)) as play:
        before = user_state(pit)
        play.completed()
        running = Running(play.program.start("execute-task", TASK, "Be polite"))
        play.server.holds.wait_reached("answer")
        check_end(running.end(number), number)
        play.server.holds.release("answer")
        play.completed("Be polite")
        said = [str(item) for item in play.server.requests[-1]["input"]]
        assert sum("Be polite" in item for item in said) == 1
        check_result(play.program, before)


def test_a_stream_of_json_ends_with_a_result(pit: Sandpit) -> None:
    with played(pit, scene(turn({**GREETING, "hold": "here"})), check=False) as play:
        arguments = ("run", "--json", TASK, WORDS, "plan.md")
        running = Running(play.program.start("codex-task", *arguments))
        play.server.holds.wait_reached("here")
        last = running.end(SIGTERM).events[-1]
    assert (last["type"], last["exit_code"]) == ("result", 143)
    assert last["report"]["blocked"]["reason"] == "interrupted; state saved"


@pytest.mark.parametrize("number", [SIGTERM, SIGKILL])
def test_in_the_middle_of_an_edit(pit: Sandpit, number: int) -> None:
    files = {f"made/{count:03}.txt": f"{count}\n" for count in range(300)}
    edit = add({**files, "greet.py": "print('hello')\n"})
    again = turn(edit, expect=[f"{UNKNOWN}|Success"])  # Success: the kill came too late
    with played(pit, scene(turn(edit), again, DONE)) as play:
        before = user_state(pit)
        running = Running.start(play.program)
        running.until((play.program.worktree(TASK) / "made/010.txt").exists)
        check_end(running.end(number), number)
        if number == SIGTERM:  # in order: all of the patch or nothing of it
            assert len([*play.program.worktree(TASK).glob("made/*")]) in (0, 300)
        check_continued(play, before)
        assert len(pit.git("ls-tree", "--name-only", "codex/task-1", "made/").split()) == 300


@pytest.mark.bubblewrap
@pytest.mark.parametrize("number", [SIGTERM, SIGINT, SIGKILL])
def test_in_the_middle_of_a_command_that_ignores_signals(pit: Sandpit, number: int) -> None:
    stubborn = "trap '' TERM INT HUP; exec 3>pipe; echo begun >&3; while :; do :; done"
    line = f": {pit.root}; {stubborn} & {stubborn}"
    first = turn(read("README.md"), command(line, hold="ready"))
    with played(pit, scene(first, turn(GREETING, expect=[UNKNOWN]), DONE)) as play:
        before = user_state(pit)
        running = Running.start(play.program)
        play.server.holds.wait_reached("ready")
        lifeline = Lifeline(play.program.worktree(TASK) / "pipe")
        play.server.holds.release("ready")
        lifeline.is_held()
        check_end(running.end(number), number)
        assert lifeline.breaks(0 if number != SIGKILL else 30)
        lifeline.close()
        check_continued(play, before)


@contextmanager
def locked(pit: Sandpit, *names: str) -> Iterator[None]:
    """Hold locks of the program, as other runs of it would for a moment."""
    folder = pit.root / ".git" / "codex-task" / "locks"
    folder.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        for name in names:
            fcntl.flock(stack.enter_context((folder / name).open("w")), fcntl.LOCK_EX)
        yield


def tasks(pit: Sandpit) -> Path:
    """Where the sessions lie."""
    return pit.root / ".codex-sessions" / "tasks"


@pytest.mark.parametrize("number", [SIGTERM, SIGKILL])
def test_before_the_worktree_is_made(pit: Sandpit, number: int) -> None:
    with played(pit, scene(turn(GREETING), DONE)) as play:
        before = user_state(pit)
        with locked(pit, "repository"):
            running = Running.start(play.program)
            running.until_it_says("[WORKTREE]")
            check_end(running.end(number), number)
        assert not play.program.worktree(TASK).exists()
        assert play.server.requests == []
        check_continued(play, before)


@pytest.mark.parametrize("number", [SIGTERM, SIGKILL])
def test_before_the_worktree_has_its_files(pit: Sandpit, number: int) -> None:
    cores = [f"slot-{core}" for core in range(len(os.sched_getaffinity(0)))]
    with played(pit, scene(turn(GREETING), DONE)) as play:
        before = user_state(pit)
        with locked(pit, *cores):
            running = Running.start(play.program)
            running.until((play.program.worktree(TASK) / ".git").exists)
            check_end(running.end(number), number)
        assert play.server.requests == []
        check_continued(play, before)


@pytest.mark.parametrize(
    "appears",
    [
        ".codex-sessions/tasks/task-1.json",
        ".git/codex-task",
        ".git/refs/heads/codex/task-1",
        ".git/worktrees/task-1",
        ".codex-sessions/worktrees/task-1/src",
    ],
)
def test_killed_as_soon_as_something_appears(pit: Sandpit, appears: str) -> None:
    with played(pit, scene(turn(GREETING), DONE)) as play:
        before = user_state(pit)
        running = Running.start(play.program)
        running.until((pit.root / appears).exists)
        running.end(SIGKILL)
        check_continued(play, before)


@pytest.mark.parametrize("number", [SIGTERM, SIGKILL])
def test_during_the_harvest(pit: Sandpit, number: int) -> None:
    last = turn(say("Added a greeting.", hold="last"))
    with played(pit, scene(turn(GREETING), last)) as play:
        before = user_state(pit)
        running = Running.start(play.program)
        play.server.holds.wait_reached("last")
        with locked(pit, "repository"):  # so that it cannot publish what it has harvested
            play.server.holds.release("last")
            running.until((tasks(pit) / TASK / "changes.patch").exists)
            check_end(running.end(number), number)
        requests = len(play.server.requests)
        check_continued(play, before)
        assert len(play.server.requests) == requests


def test_killed_while_the_results_are_kept(pit: Sandpit) -> None:
    with played(pit, scene(turn(GREETING), DONE)) as play:
        before = user_state(pit)
        running = Running.start(play.program)
        running.until((tasks(pit) / TASK / "report.json").exists)
        running.end(SIGKILL)
        check_continued(play, before)
