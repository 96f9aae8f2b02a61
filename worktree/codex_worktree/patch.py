"""A change set as a patch, and the proof that it is that change set.

The bytes are those of ``diff-tree -p -M --binary --full-index``. The proof: applied to the
base in a private index they give exactly the result's tree, modes, symbolic links, binary
files and missing final newlines included. unidiff only cross-checks the line counts; it
would misread some names and hunkless files.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from unidiff.errors import UnidiffParseError
from unidiff.patch import PatchSet

from codex_worktree import tree_attributes
from codex_worktree.changes import ChangeSet, FileChange
from codex_worktree.diff_tree import DIFF_OPTIONS, RENAMES
from codex_worktree.errors import PatchMismatch
from codex_worktree.git import Git
from codex_worktree.quoting import quoted
from codex_worktree.scratch import borrowing

_FORM = (
    *("-p", "-U3", "--inter-hunk-context=0", "--binary", "--full-index", "--submodule=short"),
    *("--no-color", "--src-prefix=a/", "--dst-prefix=b/", "--no-relative"),
    *("--diff-algorithm=myers", "--indent-heuristic"),
)
"""Spelled out, so that the user's diff settings change neither the bytes nor the digest."""


@dataclass(frozen=True)
class Patch:
    """``data`` turns the tree of commit ``base`` into the tree ``result_tree``.

    ``digest`` is the SHA-256 of ``data`` in hexadecimal.
    """

    data: bytes
    digest: str
    base: str
    result_tree: str


def write(git: Git, changes: ChangeSet) -> Patch:
    """The patch of a change set, proven. Raises PatchMismatch."""
    with tree_attributes.of_commit(git, changes.base) as view:
        arguments = (*DIFF_OPTIONS, *RENAMES, *_FORM, changes.base_tree, changes.result_tree)
        data = view.run("-c", "diff.suppressBlankEmpty=false", "diff-tree", *arguments).stdout
    patch = Patch(data, _digest(data), changes.base, changes.result_tree)
    prove(git, patch)
    _cross_check(patch, changes)
    return patch


def prove(git: Git, patch: Patch) -> None:
    """Raise PatchMismatch unless ``data`` has the digest and gives ``result_tree``.

    ``git`` is only read; the private index and the objects made on the way are deleted.
    """
    if _digest(patch.data) != patch.digest:
        raise PatchMismatch(f"its SHA-256 is not {patch.digest}")
    with borrowing(git) as private:
        private.run("read-tree", patch.base)
        if patch.data:  # git refuses an empty patch
            _apply(private, patch.data)
        tree = private.text("write-tree")
    if tree != patch.result_tree:
        raise PatchMismatch(f"it gives the tree {tree} instead of {patch.result_tree}")


def _apply(private: Git, data: bytes) -> None:
    answer = private.run("apply", "--cached", "--whitespace=nowarn", stdin=data, ok=range(256))
    if answer.code:
        raise PatchMismatch(answer.stderr.decode("utf-8", "replace").strip())


def _cross_check(patch: Patch, changes: ChangeSet) -> None:
    """The added and deleted lines of all text files together, counted by another program."""
    if not all(map(_known_to_unidiff, changes.files)):
        return
    try:
        parsed = PatchSet(patch.data.decode("utf-8", "surrogateescape"))
    except UnidiffParseError as error:
        raise PatchMismatch(f"unidiff cannot read it: {error}") from error
    added = sum(change.added or 0 for change in changes.files)
    deleted = sum(change.deleted or 0 for change in changes.files)
    if (parsed.added, parsed.removed) != (added, deleted):
        counted = f"+{parsed.added} -{parsed.removed}"
        raise PatchMismatch(f"unidiff counts {counted} lines, git +{added} -{deleted}")


def _known_to_unidiff(change: FileChange) -> bool:
    """unidiff 1.0.1 takes apart names at `` b/`` and does not decode quoted ones.

    A changed type is one record for numstat and two files in the patch.
    """
    plain = " " not in change.path and quoted(change.path) == change.path
    return plain and not change.changes_type


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
