"""The names of the refs that this package keeps. Everything below ROOT is hidden from users.

``git gc`` keeps what a ref reaches; these are what makes "nothing is ever lost" true.
"""

from __future__ import annotations

ROOT = "refs/codex-tasks"
JOURNAL = f"{ROOT}/journal"
"""The chain of operations: each commit holds one JSON record."""


def branch(task_id: str) -> str:
    """The task's branch: before a landing, the only ref under refs/heads that is written."""
    return f"refs/heads/codex/{task_id}"


def task(task_id: str) -> str:
    """The folder of the task's hidden refs."""
    return f"{ROOT}/task/{task_id}"


def base(task_id: str) -> str:
    """The commit that the task's change set starts from; its existence marks the branch as ours."""
    return f"{ROOT}/task/{task_id}/base"


def result(task_id: str) -> str:
    """The last published result."""
    return f"{ROOT}/task/{task_id}/result"


def state(task_id: str) -> str:
    """A commit whose tree holds the session files, so that ``git clean`` cannot lose them."""
    return f"{ROOT}/task/{task_id}/state"


def kept(task_id: str, when: str) -> str:
    """What a clean-up removed."""
    return f"{ROOT}/kept/{task_id}/{when}"
