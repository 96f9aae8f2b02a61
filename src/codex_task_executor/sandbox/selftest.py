"""The promises of a sandbox, each tried from inside by one short command."""

from __future__ import annotations

import os
import shlex
import socket
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from codex_task_executor.sandbox.launch import Command, Sandbox, SandboxError
from codex_task_executor.sandbox.view import FILE_SIZE, HOME, View

_SECONDS = 20.0
"""For the whole test, which takes about 0.02 s."""

_SAMPLE = 40
"""Paths of each folder that must not show, tried one by one."""

PROMISES = {
    "own-environment": "commands see no environment but their own",
    "no-network": "there is no network, not even this machine's loopback",
    "no-terminal": "there is no terminal to type into",
    "system-read-only": "nothing outside the worktree can be written",
    "hidden-paths": "the home folder and the repository do not show",
    "worktree-writable": "the worktree can be written",
    "git-read-only": "the worktree's .git cannot be written",
    "limited": "files have a largest size, crashes leave no core files",
}
"""What every sandbox holds."""

PROMISES_OF_LINUX = {
    "own-processes": "commands see no process of the machine",
    "no-privileges": "commands have no capabilities and cannot get any",
    "filtered-calls": "the system call filter is on",
    "no-namespaces": "commands make no namespaces of their own",
    "kernel-read-only": "settings of the kernel cannot be written",
    "nothing-outlives": "no process outlives its call, daemons included",
}
"""What namespaces add."""

_OWN = tuple(map(Path, ("/etc", "/proc", "/dev", "/run", HOME)))
"""Paths that exist on the host and, as something else, inside."""

_KERNEL = ("/proc/sys/kernel/core_pattern", "/proc/sys/kernel/modprobe", "/proc/sysrq-trigger")
"""Opened whatever else is found: each lets root run a program on the host, or stop it."""


@dataclass(frozen=True)
class Promise:
    """One thing that a sandbox promises: whether it was seen to hold.

    Where a ``required`` one is broken the sandbox is not used; another is only said.
    """

    name: str
    held: bool
    detail: str
    required: bool = True


async def try_promises(
    sandbox: Sandbox, view: View, promises: Mapping[str, str]
) -> tuple[Promise, ...]:
    """Run the self-test and read what it says of each promise; silence means broken.

    Raises SandboxError where the test itself cannot run.
    """
    with socket.create_server(("127.0.0.1", 0)) as listener:
        line = command_line(view, listener.getsockname()[1])
        result = await sandbox.run(Command(line, seconds=_SECONDS))
    said = result.output.decode("utf-8", "replace").splitlines()
    if not any(line.startswith(("held ", "broken ")) for line in said):
        raise SandboxError(f"the self-test did not run: {' '.join(said)[:500]}")
    return (*_tried(said, promises), _ordinary_user())


def command_line(view: View, port: int) -> str:
    """The self-test as a command line; ``port`` is one that a program of the host listens at."""
    kernel = [*_KERNEL, *view.machine.writable]
    known = [str(port), str(FILE_SIZE >> 10), " ".join(view.environment)]
    arguments = [*known, *kernel, "--", *map(str, hidden_paths(view))]
    script = resources.files(__package__).joinpath("selftest.sh").read_text("utf-8")
    return f"set -- {shlex.join(arguments)}\n{script}"


def hidden_paths(view: View) -> Iterator[Path]:
    """Some paths of the host that exist and must not exist inside."""
    shown = (view.root, *view.toolchains.folders, *(path for _, path in view.toolchains.links))
    links = (path for _, path in view.machine.links)
    system = (*map(Path, (*view.machine.folders, *links)), *_OWN)  # home is / where HOME is unset
    for folder in view.invisible:
        for path in _entries(folder)[:_SAMPLE]:
            above = any(one.is_relative_to(path) for one in (*shown, *system))
            if not above and not any(map(path.is_relative_to, shown)):
                yield path


def _entries(folder: Path) -> list[Path]:
    try:
        return sorted(folder.iterdir())
    except OSError:
        return []


def _tried(said: list[str], promises: Mapping[str, str]) -> Iterator[Promise]:
    for name, detail in promises.items():
        yield Promise(name, f"held {name}" in said, detail)


def _ordinary_user() -> Promise:
    """Root's files are the machine's: the mounts alone keep a command from them."""
    if os.geteuid() != 0:
        return Promise("ordinary-user", True, "commands run as an ordinary user", required=False)
    detail = "this runs as root: commands are kept in by mounts and the filter alone"
    return Promise("ordinary-user", False, detail, required=False)
