"""One ``merge-tree --write-tree`` and its answer as a value."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from codex_worktree.commits import TOOL, commit
from codex_worktree.errors import GitCommandError
from codex_worktree.git import Completed, Git

_OBJECT_ID = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_CONFLICT = re.compile(r"CONFLICT \((.*)\)")


@dataclass(frozen=True)
class Conflict:
    """A path that needs a decision.

    ``kind`` is what git calls it in the stable type strings of merge-tree: ``content``,
    ``add/add``, ``binary``, ``modify/delete``, ``rename/rename``, ``file/directory`` ...
    """

    path: str
    kind: str


@dataclass(frozen=True)
class Merged:
    """The tree, and the conflicts in it; without conflicts it is the result."""

    tree: str
    conflicts: tuple[Conflict, ...]


@dataclass(frozen=True)
class _Stage:
    number: str
    path: str


def merged(view: Git, ours: str, theirs: str) -> Merged:
    """Merge two commits. ``view`` gets the new objects and gives the attributes.

    Raises GitCommandError for anything but a clean merge or conflicts; git 2.39 ends with
    1 also for a name it does not know, so a tree id must have been printed.
    """
    answer = view.run("merge-tree", "--write-tree", "-z", ours, theirs, ok=(0, 1))
    tree = answer.fields[0] if answer.fields else ""
    if not _OBJECT_ID.fullmatch(tree):
        raise GitCommandError(answer.command, answer.code, answer.stdout, answer.stderr)
    return Merged(tree, tuple(_conflicts(answer)) if answer.code else ())


def merged_onto(view: Git, base: str, ours: str, theirs: str) -> Merged:
    """Merge with a base of our choice; all three are trees or commits.

    git 2.39 has no ``--merge-base``: two commits on a commit of the base stand in.
    """
    root = commit(view, base, [], "base", TOOL)
    sides = [commit(view, side, [root], "side", TOOL) for side in (ours, theirs)]
    return merged(view, *sides)


def _conflicts(answer: Completed) -> list[Conflict]:
    """After the tree: ``mode id stage TAB path`` entries, an empty field, then messages."""
    fields = iter(answer.fields[1:])
    stages = list(_stages(fields))
    kinds = _kinds(fields)
    both_added = {stage.path for stage in stages} - {
        stage.path for stage in stages if stage.number == "1"
    }
    paths = dict.fromkeys([*(stage.path for stage in stages), *kinds])
    return [Conflict(path, _kind(kinds.get(path), path in both_added)) for path in paths]


def _stages(fields: Iterator[str]) -> Iterator[_Stage]:
    for field in fields:
        if not field:
            return
        described, _, path = field.partition("\t")
        yield _Stage(described.rpartition(" ")[2], path)


def _kinds(fields: Iterator[str]) -> dict[str, str]:
    """Messages are: number of paths, the paths, a type, a text. The first type counts."""
    kinds: dict[str, str] = {}
    for count in fields:
        paths = [next(fields) for _ in range(int(count))]
        conflict = _CONFLICT.match(next(fields))
        next(fields)
        for path in paths if conflict else ():
            kinds.setdefault(path, conflict[1] if conflict else "")
    return kinds


def _kind(named: str | None, both_added: bool) -> str:
    if named in (None, "contents"):
        return "add/add" if both_added else "content"
    return named or "content"
