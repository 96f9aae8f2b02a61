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
from codex_task_executor.sandbox.contained import Contained, Reports, memory, pipe
from codex_task_executor.sandbox.launch import Command, CommandResult, SandboxError
from codex_task_executor.sandbox.view import FILE_SIZE, HOME, View

SHELL = "/bin/bash"

_TMP, _SHARED_MEMORY = 2 << 30, 256 << 20
"""Bytes of /tmp and /dev/shm: memory of the machine, gone with the command."""

_GUARD = "/run/codex-task/guard"
_GUARD_TEXT = """\
unset BASH_ENV
until mapfile -t init </proc/1/status && [[ ${{init[*]}} == *Seccomp:?2* ]]; do :; done
read -r -u {alive} init; read -t 0 -u {alive} && exit 125
read -t 0 && exit 125
exec {alive}<&- </dev/null
unset init
ulimit -c 0
ulimit -f {file_size}
"""
"""What bash reads (BASH_ENV) before the command, to see that somebody would still end it.

A process killed while bubblewrap sets up takes bubblewrap along, but not always the init that
it has just made, whose own parent-death signal is not armed yet. So the guard waits until
init has its filter, which it takes after arming; reads the line that bubblewrap has written
to its status pipe and looks for the end behind it: only a dead bubblewrap has closed it;
and looks at standard input, a pipe that is open and empty as long as this program lives,
because bubblewrap's signal in turn may have been armed too late. Limits are set here too,
which saves a wrapper program."""

_NAMESPACES = (
    *("--unshare-user", "--unshare-pid", "--unshare-net", "--unshare-ipc", "--unshare-uts"),
    *("--unshare-cgroup-try", "--disable-userns", "--die-with-parent", "--new-session"),
    *("--cap-drop", "ALL", "--clearenv"),
)


@dataclass(frozen=True)
class Numbers:
    """File descriptors that bubblewrap inherits.

    ``info`` gets the init's pid, ``status`` that and the exit code, ``files`` are to be copied.
    """

    seccomp: int
    info: int
    status: int
    files: tuple[int, ...]

    @property
    def all(self) -> tuple[int, ...]:
        """Each of them."""
        return (self.seccomp, self.info, self.status, *self.files)


def arguments(view: View, folder: str, numbers: Numbers) -> list[str]:
    """bubblewrap's arguments for one command in ``folder`` (relative to the worktree).

    What isolates comes first, what shows something later: arguments that were cut short
    would show less. Later mounts lie over earlier ones.
    """
    return [
        *_NAMESPACES,
        *("--seccomp", str(numbers.seccomp)),
        *("--info-fd", str(numbers.info), "--json-status-fd", str(numbers.status)),
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


def copied(view: View, alive: int) -> tuple[tuple[str, bytes], ...]:
    """Files to make inside, in the order of ``Numbers.files``: (path, content).

    ``alive`` is the reading end of the status pipe, which the guard inherits and closes.
    """
    guard = _GUARD_TEXT.format(alive=alive, file_size=FILE_SIZE >> 10)
    return (*view.machine.files, (_GUARD, guard.encode()))


def _copies(view: View, numbers: Iterable[int]) -> list[str]:
    paths = [*(path for path, _ in view.machine.files), _GUARD]
    pairs = zip(paths, map(str, numbers), strict=True)
    return [part for path, n in pairs for part in ("--perms", "0444", "--file", n, path)]


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
            code = contained.exit_code
        seconds, captured = time.monotonic() - started, contained.capture
        if in_time and code is None:  # bubblewrap never got as far as the command
            said = captured.output.decode("utf-8", "replace").strip()
            raise SandboxError(said or f"bubblewrap ended with {contained.code}")
        return CommandResult(code if in_time else None, captured.output, captured.total, seconds)

    def _start(self, command: Command, stack: ExitStack) -> Contained:
        try:
            lifeline, _ = pipe(stack)
            reports = Reports(memory(stack), *pipe(stack))
            with ExitStack() as given:  # closed here as soon as bubblewrap has them
                launch = self._launch(command, lifeline.fileno(), reports, given)
                return stack.enter_context(Contained(launch, reports))
        except (OSError, ValueError, RuntimeError) as error:  # too long, NUL, no more threads
            raise SandboxError(f"the command cannot be started: {error}") from error

    def _launch(
        self, command: Command, lifeline: int, reports: Reports, given: ExitStack
    ) -> Launch:
        """bubblewrap with an empty environment (it would stay readable inside, in
        /proc/1/environ) and its arguments in a file, out of the host's list of processes."""
        alive, status = reports.read.fileno(), reports.write.fileno()
        files = tuple(memory(given, content) for _, content in copied(self._view, alive))
        numbers = Numbers(memory(given, self._seccomp), reports.info, status, files)
        words = "\0".join(arguments(self._view, command.folder, numbers))
        said = memory(given, words.encode("utf-8", "surrogateescape"))
        return Launch(
            (str(self._program), "--args", str(said), "--", SHELL, "-c", command.line),
            environment={},
            stdin=lifeline,
            descriptors=(*numbers.all, alive, said),
        )
