"""Commands in a sandbox of macOS's own (level A there): ``sandbox-exec`` with a profile.

Written from Apple's profiles in /System/Library/Sandbox/Profiles and checked as text; not
yet run on the hardware. Weaker than bubblewrap in one respect, since there are no PID
namespaces: a daemon that has left the command's process group goes on, inside its sandbox.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from codex_task_executor.sandbox.child import Child, Launch
from codex_task_executor.sandbox.launch import Command, CommandResult, SandboxError
from codex_task_executor.sandbox.view import FILE_SIZE, View

SHELL = "/bin/bash"

_SYSTEM = (
    *("/usr", "/bin", "/sbin", "/System", "/Library/Apple", "/Library/Frameworks"),
    *("/Library/Java/JavaVirtualMachines", "/Library/Developer", "/opt/homebrew"),
    *("/Applications/Xcode.app/Contents/Developer", "/private/var/db/dyld"),
    *("/private/var/db/timezone", "/private/etc/ssl", "/private/etc/paths.d"),
)
_FILES = (
    *("/", "/etc", "/var", "/private", "/private/etc", "/private/var", "/opt", "/dev"),
    *("/private/etc/passwd", "/private/etc/group", "/private/etc/hosts", "/private/etc/paths"),
    *("/private/etc/protocols", "/private/etc/services", "/private/etc/localtime"),
    *("/dev/null", "/dev/zero", "/dev/random", "/dev/urandom", "/dev/fd"),
)
_SERVICES = (
    "com.apple.system.opendirectoryd.libinfo",
    "com.apple.system.opendirectoryd.membership",
)
"""Who a user id is: getpwuid fails without."""

_GUARD = f"unset BASH_ENV\nulimit -c 0\nulimit -f {FILE_SIZE >> 10}\n"


def profile(view: View, temporary: Path) -> str:
    """The profile for commands in a worktree; the last rule that matches an access decides."""
    root, masks = view.root, view.masks
    chains = view.toolchains
    own = _subpaths([root, temporary])
    secrets = _literals(root / name for name in masks.files)
    folders = _subpaths(root / name for name in masks.folders)
    rules = [
        "(version 1)",
        "(deny default)",
        "(allow process-exec process-fork)",
        "(allow process-info* (target same-sandbox))",
        "(allow signal (target same-sandbox))",
        "(allow sysctl-read)",
        "(allow ipc-posix-sem)",
        *(f'(allow mach-lookup (global-name "{name}"))' for name in _SERVICES),
        f"(allow file-read* {_subpaths(_SYSTEM)} {_literals(_FILES)})",
        '(allow file-write-data (literal "/dev/null") (literal "/dev/zero"))',
        f"(deny file-read* {_subpaths(view.covered)})" if view.covered else "",
        f"(allow file-read-metadata {_literals(_ancestors([root, temporary, *chains.folders]))})",
        f"(allow file-read* {_subpaths(chains.folders)})" if chains.folders else "",
        f"(deny file-read* {_literals(chains.covered)})" if chains.covered else "",
        f"(allow file-read* file-write* {own})",
        '(deny file-read* file-write* (regex #"/[.][gG][iI][tT](/|$)"))',
        f"(deny file-read* file-write* {secrets} {folders})" if masks.size else "",
        f"(deny file-write-unlink {_literals(map(root.joinpath, masks.pinned))})"
        if masks.pinned
        else "",
    ]
    return "\n".join(rule for rule in rules if rule) + "\n"


def _subpaths(paths: Iterable[str | Path]) -> str:
    return " ".join(f"(subpath {_quoted(path)})" for path in paths)


def _literals(paths: Iterable[str | Path]) -> str:
    return " ".join(f"(literal {_quoted(path)})" for path in paths)


def _quoted(path: str | Path) -> str:
    escaped = str(path).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _ancestors(paths: Iterable[Path]) -> list[Path]:
    return sorted({above for path in paths for above in path.parents})


class Seatbelt:
    """The sandbox around one worktree. ``program`` is sandbox-exec."""

    level = "A"

    def __init__(self, program: Path, view: View) -> None:
        self.root = view.root
        self._program = program
        self._view = view

    async def run(self, command: Command) -> CommandResult:
        """Run a command; see ``Sandbox``. Raises SandboxError."""
        started = time.monotonic()
        with _temporary_folder() as temporary, self._start(command, temporary) as child:
            in_time = await child.ended(command.seconds)
        capture, seconds = child.capture, time.monotonic() - started
        code = _shell_code(child.code) if in_time else None
        return CommandResult(code, capture.output, capture.total, seconds)

    def launch(self, command: Command, temporary: Path) -> Launch:
        """What to start; ``temporary`` is the command's TMPDIR, home and all."""
        variables = {"HOME": temporary, "TMPDIR": temporary, "BASH_ENV": temporary / "guard"}
        return Launch(
            (str(self._program), "-p", profile(self._view, temporary), SHELL, "-c", command.line),
            environment=self._view.environment | {k: str(v) for k, v in variables.items()},
            folder=str(self.root / command.folder),
        )

    def _start(self, command: Command, temporary: Path) -> Child:
        (temporary / "guard").write_text(_GUARD, "utf-8")
        try:
            return Child(self.launch(command, temporary))
        except (OSError, ValueError) as error:
            raise SandboxError(f"the command cannot be started: {error}") from error


@contextmanager
def _temporary_folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as made:
        yield Path(made).resolve()


def _shell_code(code: int | None) -> int | None:
    """A shell's exit code: 128 + N where signal N ended the program."""
    return 128 - code if code is not None and code < 0 else code
