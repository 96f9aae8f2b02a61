"""However a command ends, nothing of it is left when the call returns.

The witness is a FIFO in the worktree. Each process of the command holds it open for writing;
when none is left, and only then, reading it says end of file at once.
"""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from codex_task_executor.sandbox.launch import Command
from support.sandboxes import Box, bubblewrap

pytestmark = pytest.mark.bubblewrap

DAEMONS = """
import os, signal, sys
signal.pthread_sigmask(signal.SIG_BLOCK, set(signal.Signals) - {signal.SIGKILL, signal.SIGSTOP})
witness = os.open("witness", os.O_WRONLY)
for _ in range(20):
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            os.write(witness, b"x")
            while True:
                signal.pause()
        os._exit(0)
os.write(witness, b"!")
if sys.argv[1:] == ["stay"]:
    while True:
        signal.pause()
"""
"""Twenty daemons, forked twice into sessions of their own, deaf to every signal."""


class Witness:
    """The reading end of the FIFO."""

    def __init__(self, root: Path) -> None:
        os.mkfifo(root / "witness")
        self.descriptor = os.open(root / "witness", os.O_RDONLY | os.O_NONBLOCK)
        self.seen = b""

    def read(self) -> bytes | None:
        """What was written since; b"" if nobody is left to write, None if somebody is."""
        with suppress(BlockingIOError):
            return os.read(self.descriptor, 4096)
        return None

    def all_gone(self) -> bool:
        """Whether no process holds the FIFO any more."""
        while piece := self.read():
            self.seen += piece
        return piece == b""

    async def has_seen(self, count: int) -> None:
        """Wait until that many bytes were written."""
        loop, ready = asyncio.get_running_loop(), asyncio.Event()
        loop.add_reader(self.descriptor, ready.set)
        try:
            while len(self.seen) < count:
                await ready.wait()
                ready.clear()
                self.seen += self.read() or b""
        finally:
            loop.remove_reader(self.descriptor)


@pytest.fixture
def box(tmp_path: Path) -> Box:
    box = Box.create(tmp_path)
    box.write({"daemons.py": DAEMONS})
    return box


@pytest.fixture
def witness(box: Box) -> Iterator[Witness]:
    witness = Witness(box.root)
    yield witness
    os.close(witness.descriptor)


async def test_daemons_are_gone_when_their_command_has_ended(box: Box, witness: Witness) -> None:
    result = await box.run("python3 daemons.py; echo done")
    assert result.output == b"done\n"
    assert witness.all_gone()
    assert witness.seen.count(b"x") <= 20
    assert b"!" in witness.seen


async def test_daemons_are_gone_when_the_time_is_up(box: Box, witness: Witness) -> None:
    result = await box.run("echo out; exec python daemons.py stay", seconds=0.6)
    assert result.timed_out
    assert result.output == b"out\n"
    assert witness.all_gone()


async def test_daemons_are_gone_when_the_call_was_cancelled(box: Box, witness: Witness) -> None:
    call = asyncio.create_task(box.run("exec python daemons.py stay"))
    await witness.has_seen(21)
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    assert witness.all_gone()
    assert witness.seen.count(b"x") == 20


async def test_cancelled_at_any_step_of_its_start_a_command_does_not_run_on(
    box: Box, witness: Witness
) -> None:
    sandbox = bubblewrap(box.view())
    for steps in range(12):
        call = asyncio.create_task(sandbox.run(Command("exec > witness; exec cat /dev/zero")))
        for _ in range(steps):
            await asyncio.to_thread(lambda: None)
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        assert witness.all_gone()
        assert children() == ""


async def test_a_background_process_that_holds_the_output_does_not_hold_the_call(
    box: Box,
) -> None:
    result = await box.run("sleep 1000 & disown; setsid sleep 1000 & echo done")
    assert (result.code, result.output) == (0, b"done\n")


def children() -> str:
    thread = threading.main_thread().native_id
    return Path(f"/proc/self/task/{thread}/children").read_text()


async def test_no_zombie_is_left_behind(box: Box) -> None:
    sandbox = bubblewrap(box.view())
    lines = ["true", "sleep 1000 &", "kill -9 $$"] * 5
    await asyncio.gather(*(sandbox.run(Command(line)) for line in lines))
    assert children() == ""


async def test_a_stopped_command_ends_when_the_time_is_up(box: Box, witness: Witness) -> None:
    result = await box.run("exec 3> witness; kill -STOP $$", seconds=0.3)
    assert result.timed_out
    assert witness.all_gone()


RUNNER = """
import asyncio, sys
from pathlib import Path
from codex_task_executor.sandbox.launch import Command
from support.sandboxes import Box, bubblewrap

box = Box(Path(sys.argv[1]))
sandbox = bubblewrap(box.view())
print("ready", flush=True)
asyncio.run(sandbox.run(Command(sys.argv[2], seconds=600)))
"""

REAPER = """
import ctypes, os, select, subprocess, sys
from pathlib import Path
ctypes.CDLL(None).prctl(36, 1)  # PR_SET_CHILD_SUBREAPER: orphans become our children
for delay in map(float, sys.argv[1].split(",")):
    runner = subprocess.Popen(sys.argv[2:], stdout=subprocess.PIPE)
    runner.stdout.readline()
    try:
        runner.wait(timeout=delay)
    except subprocess.TimeoutExpired:
        runner.kill()
    runner.wait()
    task = Path(f"/proc/self/task/{os.getpid()}/children")
    while orphans := task.read_text().split():
        orphan = select.poll()
        orphan.register(os.pidfd_open(int(orphans[0])), select.POLLIN)
        if not orphan.poll(3000):
            # bubblewrap 0.8 leaves its init waiting, before it is anything, if it is killed
            # in the microseconds between its parent-death signal and its word to go on
            assert Path(f"/proc/{orphans[0]}/uid_map").read_text() == "", "it lives on"
            os.kill(int(orphans[0]), 9)
        os.waitpid(int(orphans[0]), 0)
print("all gone")
"""


def runner(box: Box, line: str) -> list[str]:
    return [sys.executable, "-c", RUNNER, str(box.above), line]


def surroundings() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}


def test_killed_at_any_moment_of_a_start_this_process_leaves_nothing(box: Box) -> None:
    delays = ",".join(str(milliseconds / 1000) for milliseconds in range(0, 24, 2))
    words = [sys.executable, "-c", REAPER, delays, *runner(box, "exec sleep 1000")]
    done = subprocess.run(
        words, env=surroundings(), capture_output=True, text=True, timeout=60, check=False
    )
    assert done.stdout == "all gone\n", done.stderr


def test_killed_later_it_takes_the_daemons_along(box: Box, witness: Witness) -> None:
    line = "exec python daemons.py stay"
    with subprocess.Popen(runner(box, line), env=surroundings(), stdout=-1) as process:
        asyncio.run(witness.has_seen(21))
        process.send_signal(signal.SIGKILL)
    os.set_blocking(witness.descriptor, True)
    assert os.read(witness.descriptor, 1) == b""  # returns when the last of them is dead
