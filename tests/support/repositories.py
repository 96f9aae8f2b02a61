"""Real git repositories in folders of their own, the same object ids every time."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

FIRST_TICK = 1_112_911_993
"""Where git's own test suite starts its clock (t/test-lib-functions.sh)."""


def hermetic_environment(home: Path) -> dict[str, str]:
    """An environment in which git sees nothing of this machine but its program."""
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "LANG": "C.UTF-8",
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CEILING_DIRECTORIES": str(home.parent),
        "GIT_AUTHOR_NAME": "A U Thor",
        "GIT_AUTHOR_EMAIL": "author@example.com",
        "GIT_COMMITTER_NAME": "C O Mitter",
        "GIT_COMMITTER_EMAIL": "committer@example.com",
    }


@dataclass
class Sandpit:
    """A repository for one test, driven by plain git, with a clock that ticks by the minute."""

    root: Path
    environment: dict[str, str]
    ticks: int = 0

    @classmethod
    def create(cls, folder: Path, *options: str) -> Sandpit:
        """``git init`` in ``folder/repo`` with ``folder/home`` as HOME."""
        home, root = folder / "home", folder / "repo"
        home.mkdir(parents=True)
        root.mkdir()
        pit = cls(root, hermetic_environment(home))
        pit.git("init", "-q", "-b", "main", *options)
        return pit

    def git(self, *arguments: str, stdin: bytes = b"", cwd: Path | None = None) -> str:
        """Run git and return its stdout; a failure fails the test."""
        done = subprocess.run(
            ["git", *arguments],
            cwd=cwd or self.root,
            env=self.environment,
            input=stdin,
            capture_output=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr.decode("utf-8", "replace")
        return os.fsdecode(done.stdout).removesuffix("\n")

    def write(self, files: Mapping[str, str | bytes]) -> None:
        """Write files below the root."""
        for name, content in files.items():
            path = self.root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content.encode() if isinstance(content, str) else content)

    def commit(self, files: Mapping[str, str | bytes], message: str = "change") -> str:
        """Write files, commit everything, return the commit's id."""
        self.write(files)
        self.ticks += 1
        when = f"{FIRST_TICK + 60 * self.ticks} +0000"
        self.environment |= {"GIT_AUTHOR_DATE": when, "GIT_COMMITTER_DATE": when}
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", message)
        return self.git("rev-parse", "HEAD")
