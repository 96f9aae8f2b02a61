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
from codex_worktree.three_way import Conflict, merged

__all__ = [
    "AlreadyContained",
    "CleanMerge",
    "Conflict",
    "ConflictedMerge",
    "MergeResult",
    "NothingToMerge",
    "compute",
    "preview",
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


def preview(git: Git, target: str, target_commit: str, base: str, result: str) -> MergeResult:
    """What merging ``result``, a task's work since ``base``, into ``target_commit`` gives.

    ``git`` must see all three commits; it is only read. ``target`` is what the branch is
    called in the answer.

    Raises UnrelatedHistories.
    """
    found = drivers.configured(git)
    with borrowing(git) as view:
        return compute(view, target, target_commit, base, result, found)


def compute(
    view: Git, target: str, target_commit: str, base: str, result: str, configured: Drivers
) -> MergeResult:
    """The same within a view that keeps the merged tree's objects."""
    base_tree, result_tree, target_tree = trees(view, base, result, target_commit)
    if base_tree == result_tree:
        return NothingToMerge(target, target_commit)
    fork = _merge_base(view, target_commit, result)
    if fork == result:
        return AlreadyContained(target, target_commit)
    with tree_attributes.of_commit(view, target_commit) as located:
        found = merged(located, target_commit, result)
        doubtful = _with_driver(located, fork, target_commit, result, configured)
    conflicts = (*found.conflicts, *doubtful)  # a path may be named for both reasons
    if conflicts:
        return ConflictedMerge(target, target_commit, conflicts)
    if found.tree == target_tree:
        return AlreadyContained(target, target_commit)
    return CleanMerge(target, target_commit, found.tree)


def _merge_base(view: Git, target_commit: str, result: str) -> str:
    found = view.run("merge-base", target_commit, result, ok=(0, 1))
    if found.code:
        raise UnrelatedHistories(target_commit, result)
    return found.text


def _with_driver(
    located: Git, fork: str, ours: str, theirs: str, configured: Drivers
) -> list[Conflict]:
    """Paths that both sides changed, differently, and that a driver should have merged."""
    if not configured.merges:
        return []
    ours_changed = {change.path: change.new_id for change in changed(located, fork, ours)}
    theirs_changed = {change.path: change.new_id for change in changed(located, fork, theirs)}
    both = ours_changed.keys() & theirs_changed.keys()
    differing = sorted(path for path in both if ours_changed[path] != theirs_changed[path])
    named = tree_attributes.values(located, "merge", differing)
    chosen = {
        path: configured.default_merge if name == "unspecified" else name
        for path, name in named.items()
    }
    return [
        Conflict(path, f"merge driver {name}")
        for path, name in chosen.items()
        if name in configured.merges
    ]
