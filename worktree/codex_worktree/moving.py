"""Move a branch from one commit to another, with its checkout and the journal.

Where the branch is checked out nowhere this is one ref transaction. Otherwise git cannot
change files, index and ref in one step, so: an intent in the journal, the index's lock,
another look at everything, the files (and the ref) by git into a copy of the index, the
copy into place, the done record. Whatever kills it, recovery.py finishes it or takes it back.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from codex_worktree import checkout_index, checkouts, drivers, obstacles, recovery, transactions
from codex_worktree.checkouts import Checkout
from codex_worktree.diff_tree import FileChange, changed
from codex_worktree.drivers import Drivers
from codex_worktree.errors import CheckoutInTheWay, GitCommandError, TargetMoved
from codex_worktree.git import Git
from codex_worktree.operations import Operation, record
from codex_worktree.refs import JOURNAL
from codex_worktree.repository import Repository
from codex_worktree.scratch import lending
from codex_worktree.transactions import RefMove
from codex_worktree.transfer import delivered

_MERGE = (
    *("merge", "-q", "--ff-only", "--no-overwrite-ignore", "--no-verify-signatures"),
    *("--no-autostash", "--no-stat"),
)
"""``--no-overwrite-ignore``: without it an ignored file such as .env is silently replaced."""


@dataclass(frozen=True)
class Scene:
    """Where it happens: ``git`` works on the common dir and passes on the writer lock, ``view``
    has objects not yet in the repository, ``drivers`` are what ``git`` would run.

    ``haves`` are commits that the repository has, so as not to pack them again.
    """

    repository: Repository
    git: Git
    view: Git
    drivers: Drivers
    haves: Sequence[str]

    @property
    def quiet(self) -> Git:
        """``git`` without drivers and configured hooks."""
        return drivers.silenced(self.git, self.drivers)


@dataclass(frozen=True)
class _Place:
    """A checkout, git in it without any drivers, those drivers, and what will change there."""

    checkout: Checkout
    git: Git
    drivers: Drivers
    touched: Sequence[FileChange]


def perform(scene: Scene, planned: Operation) -> Operation:
    """Do what is planned (its ``id``, ``checkout`` and ``previous`` are filled in).

    Raises TargetMoved, CheckoutInTheWay or Busy; then nothing has changed.
    """
    checkout = checkouts.of_branch(scene.repository, planned.target)
    planned = replace(
        planned,
        previous=scene.repository.reference(JOURNAL),
        checkout=checkout.name if checkout else None,
    )
    if checkout is None:
        return _move_refs(scene, planned)
    return _move_checkout(scene, planned, _place(scene, planned, checkout))


def _move_refs(scene: Scene, planned: Operation) -> Operation:
    done = record(scene.view, planned, "done")
    with delivered(scene.repository, scene.view, done.id, scene.haves):
        _move(scene, planned, [planned.move, RefMove(JOURNAL, planned.previous, done.id)])
    return done


def _move_checkout(scene: Scene, planned: Operation, place: _Place) -> Operation:
    checkout_index.refuse_locked(place.checkout)
    _refuse_obstacles(scene, planned, place)
    intent = record(scene.view, planned, "intent")
    done = record(scene.view, replace(intent, previous=intent.id), "done")
    with delivered(scene.repository, scene.view, done.id, scene.haves):
        transactions.move(
            scene.quiet, [RefMove(JOURNAL, planned.previous, intent.id)], intent.title
        )
        _update_checkout(scene, intent, place)
        transactions.move(scene.quiet, [RefMove(JOURNAL, intent.id, done.id)], planned.title)
    return done


def _update_checkout(scene: Scene, intent: Operation, place: _Place) -> None:
    folder = recovery.workplace(scene.repository)
    try:
        checkout_index.lock(place.checkout, intent.id, folder)
        _require(place, intent, intent.before)
        _refuse_obstacles(scene, intent, place)
        index = checkout_index.copy(place.checkout, folder)
    except BaseException:
        _abandon(scene, intent, place)
        raise
    try:
        _change_files(scene, intent, place, index)
        _require(place, intent, intent.after)
        checkout_index.install(place.checkout, index)
        checkout_index.unlock(place.checkout, intent.id)
    except CheckoutInTheWay:
        _abandon(scene, intent, place)
        raise
    except BaseException:
        recovery.settle(scene.repository, scene.git, intent)
        raise
    shutil.rmtree(folder, ignore_errors=True)


def _abandon(scene: Scene, intent: Operation, place: _Place) -> None:
    """For a failure before the first file was changed: what lies there is all the user's."""
    checkout_index.unlock(place.checkout, intent.id)
    recovery.withdraw(scene.quiet, intent)


