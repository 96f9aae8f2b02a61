"""What changed between two commits, taken from git alone.

The truth is ``diff-tree --raw --no-renames``: a rename is a deletion and a creation there.
A second pass with ``-M`` adds where a created file came from and the line counts. Both see
the attributes of the base, so a change cannot declare itself binary and hide.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from codex_worktree import flags, tree_attributes
from codex_worktree.contents import trees
from codex_worktree.diff_tree import RENAMES, Counts, FileChange, Listing, Status, listing
from codex_worktree.git import Git
from codex_worktree.host_paths import NOTHING, HostPaths
from codex_worktree.quoting import quoted

__all__ = ["ChangeSet", "FileChange", "Status", "between", "quoted"]


@dataclass(frozen=True)
class ChangeSet:
    """Everything that differs between the trees of two commits, in git's order of paths."""

    base: str
    result: str
    base_tree: str
    result_tree: str
    files: tuple[FileChange, ...]


def between(git: Git, base: str, result: str, host: HostPaths = NOTHING) -> ChangeSet:
    """The change set from commit ``base`` to commit ``result``, review flags included.

    ``host`` names what the user's configuration runs out of the tree (host_paths.configured).
    """
    base_tree, result_tree = trees(git, base, result)
    with tree_attributes.of_commit(git, base) as view:
        truth = listing(view, "--no-renames", base_tree, result_tree)
        detailed = listing(view, *RENAMES, "--numstat", base_tree, result_tree)
    files = flags.flagged(git, _combined(truth, detailed), host)
    return ChangeSet(base, result, base_tree, result_tree, files)


def _combined(truth: Listing, detailed: Listing) -> list[FileChange]:
    sources = {change.path: change.renamed_from for change in detailed.files}
    moved_away = Counts(0, 0)
    combined = []
    for change in truth.files:
        counts = detailed.counts.get(change.path, moved_away)
        known = replace(change, renamed_from=sources.get(change.path))
        combined.append(replace(known, added=counts.added, deleted=counts.deleted))
    return combined
