"""``codex-task.toml``: what a repository may say about itself, read from the base commit.

Never from a worktree, which the model writes; and it can name the test command, no more: a
key, a URL or a limit there is not read at all.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass

from codex_task_executor.errors import SettingProblem
from codex_worktree.repository import Repository

NAME = "codex-task.toml"


@dataclass(frozen=True)
class ProjectSettings:
    """The repository's own settings."""

    test_command: str | None = None


def read(repository: Repository, base: str) -> ProjectSettings:
    """The settings of a commit; defaults where it has no such file. Raises SettingProblem."""
    found = repository.git.run("cat-file", "blob", f"{base}:{NAME}", ok=(0, 128))
    if found.code:
        return ProjectSettings()
    where = f"{base[:7]}:{NAME}"
    try:
        command = tomllib.loads(found.stdout.decode("utf-8")).get("test")
    except ValueError as error:
        raise SettingProblem(NAME, where, f"cannot be read ({error})") from error
    if command is not None and not isinstance(command, str):
        raise SettingProblem(NAME, where, "test must be a command line")
    return ProjectSettings(command)