def _change_files(scene: Scene, intent: Operation, place: _Place, index: Path) -> None:
    """Files and branch forward by ``merge``; backward, which merge cannot, by ``read-tree``."""
    git = place.git.with_variables(
        GIT_INDEX_FILE=str(index), GIT_REFLOG_ACTION=f"codex-task: {intent.title}"
    )
    if intent.kind == "land" or _is_ancestor(scene.git, intent.before, intent.after):
        _fast_forward(git, intent, place)
        return
    git.run("update-index", "-q", "--refresh", ok=(0, 1))  # read-tree trusts the times in it
    git.run("read-tree", "-m", "-u", intent.before, intent.after)
    _require(place, intent, intent.before)
    transactions.move(place.git, [intent.move], intent.title)


def _fast_forward(git: Git, intent: Operation, place: _Place) -> None:
    """Exit code 1 is git's refusal to overwrite something, found before it changes anything."""
    answer = git.run(*_MERGE, intent.after, ok=(0, 1))
    if answer.code:
        reason = answer.stderr.decode("utf-8", "replace").strip().split("\n")[0]
        raise CheckoutInTheWay(place.checkout.path, (), f"git refuses: {reason}")


def _place(scene: Scene, planned: Operation, checkout: Checkout) -> _Place:
    git = checkout.git(scene.git)
    found = scene.drivers if checkout.name == "." else drivers.configured(git)
    quiet = drivers.silenced(
        git,
        found,
        (f"branch.{planned.branch}.mergeOptions", ""),
        ("core.splitIndex", "false"),  # a shared part would be looked for beside the copy
    )
    return _Place(checkout, quiet, found, changed(scene.view, planned.before, planned.after))


def _refuse_obstacles(scene: Scene, planned: Operation, place: _Place) -> None:
    git = lending(scene.view, place.git)
    obstacles.refuse(git, place.checkout, planned.after, place.touched, place.drivers)


def _require(place: _Place, intent: Operation, expected: str) -> None:
    """The target, read again, is checked out here and at this commit. Raises TargetMoved.

    The index's lock keeps most others away, but ``switch -c`` does not need it: HEAD may name
    a branch made meanwhile, which ``merge`` would move instead.
    """
    asked = ("rev-parse", "-q", intent.target, "--symbolic-full-name", "HEAD")
    answer = place.git.run(*asked, ok=(0, 128))
    tip, head = answer.text.split("\n") if not answer.code else ("nothing", "")
    if tip != expected:
        raise TargetMoved(intent.branch, expected, tip)
    if head != intent.target:
        raise TargetMoved(f"the HEAD of {place.checkout.path}", intent.target, head)


def _move(scene: Scene, planned: Operation, moves: Sequence[RefMove]) -> None:
    try:
        transactions.move(scene.quiet, moves, planned.title)
    except GitCommandError as error:
        tip = scene.repository.reference(planned.target)
        if tip == planned.before:
            raise
        raise TargetMoved(planned.branch, planned.before, tip or "nothing") from error


def _is_ancestor(git: Git, older: str, newer: str) -> bool:
    return git.run("merge-base", "--is-ancestor", older, newer, ok=(0, 1)).code == 0
