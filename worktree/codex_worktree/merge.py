"""What merging a task's result into a branch would give, computed without touching anything.

Objects go to a throw-away store; attributes are those of the target's commit alone, so a
task cannot choose how it is merged; renames and the diff algorithm are git's defaults. No
merge driver runs: a path that both sides changed and that has a driver of the user's
(``merge=<name>`` with ``merge.<name>.driver`` configured) is reported as a conflict, since
git's own text merge is not what its owner asked for.
"""

from __future__ import annotations

from dataclasses import dataclass

from codex_worktree import drivers, tree_attributes
from codex_worktree.contents import trees
from codex_worktree.diff_tree import changed
from codex_worktree.drivers import Drivers
from codex_worktree.errors import UnrelatedHistories
from codex_worktree.git import Git
from codex_worktree.scratch import borrowing
from codex_worktree.three_way import Conflict, Merged, merged, merged_onto

__all__ = [
    "AlreadyContained",
    "CleanMerge",
    "Conflict",
    "ConflictedMerge",
    "MergeResult",
    "NothingToMerge",
    "Sides",
    "compute",
    "preview",
    "take_back",
]


@dataclass(frozen=True)
class CleanMerge:
    """``tree`` is what the branch would hold after the merge."""

    target: str
    target_commit: str
    tree: str


@dataclass(frozen=True)
class ConflictedMerge:
    """Paths that need a decision, in git's order."""

    target: str
    target_commit: str
    conflicts: tuple[Conflict, ...]


@dataclass(frozen=True)
class AlreadyContained:
    """The branch has the result, as history or as content (a squash merge, say)."""

    target: str
    target_commit: str


@dataclass(frozen=True)
class NothingToMerge:
    """The result is the base, or has its tree."""

    target: str
    target_commit: str


MergeResult = CleanMerge | ConflictedMerge | AlreadyContained | NothingToMerge


@dataclass(frozen=True)
class Sides:
    """A merge to compute: commit ``result`` into ``target_commit``.

    ``target`` is what the branch is called in the answer; ``base`` is where the result's
    work started, None where that is not known.
    """

    target: str
    target_commit: str
    base: str | None
    result: str


def preview(git: Git, target: str, target_commit: str, base: str, result: str) -> MergeResult:
    """What merging ``result``, a task's work since ``base``, into ``target_commit`` gives.

    ``git`` must see all three commits; it is only read. The merge itself goes by history,
    ``base`` only tells whether there is anything to merge.

    Raises UnrelatedHistories.
    """
    found = drivers.configured(git)
    with borrowing(git) as view:
        return compute(view, Sides(target, target_commit, base, result), found)


def compute(view: Git, sides: Sides, configured: Drivers) -> MergeResult:
    """The same within a view that keeps the merged tree's objects."""
    if sides.base and len(set(trees(view, sides.base, sides.result))) == 1:
        return NothingToMerge(sides.target, sides.target_commit)
    fork = _merge_base(view, sides.target_commit, sides.result)
    if fork == sides.result:
        return AlreadyContained(sides.target, sides.target_commit)
    with tree_attributes.of_commit(view, sides.target_commit) as located:
        found = merged(located, sides.target_commit, sides.result)
        doubtful = _with_driver(located, fork, sides, configured)
    return _answer(view, sides, found, doubtful)


def take_back(
    view: Git, base: str, sides: Sides, configured: Drivers
) -> CleanMerge | ConflictedMerge | AlreadyContained:
    """Apply the way from ``base`` to the result to the target, whatever their histories are.

    With a landing's ``after`` as base and its ``before`` as result this reverts it.
    """
    with tree_attributes.of_commit(view, sides.target_commit) as located:
        found = merged_onto(located, base, sides.target_commit, sides.result)
        doubtful = _with_driver(located, base, sides, configured)
    return _answer(view, sides, found, doubtful)


def _answer(
    view: Git, sides: Sides, found: Merged, doubtful: list[Conflict]
) -> CleanMerge | ConflictedMerge | AlreadyContained:
    conflicts = (*found.conflicts, *doubtful)  # a path may be named for both reasons
    if conflicts:
        return ConflictedMerge(sides.target, sides.target_commit, conflicts)
    if trees(view, sides.target_commit) == [found.tree]:
        return AlreadyContained(sides.target, sides.target_commit)
    return CleanMerge(sides.target, sides.target_commit, found.tree)


def _merge_base(view: Git, target_commit: str, result: str) -> str:
    found = view.run("merge-base", target_commit, result, ok=(0, 1))
    if found.code:
        raise UnrelatedHistories(target_commit, result)
    return found.text


def _with_driver(located: Git, base: str, sides: Sides, configured: Drivers) -> list[Conflict]:
    """Paths that both sides changed, differently, and that a driver should have merged."""
    if not configured.merges:
        return []
    ours, theirs = (
        {change.path: change.new_id for change in changed(located, base, side)}
        for side in (sides.target_commit, sides.result)
    )
    both = sorted(path for path in ours.keys() & theirs.keys() if ours[path] != theirs[path])
    named = tree_attributes.values(located, "merge", both)
    chosen = {
        path: configured.default_merge if name == "unspecified" else name
        for path, name in named.items()
    }
    return [
        Conflict(path, f"merge driver {name}")
        for path, name in chosen.items()
        if name in configured.merges
    ]
