"""Commits by plumbing: unsigned, without hooks, in whatever store the given git writes to."""

from __future__ import annotations

from codex_worktree.git import Git
from codex_worktree.repository import Identity

TOOL = Identity("codex-task", "codex-task@localhost", "codex-task", "codex-task@localhost")
"""Who makes commits that are records or stand-ins, never part of a user's history."""


def commit(git: Git, content: str, parents: list[str], message: str, identity: Identity) -> str:
    """Commit the tree of ``content`` (a tree or commit); returns the new commit's id."""
    arguments = [word for parent in parents for word in ("-p", parent)]
    return git.with_variables(**identity.variables).text(
        "commit-tree", f"{content}^{{tree}}", *arguments, stdin=message.encode("utf-8", "replace")
    )
