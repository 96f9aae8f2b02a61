"""Sandboxes around worktrees of a test's own, and what commands in them answered."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from codex_task_executor.sandbox.bubblewrap import Bubblewrap
from codex_task_executor.sandbox.launch import Command, CommandResult
from codex_task_executor.sandbox.seccomp import filter_for
from codex_task_executor.sandbox.view import Surroundings, View, look

PATH = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
"""The user's PATH, behind the Python that runs the tests."""


@lru_cache
def why_no_bubblewrap() -> str | None:
    """Why sandboxes cannot be made on this machine; None if they can."""
    if sys.platform != "linux":
        return "bubblewrap is for Linux"
    program = shutil.which("bwrap")
    if program is None:
        return "bubblewrap is not installed (Debian: apt install bubblewrap)"
    words = [program, "--unshare-user", "--disable-userns", "--ro-bind", "/", "/", "true"]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    return f"bubblewrap does not work here: {done.stderr.strip()}" if done.returncode else None


def bubblewrap(view: View) -> Bubblewrap:
    """The sandbox of a view, on this machine."""
    seccomp = filter_for(os.uname().machine)
    assert seccomp is not None
    return Bubblewrap(Path(shutil.which("bwrap") or "/usr/bin/bwrap"), view, seccomp)


@dataclass(frozen=True)
class Box:
    """A worktree (with a ``.git`` file, as linked worktrees have), a home, and a sandbox.

    ``above`` is the folder that holds both; nothing but the worktree of it shows inside.
    """

    above: Path

    @classmethod
    def create(cls, above: Path) -> Box:
        """Make the folders."""
        box = cls(above.resolve())
        box.root.mkdir(parents=True)
        (box.root / ".git").write_text(f"gitdir: {box.above}/repo/.git/worktrees/x\n")
        (box.home / ".ssh").mkdir(parents=True)
        (box.home / ".ssh" / "id_rsa").write_text("PRIVATE")
        return box

    @property
    def root(self) -> Path:
        """The worktree."""
        return self.above / "tree"

    @property
    def home(self) -> Path:
        """The user's home folder."""
        return self.above / "home"

    @property
    def around(self) -> Surroundings:
        """What a caller would say of this user."""
        return Surroundings(PATH, self.home)

    def view(self) -> View:
        """What commands see, looked up now."""
        return look(self.root, self.around)

    def write(self, files: dict[str, str]) -> None:
        """Write files of the worktree."""
        for name, text in files.items():
            (self.root / name).parent.mkdir(parents=True, exist_ok=True)
            (self.root / name).write_text(text)

    async def run(self, line: str, folder: str = ".", seconds: float = 60.0) -> CommandResult:
        """Run a command in a sandbox made now."""
        return await bubblewrap(self.view()).run(Command(line, folder, seconds))

    async def says(self, line: str) -> str:
        """The output of a command, without the last newline; whatever its exit code."""
        return (await self.run(line)).output.decode("utf-8", "replace").rstrip("\n")

    async def python(self, program: str) -> str:
        """What a Python program says in the sandbox."""
        (self.root / "program.py").write_text(program)
        return await self.says("python3 program.py")
