"""Commands in a sandbox of namespaces, made by bubblewrap (level A on Linux).

``arguments`` says what a sandbox is; ``Bubblewrap`` runs commands in one. bubblewrap 0.8 or
later is needed (``--disable-userns``, ``--size``).
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from codex_task_executor.sandbox.child import Launch
from codex_task_executor.sandbox.contained import Contained, memory, pipe
from codex_task_executor.sandbox.launch import Command, CommandResult, SandboxError
from codex_task_executor.sandbox.view import FILE_SIZE, HOME, View

SHELL = "/bin/bash"

_TMP, _SHARED_MEMORY = 2 << 30, 256 << 20
"""Bytes of /tmp and /dev/shm: memory of the machine, gone with the command."""

_GUARD = "/run/codex-task/guard"
GUARD = f"""\
unset BASH_ENV
read -t 0 && exit 125
exec </dev/null
ulimit -c 0
ulimit -f {FILE_SIZE >> 10}
"""
"""What bash reads (BASH_ENV) before the command. Standard input is a pipe that this process
holds open and never writes to: it reads as ready only if this process is dead. bubblewrap's
parent-death signal covers the time after that; a kill while bubblewrap still sets up is one
that only this line sees. Limits are set here and not by a wrapper program: one exec less."""

_NAMESPACES = (
    *("--unshare-user", "--unshare-pid", "--unshare-net", "--unshare-ipc", "--unshare-uts"),
    *("--unshare-cgroup-try", "--disable-userns", "--die-with-parent", "--new-session"),
    *("--cap-drop", "ALL", "--clearenv"),
)


@dataclass(frozen=True)
class Numbers:
    """File descriptors that bubblewrap inherits: the filter, its status, files to copy in."""

    seccomp: int
    status: int
    files: tuple[int, ...]


def arguments(view: View, folder: str, numbers: Numbers) -> list[str]:
    """bubblewrap's arguments for one command in ``folder`` (relative to the worktree).

    What isolates comes first, what shows something later: arguments that were cut short
    would show less. Later mounts lie over earlier ones.
    """
    return [
        *_NAMESPACES,
        *("--seccomp", str(numbers.seccomp), "--json-status-fd", str(numbers.status)),
        *_environment(view),
        *_system(view),
        *_copies(view, numbers.files),
        *_temporary(),
        *_toolchains(view),
        *_worktree(view),
        *(part for folder in view.covered for part in ("--remount-ro", str(folder))),
        *("--remount-ro", "/", "--chdir", str(view.root / folder)),
    ]


def _environment(view: View) -> list[str]:
    variables = {**view.environment, "BASH_ENV": _GUARD}
    return [part for item in variables.items() for part in ("--setenv", *item)]


def _system(view: View) -> list[str]:
    machine = view.machine
    links = [part for link in machine.links for part in ("--symlink", *link)]
    covered = [part for path in view.covered for part in ("--size", "65536", "--tmpfs", str(path))]
    shown, kernel = _read_only(machine.folders), _read_only(machine.proc)
    return ["--dir", "/etc", *shown, *links, "--proc", "/proc", *kernel, *covered]


def copied(view: View) -> tuple[tuple[str, bytes], ...]:
    """Files to make inside, in the order of ``Numbers.files``: (path, content)."""
    return (*view.machine.files, (_GUARD, GUARD.encode()))


def _copies(view: View, numbers: Iterable[int]) -> list[str]:
    pairs = zip(copied(view), map(str, numbers), strict=True)
    return [part for (path, _), n in pairs for part in ("--perms", "0444", "--file", n, path)]


def _temporary() -> list[str]:
    """Memory file systems with a size: /dev itself becomes read-only, its devices work."""
    memory = ("--size", str(_SHARED_MEMORY), "--perms", "1777", "--tmpfs", "/dev/shm")  # noqa: S108
    tmp = ("--size", str(_TMP), "--perms", "1777", "--tmpfs", "/tmp")  # noqa: S108
    return ["--dev", "/dev", *memory, "--remount-ro", "/dev", *tmp, "--dir", HOME]


def _toolchains(view: View) -> list[str]:
    chains = view.toolchains
    links = [part for to, path in chains.links for part in ("--symlink", to, str(path))]
    covered = [part for path in chains.covered for part in _hide(path)]
    return [*_read_only(map(str, chains.folders)), *covered, *links]


def _worktree(view: View) -> list[str]:
    """The worktree read-write, what is protected in it on top. Only what exists is covered:
    a mount over nothing would leave an empty file on the host."""
    root, masks = view.root, view.masks
    writable = (root, *_existing(root, masks.pinned))
    return [
        *(part for path in writable for part in ("--bind", str(path), str(path))),
        *_git(root / ".git"),
        *(part for path in _existing(root, masks.files) for part in _hide(path)),
        *(part for path in _existing(root, masks.folders) for part in _empty(path)),
    ]


def _existing(root: Path, names: Iterable[str]) -> list[Path]:
    return [path for path in map(root.joinpath, names) if _exists(path)]


def _exists(path: Path) -> bool:
    """Whether a path is still there and reached through no symbolic link.

    One that cannot be looked at counts as there: bubblewrap then refuses to start, where a
    missing mask would let a command open the folder and read its secret.
    """
    try:
        path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except PermissionError:
        return True
    return path.resolve() == path


def _git(git: Path) -> list[str]:
    """A linked worktree's file read-only: it leads nowhere inside. A git dir is not shown."""
    if git.is_symlink():
        raise SandboxError(f"{git} is a symbolic link")
    if git.is_dir():
        return _empty(git)
    return _read_only([str(git)]) if git.exists() else []


