"""Bring back task files that ``git clean -fdx`` took, from the copies that hidden refs keep."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from codex_task_executor.session import TaskFiles, write_atomically
from codex_worktree import refs
from codex_worktree.repository import Repository
from codex_worktree.state import publish_state, read_state

PLACE = "state-dir"
"""The kept file that says which state folder the others belong to."""


def keep(repository: Repository, files: TaskFiles) -> None:
    """Publish a task's files to its state ref."""
    present = {path.name: path.read_bytes() for path in files.kept if path.exists()}
    present[PLACE] = str(files.state_dir).encode("utf-8", "surrogateescape")
    publish_state(repository, files.task_id, present)


def restore_lost(repository: Repository, state_dir: Path) -> tuple[str, ...]:
    """Write the files of every task of this state folder that has no session file any more.

    Returns what to say about it.
    """
    return tuple(
        f"restored the files of task {files.task_id}, which had been deleted"
        for task_id in _kept_ids(repository)
        if not (files := TaskFiles(state_dir, task_id)).session.exists()
        and _restore(repository, files)
    )


def _kept_ids(repository: Repository) -> Iterator[str]:
    prefix, suffix = refs.state("*").split("*")
    listed = repository.git.text("for-each-ref", "--format=%(refname)", refs.state("*"))
    for name in listed.split("\n") if listed else ():
        yield name.removeprefix(prefix).removesuffix(suffix)


def _restore(repository: Repository, files: TaskFiles) -> bool:
    kept = dict(read_state(repository, files.task_id) or {})
    place = kept.pop(PLACE, b"").decode("utf-8", "surrogateescape")
    if place != str(files.state_dir):
        return False
    files.prepare()
    for path in reversed(files.kept):  # the session last: it is what says that all are there
        if path.name in kept:
            write_atomically(path, kept[path.name])
    return True
