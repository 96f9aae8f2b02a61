"""A landing or undo that is killed at any point happened wholly or not at all."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from tempfile import mkdtemp

import pytest

from codex_worktree.landing import land
from codex_worktree.operations import journal, pending
from codex_worktree.recovery import recover
from codex_worktree.repository import Repository
from codex_worktree.undo import undo_last
from support.kills import git_command, killed_before, renaming_to
from support.landings import Everything, everything, repository, result
from support.repositories import Sandpit
from support.trees import EXECUTABLE, SYMLINK, File

TEXT = "".join(f"line {number}\n" for number in range(50))

EDITS_OF_README = TEXT.replace("line 7", "line seven")
EDITS = {
    "README.md": EDITS_OF_README,
    "src/app.py": None,
    "new/deep/file.txt": "x\n",
    "link": File(b"README.md", SYMLINK),
    "script": File(b"#!/bin/sh\n", EXECUTABLE),
    "folder": "a file now\n",
    "folder/old.txt": None,
}


@pytest.fixture
def busy(pit: Sandpit) -> Sandpit:
    """A checkout with work of its user's that no landing touches."""
    pit.commit({"README.md": TEXT, "staged": "1\n", "dirty": "1\n", "folder/old.txt": "1\n"})
    pit.commit({".gitignore": ".env\n"})
    pit.write({"staged": "2\n", "dirty": "2\n", "untracked": "u\n", ".env": "SECRET=1\n"})
    pit.git("add", "staged")
    return pit


def copies(pit: Sandpit) -> Iterator[Sandpit]:
    """The same repository in a new place, again and again."""
    while True:
        root = Path(mkdtemp(dir=pit.root.parent), "repo")
        shutil.copytree(pit.root, root, symlinks=True)
        yield replace(pit, root=root)
        shutil.rmtree(root)


def outcomes(
    start: Sandpit, action: Callable[[Repository], object], begun: Everything, finished: Everything
) -> list[str]:
    """Kill the action before each of its changes in turn, recover, and compare."""
    found = []
    for step, pit in enumerate(copies(start), start=1):
        opened = repository(pit)
        killed = killed_before(step, partial(action, opened))
        recover(opened)
        found.append(outcome(pit, begun, finished))
        if not killed:
            return found
    raise AssertionError


def outcome(pit: Sandpit, begun: Everything, finished: Everything) -> str:
    now = everything(pit)
    assert pending(repository(pit)) is None
    assert not (pit.root / ".git/index.lock").exists()
    pit.git("fsck", "--strict", "--no-dangling")
    name, expected = ("finished", finished) if tip(now) == tip(finished) else ("begun", begun)
    assert (tip(now), now.files, now.index) == (tip(expected), expected.files, expected.index)
    assert pit.git("diff", "--name-only") == "dirty"
    assert pit.git("diff", "--name-only", "--cached") == "staged"
    return name


def tip(state: Everything) -> str:
    """Where main stands; the time stands still in these tests, so ids repeat."""
    (line,) = [line for line in state.refs.split("\n") if line.endswith("refs/heads/main")]
    return line


@dataclass(frozen=True)
class Landing:
    """A landing to be killed, and what is there before and after it."""

    pit: Sandpit
    made: str
    begun: Everything
    finished: Everything

    def run(self, opened: Repository) -> object:
        return land(opened, "t", self.made, "main", "Merge\n")


@pytest.fixture
def landing(busy: Sandpit) -> Landing:
    made = result(busy, EDITS)
    whole = next(copies(busy))
    land(repository(whole), "t", made, "main", "Merge\n")
    return Landing(busy, made, everything(busy), everything(whole))


def test_a_landing_killed_anywhere_happened_wholly_or_not_at_all(landing: Landing) -> None:
    found = outcomes(landing.pit, landing.run, landing.begun, landing.finished)
    assert len(found) > 10
    assert found == sorted(found)
    assert set(found) == {"begun", "finished"}


def test_an_undo_killed_anywhere_happened_wholly_or_not_at_all(landing: Landing) -> None:
    landing.run(repository(landing.pit))
    found = outcomes(landing.pit, undo_last, landing.finished, landing.begun)
    assert len(found) > 10
    assert set(found) == {"begun", "finished"}


def half_changed(landing: Landing) -> Sandpit:
    """Killed before git's merge, then changed by hand as far as a killed merge may come."""
    pit = landing.pit
    assert killed_before(1, partial(landing.run, repository(pit)), git_command("--ff-only"))
    (pit.root / "README.md").write_text(EDITS_OF_README[:100])
    (pit.root / "src/app.py").unlink()
    (pit.root / "folder/old.txt").unlink()
    (pit.root / "folder").rmdir()
    (pit.root / "folder").touch()
    pit.write({"new/deep/file.txt": "x\n"})
    (pit.root / "link").symlink_to("README.md")
    return pit


def test_a_recovery_killed_anywhere_is_itself_recovered(landing: Landing) -> None:
    pit = half_changed(landing)
    found = outcomes(pit, recover, landing.begun, landing.finished)
    assert len(found) > 5
    assert set(found) == {"begun"}


def test_a_recovery_that_finishes_may_be_killed_too(landing: Landing) -> None:
    pit = landing.pit
    last_step = renaming_to(pit.root / ".git/index")
    assert killed_before(1, partial(landing.run, repository(pit)), last_step)
    found = outcomes(pit, recover, landing.begun, landing.finished)
    assert len(found) > 5
    assert set(found) == {"finished"}


def test_a_landing_in_a_linked_worktree_is_recovered_from_the_main_one(
    pit: Sandpit, tmp_path: Path
) -> None:
    linked = tmp_path / "linked"
    pit.git("worktree", "add", "-q", "-b", "side", str(linked))
    made, opened = result(pit, {"README.md": "landed\n"}), repository(pit)
    before = everything(pit, linked)
    index = renaming_to(pit.root / ".git/worktrees/linked/index")
    action = partial(land, opened, "t", made, "side", "Merge\n")
    assert killed_before(1, action, git_command("--ff-only"))
    assert recover(opened) == ("took back the interrupted operation: land t on side",)
    assert everything(pit, linked) == before
    assert killed_before(1, action, index)
    assert recover(opened) == ("finished the interrupted operation: land t on side",)
    assert pit.git("status", "--porcelain", cwd=linked) == ""
    assert (linked / "README.md").read_text() == "landed\n"


def test_a_landing_on_a_branch_that_is_checked_out_nowhere_needs_no_recovery(
    pit: Sandpit,
) -> None:
    pit.git("branch", "idle", "main")
    made, before = result(pit, {"a": "1\n"}), pit.git("rev-parse", "idle")
    for step, copy in enumerate(copies(pit), start=1):
        opened = repository(copy)
        killed = killed_before(step, partial(land, opened, "t", made, "idle", "Merge\n"))
        assert recover(opened) == ()
        assert bool(list(journal(opened))) == (copy.git("rev-parse", "idle") != before)
        copy.git("fsck", "--strict", "--no-dangling")
        if not killed:
            return