def _read_only(paths: Iterable[str]) -> list[str]:
    return [part for path in paths for part in ("--ro-bind", path, path)]


def _hide(file: Path) -> list[str]:
    """A device on a mount without devices: opening it says "Permission denied"."""
    return ["--ro-bind", "/dev/null", str(file)]


def _empty(folder: Path) -> list[str]:
    return ["--size", "4096", "--tmpfs", str(folder), "--remount-ro", str(folder)]


class Bubblewrap:
    """The sandbox around one worktree. ``program`` is bubblewrap, ``seccomp`` its filter."""

    level = "A"

    def __init__(self, program: Path, view: View, seccomp: bytes) -> None:
        self.root = view.root
        self._program = program
        self._view = view
        self._seccomp = seccomp

    async def run(self, command: Command) -> CommandResult:
        """Run a command; see ``Sandbox``. Raises SandboxError."""
        started = time.monotonic()
        with ExitStack() as stack:
            contained = self._start(command, stack)
            in_time = await contained.ended(command.seconds)
            await contained.vanish()
        capture, seconds = contained.capture, time.monotonic() - started
        code = _code(contained) if in_time else None
        return CommandResult(code, capture.output, capture.total, seconds)

    def _start(self, command: Command, stack: ExitStack) -> Contained:
        """Start bubblewrap with an empty environment (it would stay readable inside, in
        /proc/1/environ) and its arguments in a file, out of the host's list of processes."""
        lifeline, _ = pipe(stack)
        status, written = pipe(stack)
        files = [memory(stack, content) for _, content in copied(self._view)]
        numbers = Numbers(memory(stack, self._seccomp), written, tuple(files))
        words = arguments(self._view, command.folder, numbers)
        given = memory(stack, "\0".join(words).encode("utf-8", "surrogateescape"))
        launch = Launch(
            (str(self._program), "--args", str(given), "--", SHELL, "-c", command.line),
            environment={},
            stdin=lifeline,
            descriptors=(numbers.seccomp, numbers.status, *numbers.files, given),
        )
        try:
            return stack.enter_context(Contained(launch, status))
        except (OSError, ValueError) as error:  # too long, a NUL byte, half a character
            raise SandboxError(f"the command cannot be started: {error}") from error


def _code(contained: Contained) -> int:
    """The command's exit code. Raises SandboxError if bubblewrap never got that far."""
    if (code := contained.exit_code) is None:
        said = contained.capture.output.decode("utf-8", "replace").strip()
        raise SandboxError(said or f"bubblewrap ended with {contained.code}")
    return code
