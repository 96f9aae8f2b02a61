"""One ``diff-tree`` and its answer as records."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from codex_worktree.git import Git

Status = Literal["created", "modified", "deleted"]

DIFF_OPTIONS = ("-r", "--no-abbrev", "--no-ext-diff", "--no-textconv", "--ignore-submodules=none")
"""For every diff: nothing configured runs, and submodules count (the hardening ignores them)."""

RENAMES = ("-M", "-l1000")
"""Renames at git's own 50 % similarity, the candidate limit being git's default since 2.34."""

SYMLINK = "120000"
SUBMODULE = "160000"
EXECUTABLE = "100755"

_STATUS: dict[str, Status] = {"A": "created", "D": "deleted", "M": "modified", "T": "modified"}


@dataclass(frozen=True)
class FileChange:
    """One path of a change set.

    Modes are git's six octal digits, ids full; ``000000`` and the zero id stand for absent.
    ``renamed_from`` is the old path of a created file that git takes for a rename; the old
    path has a ``deleted`` record of its own. ``added`` and ``deleted`` count lines as
    ``diff --numstat -M`` does, None for binary files: what a rename changed is counted at its
    new path, and its old path has 0 and 0. ``flags`` are words of the module flags.
    """

    path: str
    status: Status
    old_mode: str
    new_mode: str
    old_id: str
    new_id: str
    renamed_from: str | None = None
    added: int | None = 0
    deleted: int | None = 0
    flags: tuple[str, ...] = ()

    @property
    def changes_type(self) -> bool:
        """Whether a file became a symbolic link or submodule, or the other way round."""
        return self.status == "modified" and self.old_mode[:3] != self.new_mode[:3]


@dataclass(frozen=True)
class Counts:
    """Lines added and deleted; None for a binary file."""

    added: int | None
    deleted: int | None


@dataclass(frozen=True)
class Listing:
    """The answer to one diff-tree: records, and counts (with ``--numstat``) by new path."""

    files: list[FileChange]
    counts: dict[str, Counts]


def changed(git: Git, old: str, new: str) -> list[FileChange]:
    """What differs between two trees or commits: no renames, no counts, no flags."""
    return listing(git, "--no-renames", old, new).files


def listing(git: Git, *arguments: str) -> Listing:
    """Run ``diff-tree --raw -z`` with further arguments, the two trees last."""
    answer = git.run("diff-tree", *DIFF_OPTIONS, "-z", "--raw", *arguments)
    found, fields = Listing([], {}), iter(answer.fields)
    for head in fields:
        if head.startswith(":"):
            found.files.append(_change(head[1:].split(" "), fields))
        else:
            _count(head, fields, found.counts)
    return found


def _change(described: list[str], fields: Iterator[str]) -> FileChange:
    """A ``--raw -z`` record: the description, then one path, or two for a rename."""
    old_mode, new_mode, old_id, new_id, letter = described
    renamed_from = next(fields) if letter.startswith("R") else None
    status = "created" if renamed_from is not None else _STATUS[letter]
    return FileChange(next(fields), status, old_mode, new_mode, old_id, new_id, renamed_from)


def _count(head: str, fields: Iterator[str], counts: dict[str, Counts]) -> None:
    """A ``--numstat -z`` record; of a rename the path is empty and both names follow."""
    added, deleted, path = head.split("\t", 2)
    if not path:
        next(fields)
    counts[path or next(fields)] = Counts(_number(added), _number(deleted))


def _number(text: str) -> int | None:
    return None if text == "-" else int(text)
