"""The files of a worktree, written through its shadow: no filter, no hook, no driver.

The shadow's index says that the files have been written: ``read-tree -u`` writes it last.
A marker says that writing began, so that an interrupted one starts again, while files that
were there before and have no index (somebody deleted the shadow) are never overwritten.
"""

from __future__ import annotations

import os
import shutil
from contextlib import suppress
from pathlib import Path

from codex_worktree import entries, locks, shadow
from codex_worktree.git import Git
from codex_worktree.repository import Repository


def forget(git: Git) -> None:
    """The folder is gone: what the shadow's index says about it is no longer so."""
    (git.git_dir / "index").unlink(missing_ok=True)


def ensure(
    repository: Repository, git: Git, task_id: str, base: str, path: Path, entry: Path
) -> None:
    """Write the files of the task's latest commit, unless that was done before.

    ``git`` works on the shadow with the worktree's ``path`` as work tree, under the tree
    lock. Afterwards the shadow's index is that of ``base``.
    """
    begun, index = git.git_dir.parent / "populating", git.git_dir / "index"
    if not begun.exists() and index.exists():
        return
    if not begun.exists() and not entries.vacant(path):
        git.run("read-tree", base)
        if not (entry / "index").exists():
            share_index(index, entry)
        return
    begun.touch()
    commit = shadow.latest(repository, task_id)
    with locks.core(repository) as slot:
        git.holding(slot.descriptor).run("read-tree", "--reset", "-u", commit)
    share_index(index, entry)
    if commit != base:
        git.run("read-tree", "--reset", base)
    begun.unlink()


def share_result(git: Git, commit: str, entry: Path) -> None:
    """Give the worktree's own git an index of the commit that is now its branch's tip."""
    scratch = shadow.with_scratch_index(git)
    scratch.run("read-tree", "--reset", commit)
    scratch.run("update-index", "-q", "--refresh", ok=(0, 1))
    share_index(shadow.scratch_index(git), entry)


def share_index(index: Path, entry: Path) -> None:
    """Put a copy of the index into the worktree's entry, so that its status starts from there.

    Nothing is done while another git holds that index's lock: its next status is then only
    slower, or shows as unstaged what the branch has already.
    """
    scratch, lock = entry / "index.codex-task", entry / "index.lock"
    if scratch.exists() and lock.exists() and scratch.samefile(lock):
        lock.unlink()  # ours, from a run that was killed between the two steps below
    shutil.copy2(index, scratch)  # with its time: git compares it with the files'
    with suppress(FileExistsError):
        os.link(scratch, lock)
        lock.replace(entry / "index")
    scratch.unlink()
