"""Where a branch is checked out, and whether something is under way there.

The worktrees are found by their entries in the common dir, never by asking a folder for
its ``.git``: a task's worktree is the model's.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from codex_worktree.errors import CheckoutInTheWay
from codex_worktree.files import read_if_there
from codex_worktree.git import Git
from codex_worktree.repository import Repository

_UNDER_WAY = {
    "MERGE_HEAD": "a merge",
    "CHERRY_PICK_HEAD": "a cherry-pick",
    "REVERT_HEAD": "a revert",
    "rebase-merge": "a rebase",
    "rebase-apply": "a rebase or am",
    "sequencer": "a sequence of picks or reverts",
    "BISECT_LOG": "a bisect",
}
"""What git keeps in a worktree's git dir while it waits for its user (wt-status.c)."""

_HELD_IN = ("rebase-merge/head-name", "rebase-apply/head-name", "BISECT_START")
"""Files that name the branch which a rebase or bisect returns to; HEAD is detached then."""


@dataclass(frozen=True)
class Checkout:
    """A worktree: its folder, its own git dir, the full name of its branch if it has one.

    ``name`` is the git dir relative to the common dir: ``.`` for the main worktree.
    """

    path: Path
    git_dir: Path
    branch: str | None
    name: str

    def git(self, git: Git) -> Git:
        """``git`` in this checkout."""
        return replace(git, git_dir=self.git_dir, work_tree=self.path, cwd=None)


def of_branch(repository: Repository, ref: str) -> Checkout | None:
    """The checkout of the branch, or None where it is checked out nowhere.

    Raises CheckoutInTheWay where the branch cannot be moved: a rebase or bisect will come
    back to it, something is under way in its checkout, it is checked out twice, or the
    checkout's folder is missing.
    """
    everywhere = list(_all(repository))
    for checkout in everywhere:
        _refuse_held(checkout, ref)
    found = [each for each in everywhere if each.branch == ref]
    for checkout in found:
        _refuse_unusable(repository, checkout)
    if len(found) > 1:
        paths = tuple(str(checkout.path) for checkout in found)
        raise CheckoutInTheWay(found[0].path, paths, "the branch is checked out more than once")
    return found[0] if found else None


def named(repository: Repository, name: str) -> Checkout | None:
    """The checkout of this name, None where it or its folder is gone."""
    found = [each for each in _all(repository) if each.name == name and each.path.is_dir()]
    return found[0] if found else None


def _all(repository: Repository) -> Iterator[Checkout]:
    listed = repository.git.run("worktree", "list", "--porcelain", "-z").text
    main, *linked = (block.split("\0") for block in listed.split("\0\0") if block)
    if "bare" not in main:
        # its path as listed is wrong in a submodule
        yield Checkout(repository.root, repository.common_dir, _branch(main), ".")
    branches = {os.path.realpath(_path(block)): _branch(block) for block in linked}
    entries = repository.common_dir / "worktrees"
    for git_dir in sorted(entries.iterdir()) if entries.is_dir() else ():
        link = _line(git_dir / "gitdir")
        path = Path(os.path.normpath(git_dir / link)).parent
        if link:
            branch = branches.get(os.path.realpath(path))
            yield Checkout(path, git_dir, branch, f"worktrees/{git_dir.name}")


def _path(block: list[str]) -> Path:
    return Path(block[0].removeprefix("worktree "))


def _branch(block: list[str]) -> str | None:
    named = [line for line in block if line.startswith("branch ")]
    return named[0].removeprefix("branch ") if named else None


def _refuse_held(checkout: Checkout, ref: str) -> None:
    short = ref.removeprefix("refs/heads/")
    held = {_line(checkout.git_dir / name) for name in _HELD_IN}
    moved_along = os.fsdecode(read_if_there(checkout.git_dir / "rebase-merge/update-refs"))
    if {ref, short} & held or ref in moved_along.split("\n"):
        reason = f"a rebase or bisect that is under way there will come back to {short}"
        raise CheckoutInTheWay(checkout.path, (), reason)


def _refuse_unusable(repository: Repository, checkout: Checkout) -> None:
    if not checkout.path.is_dir():
        raise CheckoutInTheWay(checkout.path, (), "the worktree's folder is missing")
    under_way = [what for name, what in _UNDER_WAY.items() if _has(repository, checkout, name)]
    if under_way:
        raise CheckoutInTheWay(checkout.path, (), f"{under_way[0]} is under way there")


def _has(repository: Repository, checkout: Checkout, name: str) -> bool:
    """A file, or with reftable storage (git 2.45) a ref."""
    if (checkout.git_dir / name).exists():
        return True
    if not name.endswith("_HEAD") or not (repository.common_dir / "reftable").is_dir():
        return False
    asked = checkout.git(repository.git).run("rev-parse", "-q", "--verify", name, ok=(0, 1))
    return asked.code == 0


def _line(file: Path) -> str:
    return os.fsdecode(read_if_there(file)).rstrip("\n")
