"""A task in a sandpit: its worktree, and short ways to snapshot and look at it."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path

from codex_worktree import publish, shadow, snapshot, worktrees
from codex_worktree.repository import Repository
from codex_worktree.snapshot import Snapshot
from codex_worktree.worktrees import TaskWorktree
from support.repositories import Sandpit

TASK = "task-1"


def place(pit: Sandpit, task_id: str = TASK) -> Path:
    """Where the tests put a task's worktree."""
    return pit.root.parent / "worktrees" / task_id


@dataclass
class Task:
    """One task of a sandpit's repository."""

    pit: Sandpit
    repository: Repository
    worktree: TaskWorktree

    @classmethod
    def create(cls, pit: Sandpit, task_id: str = TASK, where: Path | None = None) -> Task:
        """Open the repository (from ``where``) and make the task's worktree at HEAD."""
        repository = Repository.open(where or pit.root, pit.environment)
        path = place(pit, task_id)
        made = worktrees.create(repository, task_id, repository.head().commit, path)
        return cls(pit, repository, made)

    @property
    def path(self) -> Path:
        """The worktree's folder."""
        return self.worktree.path

    def take(
        self, parent: str | None = None, *, refuse: Callable[[str], bool] = lambda path: False
    ) -> Snapshot:
        """Snapshot on top of the latest commit."""
        latest = parent or shadow.latest(self.repository, self.worktree.task_id)
        return snapshot.take(
            self.repository,
            self.worktree,
            latest,
            "snapshot",
            self.repository.identity(),
            refuse=refuse,
        )

    def publish(self, found: Snapshot) -> None:
        """Bring the snapshot into the user's repository."""
        publish.publish(self.repository, self.worktree, found)

    def tree(self, commit: str) -> dict[str, tuple[str, bytes]]:
        """Path -> (mode, content) of a commit in the shadow."""
        git = shadow.git(self.repository, self.worktree.task_id)
        found = {}
        for entry in git.run("ls-tree", "-r", "-z", commit).fields:
            described, path = entry.split("\t", 1)
            mode, kind, name = described.split(" ")
            content = git.run("cat-file", "blob", name).stdout if kind == "blob" else b""
            found[path] = (mode, content)
        return found


def digest(folder: Path, without: Collection[str] = ()) -> dict[str, str]:
    """Every path below the folder with a digest of its mode and content, some prefixes apart."""
    found = {}
    for here, folders, files in os.walk(folder):
        for name in [*folders, *files]:
            path = Path(here, name)
            relative = str(path.relative_to(folder))
            if not any(relative == skip or relative.startswith(f"{skip}/") for skip in without):
                found[relative] = _digest(path)
    return found


def _digest(path: Path) -> str:
    status = path.lstat()
    if stat.S_ISLNK(status.st_mode):
        return f"link to {path.readlink()}"
    if not stat.S_ISREG(status.st_mode):
        return oct(status.st_mode)
    return f"{status.st_mode:o} {hashlib.sha256(path.read_bytes()).hexdigest()}"
