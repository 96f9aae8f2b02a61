"""Finish or take back what a kill left of a landing or undo.

Decided by where the branch stands. At the new commit: all files had been written, only the
index may lag behind, so the operation is finished. At the old one: the files are brought
back. Anywhere else: somebody went on; nothing of the checkout is touched.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass, replace
from pathlib import Path

from codex_worktree import checkout_index, checkouts, drivers, locks, transactions
from codex_worktree.checkouts import Checkout
from codex_worktree.diff_tree import changed
from codex_worktree.files import empty_folder
from codex_worktree.git import Git
from codex_worktree.operations import Operation, pending, record
from codex_worktree.quoting import quoted
from codex_worktree.refs import JOURNAL
from codex_worktree.repository import Repository
from codex_worktree.restoring import Sides, advance_index, restore_files
from codex_worktree.scratch import borrowing
from codex_worktree.transactions import RefMove
from codex_worktree.transfer import delivered


@dataclass(frozen=True)
class Settled:
    """What became of an interrupted operation; ``kept`` are paths changed by somebody else."""

    operation: Operation
    finished: bool
    kept: tuple[str, ...]

    def __str__(self) -> str:
        done = "finished" if self.finished else "took back"
        kept = f"; kept as they are: {', '.join(map(quoted, self.kept))}" if self.kept else ""
        return f"{done} the interrupted operation: {self.operation.title}{kept}"


def recover(repository: Repository) -> tuple[str, ...]:
    """Settle what a killed landing or undo left; returns what to say about it.

    Every command calls this first; where there is nothing to do it costs two git calls.

    Raises Busy where another program is changing the checkout's index.
    """
    if pending(repository) is None:
        return ()
    with locks.writer(repository) as lock:
        settled = settle_pending(repository, repository.git.holding(lock.descriptor))
    return () if settled is None else (str(settled),)


def settle_pending(repository: Repository, git: Git) -> Settled | None:
    """The same for a caller that holds the writer lock, which ``git`` passes on."""
    intent = pending(repository)
    return None if intent is None else settle(repository, git, intent)


def settle(repository: Repository, git: Git, intent: Operation) -> Settled:
    """Settle this operation, the last in the journal, and close its record."""
    checkout = checkouts.named(repository, intent.checkout) if intent.checkout else None
    if checkout is None:
        settled = Settled(intent, repository.reference(intent.target) == intent.after, ())
    else:
        settled = _settle_checkout(repository, git, intent, checkout)
    if settled.finished:
        _conclude(repository, drivers.quiet(git), intent)
    else:
        withdraw(drivers.quiet(git), intent)
    return settled


def withdraw(quiet: Git, intent: Operation) -> None:
    """Take the intent out of the journal: the operation did not happen."""
    assert intent.previous is not None
    transactions.move(quiet, [RefMove(JOURNAL, intent.id, intent.previous)], "withdraw")


def workplace(repository: Repository) -> Path:
    """The private folder of the one operation that can be under way, emptied."""
    return empty_folder(repository.private / "landing")


def _conclude(repository: Repository, quiet: Git, intent: Operation) -> None:
    with borrowing(quiet, workplace(repository)) as view:
        done = record(view, replace(intent, previous=intent.id), "done")
        with delivered(repository, view, done.id, [intent.id]):
            transactions.move(quiet, [RefMove(JOURNAL, intent.id, done.id)], "recover")


def _settle_checkout(
    repository: Repository, git: Git, intent: Operation, checkout: Checkout
) -> Settled:
    folder = workplace(repository)
    interrupted = checkout_index.is_locked_by(checkout, intent.id)
    if not interrupted:
        checkout_index.lock(checkout, intent.id, folder)
    try:
        if interrupted:
            checkout = _rejoin(repository, git, intent, checkout)
        return _settle_locked(repository, git, intent, checkout, folder)
    finally:
        checkout_index.unlock(checkout, intent.id)
        shutil.rmtree(folder, ignore_errors=True)


def _rejoin(repository: Repository, git: Git, intent: Operation, checkout: Checkout) -> Checkout:
    """Undo what a ``switch -c`` in the middle of the operation did to the refs.

    That command takes no index lock, as it stays at the same commit. It makes ``merge`` move
    the new branch instead of the target, or leaves its branch behind when the target moves.
    """
    stray = checkout.branch
    if stray is None or stray == intent.target:
        return checkout
    if repository.reference(stray) not in (intent.before, intent.after):
        return checkout
    for name in (stray, intent.target):
        if repository.reference(name) == intent.after:
            back = RefMove(name, intent.after, intent.before)
            transactions.move(drivers.quiet(git), [back], "restore")
    return replace(checkout, branch=intent.target)


def _settle_locked(
    repository: Repository, git: Git, intent: Operation, checkout: Checkout, folder: Path
) -> Settled:
    tip = repository.reference(intent.target)
    here = checkout.branch == intent.target
    silent = drivers.quiet(checkout.git(git))
    touched = changed(silent, intent.before, intent.after)
    kept: tuple[str, ...] = ()
    if here and tip == intent.after:
        kept = advance_index(silent, checkout, touched, folder)
    elif here and tip == intent.before:
        sides = Sides(intent.before, intent.after)
        kept = restore_files(silent, checkout, sides, touched, folder)
    return Settled(intent, tip == intent.after, kept)
