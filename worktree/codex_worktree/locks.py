"""Locks: one writer per repository, one run per task, one checkout per core.

Each is ``flock`` on a file in the common dir, so that they hold between linked worktrees
and whatever the state folder is. The kernel lets go of a lock when its last descriptor
closes: never when only a number in a file says so. A git child that inherits the
descriptor (``Git.holding``) keeps the lock after this process was killed; therefore a lock
is released by closing, not by LOCK_UN, which would release it for the child too.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from codex_worktree import refs
from codex_worktree.errors import Busy
from codex_worktree.repository import Repository


@dataclass(frozen=True)
class Lock:
    """A lock that is held: its file and the descriptor to hand to children.

    ``abandoned``: the last holder was killed, for its number is still in the file.
    """

    path: Path
    descriptor: int
    abandoned: bool


@contextmanager
def writer(repository: Repository) -> Iterator[Lock]:
    """Write refs or worktree entries of the repository; waits for its turn.

    Lock files that a killed git left on the tool's own refs are removed first.
    """
    with _locked(_file(repository, "repository")) as lock:
        if lock.abandoned:
            _clear_ref_locks(repository)
        yield lock


@contextmanager
def tree(repository: Repository, task_id: str) -> Iterator[Lock]:
    """Work on a task's files and shadow git dir; waits for its turn.

    Taken before ``writer`` where both are needed.
    """
    with _locked(_file(repository, f"tree-{task_id}")) as lock:
        yield lock


@contextmanager
def run(repository: Repository, task_id: str) -> Iterator[Lock]:
    """Be the only run of the task. Raises Busy, with the holder's pid, at once."""
    path = _file(repository, f"run-{task_id}")
    descriptor = _open(path)
    try:
        with _asking(repository):
            if not _try(descriptor):
                raise Busy(f"task {task_id}", _holder(descriptor))
        with _signed(path, descriptor) as lock:
            yield lock
    finally:
        os.close(descriptor)


def runner(repository: Repository, task_id: str) -> Busy | None:
    """Who runs the task now, as the error that ``run`` would raise; None when nobody does."""
    with _asking(repository):
        descriptor = _open(_file(repository, f"run-{task_id}"))
        try:
            return None if _try(descriptor) else Busy(f"task {task_id}", _holder(descriptor))
        finally:
            os.close(descriptor)


@contextmanager
def _asking(repository: Repository) -> Iterator[None]:
    """Keeps a question (``runner``) from looking like a run to a run that starts just then."""
    with _locked(_file(repository, "asking")):
        yield


@contextmanager
def core(repository: Repository) -> Iterator[Lock]:
    """One of as many slots as there are cores; waits while all are taken."""
    slots = [_file(repository, f"slot-{number}") for number in range(_cores())]
    opened = {_open(slot): slot for slot in slots}
    try:
        taken = next(filter(_try, opened), None)
        if taken is None:
            taken = list(opened)[os.getpid() % len(opened)]
            fcntl.flock(taken, fcntl.LOCK_EX)
        yield Lock(opened[taken], taken, abandoned=False)
    finally:
        for descriptor in opened:
            os.close(descriptor)


@contextmanager
def _locked(path: Path) -> Iterator[Lock]:
    descriptor = _open(path)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        with _signed(path, descriptor) as lock:
            yield lock
    finally:
        os.close(descriptor)


@contextmanager
def _signed(path: Path, descriptor: int) -> Iterator[Lock]:
    abandoned = os.fstat(descriptor).st_size > 0
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, b"%d\n" % os.getpid(), 0)
    try:
        yield Lock(path, descriptor, abandoned)
    finally:
        os.ftruncate(descriptor, 0)


def _clear_ref_locks(repository: Repository) -> None:
    for folder in (refs.ROOT, "refs/heads/codex"):
        for stale in (repository.common_dir / folder).rglob("*.lock"):
            stale.unlink(missing_ok=True)


def _file(repository: Repository, name: str) -> Path:
    return repository.private / "locks" / name


def _open(path: Path) -> int:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)


def _try(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _holder(descriptor: int) -> int | None:
    """The pid in the file, unless that process is gone: then a child of it holds the lock."""
    text = os.pread(descriptor, 32, 0).strip()
    if not text.isdigit():
        return None
    try:
        os.kill(int(text), 0)
    except ProcessLookupError:
        return None
    except PermissionError:
        pass
    return int(text)


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
