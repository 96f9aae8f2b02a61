"""What can go wrong before, around and after a run, each error with its facts.

::

    TaskExecutorError
    ├── SettingProblem       name, value, reason         a flag, variable or file entry
    ├── MissingKey
    ├── BadTaskId            task_id, reason
    ├── BadDescription       reason
    ├── PlanProblem          path, reason
    ├── UnknownTask          task_id, known
    ├── StateProblem         path, reason                the state folder cannot be used
    ├── SessionDamaged       path, reason
    ├── NothingToShow        task_id, reason
    ├── KeyInResult          paths                   the API key is in a task's files
    ├── IgnoredFiles         worktree, paths             a clean-up would lose these
    └── SkillFolderProblem   path, reason                nothing was installed

Texts and exit codes are made in ``exit_codes`` alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


class TaskExecutorError(Exception):
    """Base of every error of this package that a user can cause."""


@dataclass(eq=False)
class SettingProblem(TaskExecutorError):
    """A setting whose value cannot be used; ``name`` is the variable or flag."""

    name: str
    value: str
    reason: str

    def __str__(self) -> str:
        return f"{self.name}={self.value!r}: {self.reason}"


class MissingKey(TaskExecutorError):
    """No API key in the environment or in the user's config.toml."""

    def __str__(self) -> str:
        return "OPENAI_API_KEY required"  # the seed's words; users search for them


@dataclass(eq=False)
class BadTaskId(TaskExecutorError):
    """A task id that breaks the rule."""

    task_id: str
    reason: str

    def __str__(self) -> str:
        return f"task id {self.task_id!r}: {self.reason}"


@dataclass(eq=False)
class BadDescription(TaskExecutorError):
    """A description that is missing, empty or unreadable."""

    reason: str

    def __str__(self) -> str:
        return f"task description: {self.reason}"


@dataclass(eq=False)
class PlanProblem(TaskExecutorError):
    """A plan file that cannot be read."""

    path: str
    reason: str

    def __str__(self) -> str:
        return f"{self.reason}: {self.path}"


@dataclass(eq=False)
class UnknownTask(TaskExecutorError):
    """No task of that id in this repository."""

    task_id: str
    known: tuple[str, ...]

    def __str__(self) -> str:
        return f"no task {self.task_id!r} in this repository"


@dataclass(eq=False)
class StateProblem(TaskExecutorError):
    """The state folder cannot be written."""

    path: Path
    reason: str

    def __str__(self) -> str:
        return f"state folder {self.path}: {self.reason}"


@dataclass(eq=False)
class SessionDamaged(TaskExecutorError):
    """A session file that is not what this program wrote. It is never overwritten."""

    path: Path
    reason: str

    def __str__(self) -> str:
        return f"session file {self.path} is damaged: {self.reason}"


@dataclass(eq=False)
class NothingToShow(TaskExecutorError):
    """The task exists but has no result yet."""

    task_id: str
    reason: str

    def __str__(self) -> str:
        return f"task {self.task_id}: {self.reason}"


@dataclass(eq=False)
class KeyInResult(TaskExecutorError):
    """Files of a result that hold the API key; nothing of the result has been kept."""

    paths: tuple[str, ...]

    def __str__(self) -> str:
        return f"the result holds the API key, in {', '.join(self.paths[:10])}"


@dataclass(eq=False)
class IgnoredFiles(TaskExecutorError):
    """A worktree has files that no commit may hold, so that removing it would lose them."""

    worktree: Path
    paths: tuple[str, ...]

    def __str__(self) -> str:
        more = ", ..." if len(self.paths) > 10 else ""
        return f"{self.worktree} has files that are not kept: {', '.join(self.paths[:10])}{more}"


@dataclass(eq=False)
class SkillFolderProblem(TaskExecutorError):
    """The place of the skill is somebody else's, or cannot be written."""

    path: Path
    reason: str

    def __str__(self) -> str:
        return f"the skill was not installed in {self.path}: {self.reason}"
