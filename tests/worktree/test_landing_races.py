"""What others do to the repository at the worst moment, played by a git that goes before git."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from codex_worktree.errors import Busy, CheckoutInTheWay, TargetMoved
from codex_worktree.landing import land
from codex_worktree.operations import pending
from codex_worktree.recovery import recover
from codex_worktree.repository import Repository
from codex_worktree.undo import undo_last
from support.kills import killed_before
from support.landings import everything, files, landed, repository, result
from support.repositories import Sandpit

Meddle = Callable[[str, str], Repository]


@pytest.fixture
def meddle(pit: Sandpit, tmp_path: Path) -> Meddle:
    """A repository in which a shell command runs before each git command that has a word.

    ``$1`` is the process that starts git.
    """

    def opened(word: str, command: str) -> Repository:
        folder = tmp_path / "before-git"
        folder.mkdir()
        real = shutil.which("git")
        clean = f"env -i PATH={os.environ['PATH']} HOME={pit.environment['HOME']} sh -ec"
        script = (
            f'#!/bin/sh\ncase " $* " in *" {word} "*)\n{clean} \'{command}\' sh $PPID >&2;;\nesac\n'
        )
        (folder / "git").write_text(f'{script}exec {real} "$@"\n')
        (folder / "git").chmod(0o755)
        path = f"{folder}:{pit.environment['PATH']}"
        return repository(replace(pit, environment={**pit.environment, "PATH": path}))

    return opened


def test_a_new_branch_in_the_checkout_at_the_last_moment(pit: Sandpit, meddle: Meddle) -> None:
    """``switch -c`` at the same commit takes no lock, and git would move the new branch."""
    made, before = result(pit, {"README.md": "landed\n", "src/app.py": None}), files(pit.root)
    tip = pit.git("rev-parse", "main")
    found = meddle("--ff-only", f"cd {pit.root}; git switch -q -c stray")
    with pytest.raises(TargetMoved):
        land(found, "t", made, "main", "Merge\n")
    assert pit.git("rev-parse", "main", "stray").split() == [tip, tip]
    assert files(pit.root) == before
    assert pit.git("status", "--porcelain", "--branch") == "## stray"
    assert pending(repository(pit)) is None


def test_a_new_branch_in_the_checkout_during_an_undo(pit: Sandpit, meddle: Meddle) -> None:
    landed(pit, {"README.md": "landed\n", "src/app.py": None})
    tip, before = pit.git("rev-parse", "main"), files(pit.root)
    found = meddle("read-tree", f"cd {pit.root}; git switch -q -c stray")
    with pytest.raises(TargetMoved):
        undo_last(found)
    assert pit.git("rev-parse", "main", "stray").split() == [tip, tip]
    assert files(pit.root) == before
    assert pit.git("status", "--porcelain", "--branch") == "## stray"


def test_a_target_that_moves_before_the_intent_is_written(pit: Sandpit, meddle: Meddle) -> None:
    made = result(pit, {"README.md": "landed\n"})
    other = pit.git("commit-tree", "main^{tree}", "-p", "main", "-m", "other")
    before = files(pit.root)
    found = meddle("index-pack", f"cd {pit.root}; git update-ref refs/heads/main {other}")
    with pytest.raises(TargetMoved):
        land(found, "t", made, "main", "Merge\n")
    assert pit.git("rev-parse", "main") == other
    assert files(pit.root) == before
    assert not (pit.root / ".git/index.lock").exists()


def test_an_idle_target_that_moves_at_the_last_moment(pit: Sandpit, meddle: Meddle) -> None:
    made = result(pit, {"README.md": "landed\n"})
    other = pit.git("commit-tree", "main^{tree}", "-p", "main", "-m", "other")
    pit.git("checkout", "-q", "--detach")
    found = meddle("index-pack", f"cd {pit.root}; git update-ref refs/heads/main {other}")
    with pytest.raises(TargetMoved):
        land(found, "t", made, "main", "Merge\n")
    assert pit.git("rev-parse", "main") == other


def test_a_file_that_appears_just_before_git_writes(pit: Sandpit, meddle: Meddle) -> None:
    pit.commit({".gitignore": ".env\n"})
    made = result(pit, {".env": "landed\n", "README.md": "landed\n"})
    found = meddle("--ff-only", f"echo mine > {pit.root}/.env")
    before = everything(pit)
    with pytest.raises(CheckoutInTheWay):
        land(found, "t", made, "main", "Merge\n")
    assert (pit.root / ".env").read_text() == "mine\n"
    (pit.root / ".env").unlink()
    assert everything(pit) == before


def test_an_index_that_is_locked_just_after_the_first_look(pit: Sandpit, meddle: Meddle) -> None:
    made = result(pit, {"README.md": "landed\n"})
    found = meddle("index-pack", f"touch {pit.root}/.git/index.lock")
    before = everything(pit)
    with pytest.raises(Busy):
        land(found, "t", made, "main", "Merge\n")
    assert everything(pit) == before
    assert pending(repository(pit)) is None


def test_a_merge_that_outlives_its_killed_parent_is_waited_for(
    pit: Sandpit, meddle: Meddle
) -> None:
    """The child inherits the lock, so recovery cannot start before it has ended."""
    made = result(pit, {"README.md": "landed\n"})
    found = meddle("--ff-only", "kill -KILL $1")
    assert killed_before(10**6, lambda: land(found, "t", made, "main", "Merge\n"))
    (line,) = recover(repository(pit))
    assert line == "finished the interrupted operation: land t on main"
    assert (pit.root / "README.md").read_text() == "landed\n"
    assert pit.git("status", "--porcelain") == ""
