"""Which level of isolation this machine gives, found by trying (levels: see SECURITY.md).

A sandbox is used only if a command in it fails at everything that it must not be able to do.
Nothing is remembered between runs: a kernel setting or an update may change the answer, and
asking takes as long as a command.
"""

from __future__ import annotations

import os
import shutil
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from codex_task_executor.sandbox.bubblewrap import Bubblewrap
from codex_task_executor.sandbox.launch import Sandbox, SandboxError
from codex_task_executor.sandbox.seatbelt import Seatbelt
from codex_task_executor.sandbox.seccomp import filter_for
from codex_task_executor.sandbox.selftest import PROMISES, PROMISES_OF_LINUX, Promise, try_promises
from codex_task_executor.sandbox.view import Surroundings, View, look

Level = Literal["A", "C"]

SEATBELT = Path("/usr/bin/sandbox-exec")


@dataclass(frozen=True)
class Probe:
    """What was found.

    ``level`` A: ``sandbox`` runs commands, all required promises held. C: there is no
    sandbox, commands cannot be run, ``reason`` says why. ``milliseconds`` is what it cost.
    """

    level: Level
    sandbox: Sandbox | None
    promises: tuple[Promise, ...]
    reason: str
    milliseconds: float

    @property
    def line(self) -> str:
        """The finding on one line."""
        if self.sandbox is None:
            return f"no sandbox for commands (level C): {self.reason}"
        notes = "; ".join(promise.detail for promise in self.promises if not promise.held)
        return f"commands run in a sandbox (level {self.level}){notes and '; ' + notes}"


async def probe(root: Path, around: Surroundings, platform: str = sys.platform) -> Probe:
    """Build the sandbox around a worktree and try it.

    Call it from a thread that lives as long as the run (see ``Sandbox``).
    """
    started = time.monotonic()
    promises: tuple[Promise, ...] = ()
    try:
        view = look(root, around)
        sandbox = _sandbox(view, around, platform)
        asked = PROMISES | PROMISES_OF_LINUX if platform == "linux" else PROMISES
        promises = await try_promises(sandbox, view, asked)
        reason = _broken(promises)
    except SandboxError as error:
        reason = str(error)
    taken = (time.monotonic() - started) * 1000
    if reason:
        return Probe("C", None, promises, reason, taken)
    return Probe("A", sandbox, promises, "", taken)


def _sandbox(view: View, around: Surroundings, platform: str) -> Sandbox:
    """The sandbox of this platform, untried. Raises SandboxError."""
    if platform == "linux":
        return _bubblewrap(view, around.path)
    if platform == "darwin" and SEATBELT.is_file():
        return Seatbelt(SEATBELT, view)
    raise SandboxError(f"there is no sandbox for {platform}")


def _bubblewrap(view: View, path: str) -> Sandbox:
    machine = os.uname().machine
    seccomp = filter_for(machine)
    program = _find("bwrap", path, view.root)
    if program is None:
        raise SandboxError("bubblewrap is not installed")
    if seccomp is None:
        raise SandboxError(f"there is no system call filter for {machine}")
    return Bubblewrap(program, view, seccomp)


def _find(name: str, path: str, root: Path) -> Path | None:
    """A program in the absolute folders of a PATH that do not lie in the worktree."""
    folders = [entry for entry in path.split(":") if entry.startswith("/")]
    outside = [entry for entry in folders if not Path(entry).resolve().is_relative_to(root)]
    found = shutil.which(name, path=":".join(outside))
    return Path(found) if found else None


def _broken(promises: Sequence[Promise]) -> str:
    broken = [promise.name for promise in promises if promise.required and not promise.held]
    return f"the sandbox does not hold: {', '.join(broken)}" if broken else ""
