"""A full disk ends a run in order: the state is whole, and with some room the task goes on."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import pytest

from support.interrupting import Running, check_repository
from support.program import Ran, user_state
from support.repositories import Sandpit
from support.scenes import DONE, GREETING, TASK, played, read, say, scene, turn

PAGE = b"\0" * 4096


@dataclass(frozen=True)
class Disk:
    """A small file system of its own."""

    path: Path

    def fill(self) -> None:
        """Leave no room at all, for files or for what is in them."""
        (self.path / "filler").mkdir()
        with (self.path / "filler" / "large").open("wb", buffering=0) as large:
            _until_full(lambda: large.write(PAGE))
        names = (self.path / "filler" / str(number) for number in count())
        _until_full(lambda: next(names).touch())

    def empty(self) -> None:
        """Take away what filled it."""
        shutil.rmtree(self.path / "filler")


def _until_full(write: Callable[[], object]) -> None:
    with pytest.raises(OSError, match="No space left on device"):
        while True:
            write()


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    """Four megabytes, two thousand files."""
    path = tmp_path / "disk"
    path.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=4m,nr_inodes=2000,mode=0700", "none", str(path)]
    done = subprocess.run(mount, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"a file system of a test's own takes root: {done.stderr.strip()}")
    yield Disk(path)
    subprocess.run(["umount", "--lazy", str(path)], check=True)


def check_full(ran: Ran) -> None:
    """Exit 3, and one line that says why and what to do."""
    assert ran.code == 3, ran.stdout + ran.stderr
    assert ran.stderr == (
        "codex-task: the disk is full: free some space, then run the same id again\n"
    )
    assert len(ran.seen.blocked) <= 1
    if ran.stdout:
        assert ran.seen.blocked == ["the disk is full: free some space, then run the same id again"]
        assert ran.seen.markers[-1] == "BLOCKED"


def test_before_the_run(pit: Sandpit, disk: Disk) -> None:
    with played(pit, scene(turn(GREETING), DONE), STATE_DIR=str(disk.path / "state")) as play:
        before = user_state(pit)
        disk.fill()
        ran = play.execute()
        check_full(ran)
        assert play.server.requests == []
        disk.empty()
        play.completed()
        assert user_state(pit) == before


def test_while_the_conversation_grows(pit: Sandpit, disk: Disk) -> None:
    pit.commit({"long.txt": "a line of some length\n" * 1_000})
    reads = turn({**read("long.txt"), "hold": "here"}, *[read("long.txt")] * 5)
    state = disk.path / "state"
    with played(pit, scene(turn(GREETING), reads, DONE), STATE_DIR=str(state)) as play:
        running = Running.start(play.program)
        play.server.holds.wait_reached("here")
        disk.fill()
        play.server.holds.release("here")
        check_full(running.ended())
        assert json.loads((state / f"{TASK}.json").read_bytes())["task_id"] == TASK
        lines = (state / TASK / "transcript.jsonl").read_text().split("\n")
        assert lines.pop() == ""
        assert all(json.loads(line) for line in lines)
        disk.empty()
        assert play.completed().seen.files == [("greet.py", "created")]


def test_while_the_result_is_taken(disk: Disk) -> None:
    pit = Sandpit.create(disk.path / "pit")
    pit.commit({"README.md": "hello\n"}, "first")
    last = turn(say("Added a greeting.", hold="last"))
    with played(pit, scene(turn(GREETING), last)) as play:
        before = user_state(pit)
        running = Running.start(play.program)
        play.server.holds.wait_reached("last")
        disk.fill()
        play.server.holds.release("last")
        check_full(running.ended())
        disk.empty()
        assert play.completed().seen.files == [("greet.py", "created")]
        assert user_state(pit) == before
        check_repository(pit)
