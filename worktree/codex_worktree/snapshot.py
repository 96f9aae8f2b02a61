"""A worktree's content as a commit, by plumbing: nothing that lies in the tree runs.

``status`` in the shadow names what differs from the base; it is copied by descriptor
(harvest.py); ``update-index`` adds the copies to a copy of the base's index, with git's
built-in conversions under the base's attributes; then ``write-tree`` and ``commit-tree``.
The commit and what is new in it lie in the shadow's own store until they are published
(publish.py).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from codex_worktree import candidates, staging
from codex_worktree.candidates import DELETED, Candidates
from codex_worktree.commits import commit
from codex_worktree.git import Git
from codex_worktree.harvest import Harvest, Skipped, copy
from codex_worktree.repository import Identity, Repository
from codex_worktree.shadow import set_checkpoint, with_scratch_index, working
from codex_worktree.transfer import own
from codex_worktree.trash import discard
from codex_worktree.worktrees import TaskWorktree


@dataclass(frozen=True)
class Snapshot:
    """A commit of the worktree: ``base`` is the task's base, not the commit's parent."""

    commit: str
    tree: str
    base: str
    skipped: tuple[Skipped, ...]


def take(
    repository: Repository,
    worktree: TaskWorktree,
    parent: str,
    message: str,
    identity: Identity,
    *,
    refuse: Callable[[str], bool],
) -> Snapshot:
    """Commit what the worktree holds; ``parent`` itself where nothing differs from it.

    All processes of the task must have ended. ``refuse`` says of the path of a file that
    the base does not have whether it must not be committed (a secret's name). A path that
    cannot be taken keeps the content it has in the base, or stays out, and is named in
    ``skipped``.
    """
    with working(repository, worktree.task_id, worktree.path) as git:
        changed = candidates.find(repository, git, worktree.path, refuse)
        scratch = with_scratch_index(git)
        skipped = (*changed.skipped, *_update_index(scratch, worktree.path, changed))
        tree = scratch.text("write-tree")
        made = parent
        if _own_what_is_new(git, parent, tree):
            made = commit(git, tree, [parent], message, identity)
            own(git, [made])
        set_checkpoint(git, made)
        return Snapshot(made, tree, worktree.base, skipped)


def _update_index(git: Git, root: Path, changed: Candidates) -> list[Skipped]:
    """Bring the index from the base to the worktree's state; what could not be brought."""
    if not changed.states:
        return []
    copies = git.git_dir.parent / "copies"
    discard(copies)  # of a run that was killed
    copies.mkdir(mode=0o700)
    harvest = copy(root, changed.states, copies)
    replaced = [path for path in harvest.folders if changed.states[path] == DELETED]
    staging.remove(git, [*harvest.gone, *replaced])
    refused = staging.add(git, copies, harvest.copied)
    discard(copies)
    return [*harvest.skipped, *_repositories(harvest, replaced), *refused]


def _repositories(harvest: Harvest, replaced: list[str]) -> list[Skipped]:
    reason = "a git repository or submodule: only its own history can change it"
    return [Skipped(path, reason) for path in harvest.folders if path not in replaced]


def _own_what_is_new(git: Git, parent: str, tree: str) -> bool:
    """Whether the tree differs from the parent's; if so, all that is new is in our store."""
    changed = git.run("diff-tree", "-r", "-t", "-z", "--raw", "--no-renames", parent, tree).fields
    if changed:
        own(git, [tree, *(described.split(" ")[3] for described in changed[::2])])
    return bool(changed)
