"""The installed program, run as a user runs it: a process, hermetic, the scripted model behind."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from support.repositories import Sandpit
from support.seed_parser import Seen, parse

BIN = Path(sys.executable).parent
PLAN = "# Plan\n\nMake it so.\n"


@dataclass(frozen=True)
class Ran:
    """A finished command."""

    code: int
    stdout: str
    stderr: str

    @property
    def seen(self) -> Seen:
        """What the seed's parser makes of its output."""
        return parse(self.stdout)

    @property
    def json(self) -> Any:
        """Its stdout as one JSON document."""
        return json.loads(self.stdout)

    @property
    def events(self) -> list[Any]:
        """Its stdout as JSON lines."""
        return [json.loads(line) for line in self.stdout.splitlines()]


@dataclass
class Program:
    """``codex-task`` and ``execute-task`` in one repository."""

    pit: Sandpit
    base_url: str
    extra: dict[str, str] = field(default_factory=dict)

    def environment(self, **more: str) -> dict[str, str]:
        """What the program sees: git's, the key, the server; no time for long waits."""
        return {
            **self.pit.environment,
            "OPENAI_API_KEY": "sk-test-0123456789abcdef",
            "OPENAI_BASE_URL": self.base_url,
            **self.extra,
            **more,
        }

    def start(self, *arguments: str, **more: str) -> subprocess.Popen[str]:
        """Start it: the first argument names the program."""
        name, *rest = arguments
        return subprocess.Popen(
            [str(BIN / name), *rest],
            cwd=self.pit.root,
            env=self.environment(**more),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
        )

    def run(self, *arguments: str, **more: str) -> Ran:
        """Run ``codex-task`` to its end."""
        process = self.start("codex-task", *arguments, **more)
        stdout, stderr = process.communicate()
        return Ran(process.returncode, stdout, stderr)

    def execute(self, *arguments: str, **more: str) -> Ran:
        """Run ``execute-task`` to its end."""
        process = self.start("execute-task", *arguments, **more)
        stdout, stderr = process.communicate()
        return Ran(process.returncode, stdout, stderr)

    def without(self, name: str) -> Program:
        """The same without a variable: an empty one counts as unset."""
        return Program(self.pit, self.base_url, {**self.extra, name: ""})

    def worktree(self, task_id: str) -> Path:
        """Where a task's worktree lies."""
        return self.pit.root / ".codex-sessions" / "worktrees" / task_id


def user_state(pit: Sandpit) -> Mapping[str, str]:
    """Digests of everything that a run must not change: the checkout and the git dir.

    Left out: the state folder, objects (content-addressed; nothing of the user's can change
    there), the task branches, hidden refs, and what git and this program keep for worktrees.
    """
    found = {}
    for path in sorted(pit.root.rglob("*")):
        name = path.relative_to(pit.root).as_posix()
        if name.startswith(TOOLS_OWN) or not (path.is_file() or path.is_symlink()):
            continue
        data = os.fsencode(path.readlink()) if path.is_symlink() else path.read_bytes()
        found[name] = f"{path.lstat().st_mode:o} {hashlib.sha256(data).hexdigest()}"
    return found


TOOLS_OWN = (
    ".codex-sessions/",
    ".git/objects/",
    ".git/refs/heads/codex/",
    ".git/logs/refs/heads/codex/",
    ".git/refs/codex-tasks/",
    ".git/codex-task/",
    ".git/worktrees/",
)
