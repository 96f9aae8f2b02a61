"""A git that kills its caller, to see what every point of an operation leaves behind."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

SCRIPT = """#!/bin/sh
case " $* " in *" {before} "*) kill -9 $PPID; exit 1 ;; esac
{git} "$@"
code=$?
case " $* " in *" {after} "*) kill -9 $PPID ;; esac
exit $code
"""


@dataclass(frozen=True)
class Killing:
    """Runs Python code in a process of its own that a git command may end with SIGKILL."""

    folder: Path
    environment: dict[str, str]

    def run(self, when: str, command: str, code: str, *arguments: str) -> None:
        """Kill "before" a git command of this name starts or "after" it has ended."""
        points = {"before": "no-such-command", "after": "no-such-command", when: command}
        self.folder.mkdir()
        git = shutil.which("git", path=self.environment["PATH"])
        text = SCRIPT.format(git=git, **points)
        (self.folder / "git").write_text(text)
        (self.folder / "git").chmod(0o755)
        path = f"{self.folder}{os.pathsep}{self.environment['PATH']}"
        done = subprocess.run(
            [sys.executable, "-c", code, *arguments],
            env={**self.environment, "PATH": path, "PYTHONPATH": os.pathsep.join(sys.path)},
            capture_output=True,
            check=False,
        )
        shutil.rmtree(self.folder)
        assert done.returncode == -signal.SIGKILL, done.stderr.decode()
