"""A bubblewrap process and the PID namespace below it, up to the proof that both are gone."""

from __future__ import annotations

import asyncio
import ctypes
import os
import re
import select
import signal
import time
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from functools import cache
from io import FileIO
from pathlib import Path

from codex_task_executor.sandbox.child import Child, Launch
from codex_task_executor.sandbox.launch import SandboxError

_PATIENCE = 5.0
"""Seconds that a killed process tree may take to vanish (a large one frees memory first)."""

_AT_ONCE = 0.005
"""Seconds that the event loop may wait for what has nearly always happened already."""

_REPORT_BYTES = 1 << 16
_CHILD = re.compile(rb'"child-pid": (\d+)')
_INIT = re.compile(rb"^NSpid:.*\t1$", re.MULTILINE)
_EXIT = re.compile(rb'"exit-code": (\d+)')


@dataclass(frozen=True)
class Reports:
    """Where bubblewrap says how far it has come.

    ``info`` is a file in memory that gets the init's pid before the init may go on. ``read``
    and ``write`` are the pipe that gets the exit code, only if the command was really
    started; both ends are inherited: a bubblewrap whose starter is dead must not die of
    SIGPIPE, its init would wait for it for ever.
    """

    info: int
    read: FileIO
    write: FileIO


class Contained(Child):
    """bubblewrap, its sandbox's init and everything below.

    A killed bubblewrap takes the init with it, unless that has not yet armed its own
    parent-death signal: so the init is killed too. When it is dead, the kernel has ended the
    whole namespace (pid_namespaces(7)), daemons included.
    """

    def __init__(self, launch: Launch, reports: Reports) -> None:
        _adopt_orphans()
        self._reports = reports
        self._empty = False
        super().__init__(launch)
        reports.write.close()  # now bubblewrap alone holds it

    @property
    def exit_code(self) -> int | None:
        """The command's exit code, 128 + N for signal N; None if it was never started.

        To be read once, when the sandbox has vanished.
        """
        found = _EXIT.search(self._reports.read.readall())
        return int(found[1]) if found else None

    async def vanish(self) -> None:
        """Kill what is left and return when nothing is. Raises SandboxError."""
        self.kill()
        if not self.join(_AT_ONCE) and not await asyncio.to_thread(self.join, _PATIENCE):
            raise SandboxError("the processes of the command could not be ended")

    def join(self, seconds: float) -> bool:
        """Block until bubblewrap and, killed here, its namespace are gone."""
        deadline = time.monotonic() + seconds
        if not self._empty and super().join(seconds):
            found = _CHILD.search(os.pread(self._reports.info, _REPORT_BYTES, 0))
            left = max(0.0, deadline - time.monotonic())
            self._empty = _end(int(found[1]), left) if found else _reap_group(self._process.pid)
        return self._empty


def _end(pid: int, seconds: float) -> bool:
    """Kill the init of a PID namespace; whether it is gone after ``seconds``."""
    try:
        process = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        return not _is_init(pid) or (_kill(process, seconds) and _reap(pid))
    finally:
        os.close(process)


def _reap(pid: int) -> bool:
    with suppress(ChildProcessError):  # bubblewrap, or the machine's init, was first
        os.waitpid(pid, os.WNOHANG)
    return True


def _reap_group(group: int) -> bool:
    """Take leave of an init that was killed with its group before bubblewrap named it."""
    with suppress(ChildProcessError):
        while True:
            os.waitpid(-group, 0)
    return True


@cache
def _adopt_orphans() -> None:
    """Become the parent of processes whose parents have ended (PR_SET_CHILD_SUBREAPER).

    bubblewrap mostly ends before its init. Where the machine's own init reaps nobody (a
    container whose first process is an ordinary program), each command would leave a zombie.
    """
    ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)


def _is_init(pid: int) -> bool:
    """Whether the process is number 1 somewhere: the pid may have been given away anew."""
    try:
        return bool(_INIT.search(Path(f"/proc/{pid}/status").read_bytes()))
    except OSError:
        return False


def _kill(process: int, seconds: float) -> bool:
    with suppress(ProcessLookupError):
        signal.pidfd_send_signal(process, signal.SIGKILL)
    ended = select.poll()
    ended.register(process, select.POLLIN)
    return bool(ended.poll(seconds * 1000))


def pipe(stack: ExitStack) -> tuple[FileIO, FileIO]:
    """A pipe's reading and writing end, closed with the stack at the latest."""
    read, write = os.pipe()
    return stack.enter_context(FileIO(read)), stack.enter_context(FileIO(write, "w"))


def memory(stack: ExitStack, content: bytes = b"") -> int:
    """A file in memory, to be read from its beginning, closed with the stack."""
    descriptor = os.memfd_create("codex-task")
    stack.callback(os.close, descriptor)
    os.write(descriptor, content)
    os.lseek(descriptor, 0, os.SEEK_SET)
    return descriptor
