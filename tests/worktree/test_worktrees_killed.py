"""Whatever kills a creation, a snapshot or a publication, the next run finishes it."""

from __future__ import annotations

import shutil

import pytest

from codex_worktree import population, refs, worktrees
from support.killing import Killing
from support.repositories import Sandpit
from support.tasks import TASK, Task, place

CREATE = f"""
import os, sys
from pathlib import Path
from codex_worktree import worktrees
from codex_worktree.repository import Repository
repository = Repository.open(Path(sys.argv[1]), dict(os.environ))
worktrees.create(repository, {TASK!r}, repository.head().commit, Path(sys.argv[2]))
"""
PUBLISH = f"""
import os, sys
from pathlib import Path
from codex_worktree import publish, snapshot, worktrees
from codex_worktree.repository import Repository
repository = Repository.open(Path(sys.argv[1]), dict(os.environ))
found = worktrees.find(repository, {TASK!r}, Path(sys.argv[2]))
who = repository.identity()
taken = snapshot.take(repository, found, found.base, "m", who, refuse=lambda path: False)
publish.publish(repository, found, taken)
"""
REMOVE = f"""
import os, sys
from pathlib import Path
from codex_worktree import worktrees
from codex_worktree.repository import Repository
repository = Repository.open(Path(sys.argv[1]), dict(os.environ))
worktrees.remove(repository, worktrees.find(repository, {TASK!r}, Path(sys.argv[2])))
"""


POINTS_OF_CREATION = [
    ("after", "update-ref"),
    ("before", "worktree"),
    ("after", "worktree"),
    ("before", "ls-tree"),
    ("before", "read-tree"),
    ("after", "read-tree"),
]
POINTS_OF_PUBLICATION = [
    ("after", "--add"),
    ("before", "write-tree"),
    ("before", "commit-tree"),
    ("before", "pack-objects"),
    ("before", "index-pack"),
    ("after", "index-pack"),
    ("before", "update-ref"),
    ("after", "update-ref"),
    ("after", "--refresh"),
]


def kill(pit: Sandpit, when: str, command: str, code: str) -> None:
    killing = Killing(pit.root.parent / "bin", pit.environment)
    killing.run(when, command, code, str(pit.root), str(place(pit)))


def check_finished(pit: Sandpit) -> Task:
    """The next run makes of it what an undisturbed one would have made."""
    task = Task.create(pit)
    assert worktrees.find(task.repository, TASK, task.path) == task.worktree
    check_sound(task)
    assert (task.path / "src/app.py").read_text() == "print('hello')\n"
    return task


def check_sound(task: Task) -> None:
    pit = task.pit
    assert pit.git("status", "--porcelain", cwd=task.path) == ""
    assert pit.git("for-each-ref", "--format=%(refname:short)", "refs/heads").split() == [
        f"codex/{TASK}",
        "main",
    ]
    assert pit.git("worktree", "list", "--porcelain").count("worktree ") == 2
    pit.git("fsck", "--strict")
    left = [*(pit.root / ".git").rglob("*.lock"), *(pit.root / ".git").rglob("*.keep")]
    assert [str(path) for path in left] == []
    assert [path.name for path in task.path.parent.iterdir()] == [TASK]


@pytest.mark.parametrize(("when", "command"), POINTS_OF_CREATION)
def test_a_killed_creation_is_finished_by_the_next_run(
    pit: Sandpit, when: str, command: str
) -> None:
    kill(pit, when, command, CREATE)
    check_finished(pit)


def edited(pit: Sandpit) -> Task:
    task = Task.create(pit)
    (task.path / "README.md").unlink()
    (task.path / "new.txt").write_text("new\n")
    return task


def check_published(task: Task) -> None:
    """Either nothing was published yet or all of it; then the next run publishes it."""
    both = [task.repository.reference(name(TASK)) for name in (refs.branch, refs.result)]
    assert both in ([task.worktree.base, None], [both[0], both[0]])
    again = Task.create(task.pit)
    taken = again.take(again.worktree.base)
    again.publish(again.take(both[1] or again.worktree.base))
    assert again.pit.git("ls-tree", "-r", "--name-only", f"codex/{TASK}").split() == [
        "new.txt",
        "src/app.py",
    ]
    assert again.pit.git("rev-parse", f"codex/{TASK}^{{tree}}") == taken.tree
    check_sound(again)


@pytest.mark.parametrize(("when", "command"), POINTS_OF_PUBLICATION)
def test_a_killed_publication_is_finished_by_the_next_run(
    pit: Sandpit, when: str, command: str
) -> None:
    task = edited(pit)
    kill(pit, when, command, PUBLISH)
    check_published(task)


def test_a_killed_removal_loses_nothing(pit: Sandpit) -> None:
    task = edited(pit)
    taken = task.take()
    task.publish(taken)
    kill(pit, "before", "--count=1", REMOVE)
    assert not task.path.exists()
    again = Task.create(pit)
    assert pit.git("rev-parse", f"codex/{TASK}") == taken.commit
    assert (again.path / "new.txt").exists() and not (again.path / "README.md").exists()
    shutil.rmtree(task.path.parent / ".trash")
    check_sound(again)


def test_a_checkout_killed_in_the_middle_is_written_again(pit: Sandpit) -> None:
    task = Task.create(pit)
    (task.worktree.shadow / "index").rename(task.worktree.shadow / "index.lock")
    (task.worktree.shadow.parent / "populating").touch()
    (task.path / "README.md").write_text("hel")
    (task.path / "src/app.py").unlink()
    check_finished(pit)


@pytest.mark.parametrize("files", [["locked"], ["locked", "gitdir"], ["locked", "gitdir", "zeros"]])
def test_a_worktree_add_killed_in_the_middle_is_made_again(pit: Sandpit, files: list[str]) -> None:
    kill(pit, "after", "update-ref", CREATE)
    entry = pit.root / ".git/worktrees" / TASK
    entry.mkdir(parents=True)
    (entry / "locked").write_text(f"codex-task {TASK}")
    if "gitdir" in files:
        place(pit).mkdir(parents=True)
        (place(pit) / ".git").write_text(f"gitdir: {entry}\n")
        (entry / "gitdir").write_text(f"{place(pit)}/.git\n")
    if "zeros" in files:
        (entry / "commondir").write_text("../..\n")
        (entry / "HEAD").write_text("0" * 40 + "\n")
    check_finished(pit)


def test_locks_on_our_refs_that_a_killed_git_left_are_cleared(pit: Sandpit) -> None:
    task = edited(pit)
    for name in (refs.branch(TASK), refs.result(TASK)):
        lock = task.repository.common_dir / f"{name}.lock"
        lock.touch()
    (task.repository.private / "locks/repository").write_text("1\n")
    task.publish(task.take())
    check_sound(task)


def test_an_index_lock_of_ours_in_the_worktree_is_cleared(pit: Sandpit) -> None:
    task = edited(pit)
    entry = task.worktree.entry
    shutil.copy2(entry / "index", entry / "index.codex-task")
    (entry / "index.lock").hardlink_to(entry / "index.codex-task")
    task.publish(task.take())
    check_sound(task)


def test_an_index_lock_of_somebody_else_is_respected(pit: Sandpit) -> None:
    task = edited(pit)
    (task.worktree.entry / "index.lock").touch()
    population.share_index(task.worktree.shadow / "index", task.worktree.entry)
    assert (task.worktree.entry / "index.lock").exists()
    assert not (task.worktree.entry / "index.codex-task").exists()
