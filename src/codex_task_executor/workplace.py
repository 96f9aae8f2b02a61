"""Where a command works: the repository, the state folder, the worktrees, made ready."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from codex_task_executor.config import Settings
from codex_task_executor.errors import UnknownTask
from codex_task_executor.restoring import restore_lost
from codex_task_executor.session import (
    Session,
    TaskFiles,
    known_ids,
    load,
    prepare_home,
)
from codex_worktree.recovery import recover
from codex_worktree.repository import Repository

HOME = ".codex-sessions"
"""The folder in the main worktree for sessions and worktrees (the seed's name)."""


@dataclass(frozen=True)
class Workplace:
    """A repository with its state folder. ``recovered`` tells what had to be mended first."""

    repository: Repository
    state_dir: Path
    recovered: tuple[str, ...]

    @property
    def home(self) -> Path:
        """``.codex-sessions`` of the main worktree."""
        return self.repository.root / HOME

    def worktree(self, task_id: str) -> Path:
        """Where the task's worktree lies."""
        return self.home / "worktrees" / task_id

    def files(self, task_id: str) -> TaskFiles:
        """The task's files."""
        return TaskFiles(self.state_dir, task_id)

    def sessions(self) -> Iterator[Session]:
        """All sessions, by id. Raises SessionDamaged."""
        for task_id in known_ids(self.state_dir):
            session = load(self.files(task_id))
            if session:
                yield session

    def session(self, task_id: str) -> Session:
        """A task that must exist. Raises UnknownTask, SessionDamaged."""
        session = load(self.files(task_id))
        if session is None:
            raise UnknownTask(task_id, tuple(known_ids(self.state_dir)))
        return session


def open_workplace(settings: Settings) -> Workplace:
    """Open the repository, recreate what ``git clean`` may have deleted, finish what was cut.

    Raises the errors of Repository.open, StateProblem.
    """
    repository = Repository.open(settings.start, settings.git_environment)
    home = repository.root / HOME
    prepare_home(home)
    state_dir = settings.state_dir or home / "tasks"
    mended = (*recover(repository), *restore_lost(repository, state_dir))
    return Workplace(repository, state_dir, mended)
