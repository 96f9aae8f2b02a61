from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pytest

from codex_worktree import locks, refs
from codex_worktree.errors import Busy
from codex_worktree.repository import Repository
from support.repositories import Sandpit

HOLD = """
import os, subprocess, sys
from pathlib import Path
from codex_worktree import locks
from codex_worktree.repository import Repository
repository = Repository.open(Path(sys.argv[1]), dict(os.environ))
with getattr(locks, sys.argv[2])(repository, *sys.argv[3:]) as lock:
    child = subprocess.Popen(["sleep", "1000"], pass_fds=[lock.descriptor], stdout=-3)
    print(child.pid, flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def repository(pit: Sandpit) -> Repository:
    return Repository.open(pit.root, pit.environment)


@contextmanager
def holder(repository: Repository, *lock: str) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """Another process that holds a lock, with a child that inherited it; and the child's pid."""
    command = [sys.executable, "-c", HOLD, str(repository.root), *lock]
    environment = {**repository.git.environment, "PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen(
        command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        child = int(process.stdout.readline())
        try:
            yield process, child
        finally:
            process.kill()
            _end(child)


def _end(pid: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def test_a_second_run_of_a_task_is_told_who_is_running_it(repository: Repository) -> None:
    with holder(repository, "run", "t") as (process, _):
        with pytest.raises(Busy) as caught, locks.run(repository, "t"):
            pass
        assert (caught.value.what, caught.value.pid) == ("task t", process.pid)


def test_runs_of_different_tasks_do_not_meet(repository: Repository) -> None:
    with locks.run(repository, "a"), locks.run(repository, "b"):
        pass


def test_two_threads_of_one_process_exclude_each_other_too(repository: Repository) -> None:
    with locks.run(repository, "a"), pytest.raises(Busy), locks.run(repository, "a"):
        pass


def test_a_lock_ends_with_its_holder_whatever_number_the_file_has(repository: Repository) -> None:
    path = repository.private / "locks" / "run-t"
    path.parent.mkdir(parents=True)
    path.write_text(f"{os.getpid()}\n")
    with locks.run(repository, "t") as lock:
        assert lock.abandoned


def test_a_lock_outlives_its_killed_holder_while_a_child_works(repository: Repository) -> None:
    with holder(repository, "run", "t") as (process, _):
        process.kill()
        process.wait()
        with pytest.raises(Busy) as caught, locks.run(repository, "t"):
            pass
        assert caught.value.pid is None  # the number in the file is a dead process's


def test_whoever_waits_goes_on_when_the_killed_holders_child_ends(repository: Repository) -> None:
    with holder(repository, "tree", "t") as (process, child):
        process.kill()
        _end(child)
        with locks.tree(repository, "t"):
            pass


def test_asking_who_runs_a_task_takes_nothing(repository: Repository) -> None:
    assert locks.runner(repository, "t") is None
    with locks.run(repository, "t"):
        pass
    with holder(repository, "run", "t") as (process, _):
        busy = locks.runner(repository, "t")
        assert busy is not None and busy.pid == process.pid


def test_a_writer_waits_for_the_one_before(repository: Repository) -> None:
    order = []

    def second() -> None:
        with locks.writer(repository):
            order.append("second")

    thread = threading.Thread(target=second)
    with locks.writer(repository):
        thread.start()
        order.append("first")
    thread.join()
    assert order == ["first", "second"]


def test_there_are_as_many_slots_as_cores(repository: Repository) -> None:
    with locks.core(repository) as one:
        assert one.path.name.startswith("slot-")


def test_a_killed_writers_ref_locks_are_cleared(repository: Repository) -> None:
    stale = repository.common_dir / f"{refs.base('t')}.lock"
    stale.parent.mkdir(parents=True)
    with holder(repository, "writer") as (process, child):
        stale.touch()
        process.kill()
        _end(child)
        with locks.writer(repository) as lock:
            assert lock.abandoned
    assert not stale.exists()


def test_ref_locks_of_others_are_left_alone(repository: Repository) -> None:
    foreign = repository.common_dir / "refs/heads/main.lock"
    foreign.touch()
    ours = repository.common_dir / f"{refs.base('t')}.lock"
    ours.parent.mkdir(parents=True)
    ours.touch()
    with locks.writer(repository) as lock:  # the last one let go in order
        assert not lock.abandoned
    assert foreign.exists() and ours.exists()
