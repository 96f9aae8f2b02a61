"""Results to land, and everything of a repository that a refused landing must leave alone."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from codex_worktree.landing import land
from codex_worktree.operations import Operation
from codex_worktree.quoting import quoted
from codex_worktree.repository import Repository
from support.repositories import FIRST_TICK, Sandpit
from support.trees import File, entry

Edits = Mapping[str, str | bytes | File | None]


def commit_on(pit: Sandpit, ref: str, base: str, edits: Edits) -> str:
    """Move ``ref`` to a commit on ``base`` with some files changed (None: deleted).

    No checkout is touched. Returns the commit's id.
    """
    pit.ticks += 1
    header = f"commit {ref}\ncommitter T <t@example.com> {FIRST_TICK + pit.ticks} +0000\n"
    stream = f"{header}data 4\nwork\nfrom {pit.git('rev-parse', base)}\n".encode()
    stream += b"".join(_command(path, content) for path, content in edits.items())
    pit.git("fast-import", "--quiet", "--force", stdin=stream)
    return pit.git("rev-parse", ref)


def result(pit: Sandpit, edits: Edits, base: str = "main", task_id: str = "t") -> str:
    """A task's published result."""
    return commit_on(pit, f"refs/heads/codex/{task_id}", base, edits)


def landed(pit: Sandpit, edits: Edits, target: str = "main", task_id: str = "t") -> Operation:
    """Land a result that must land."""
    made = result(pit, edits, target, task_id)
    operation = land(repository(pit), task_id, made, target, f"Merge {task_id}\n")
    assert isinstance(operation, Operation)
    return operation


def repository(pit: Sandpit) -> Repository:
    return Repository.open(pit.root, pit.environment)


@dataclass(frozen=True)
class Everything:
    """What a user can see: refs, HEAD, the index, and each file below the root."""

    refs: str
    head: str
    index: str
    files: Mapping[str, tuple[bytes, int]]


def everything(pit: Sandpit, root: Path | None = None) -> Everything:
    root = root or pit.root
    return Everything(
        pit.git("for-each-ref", "refs/heads", "refs/remotes", "refs/tags", "refs/stash"),
        pit.git("rev-parse", "--symbolic-full-name", "HEAD", cwd=root),
        pit.git("ls-files", "-s", "-v", cwd=root),
        files(root),
    )


def files(root: Path) -> Mapping[str, tuple[bytes, int]]:
    """Contents and modes of all files, links by their targets, without ``.git``."""
    found = {}
    for path in sorted(root.rglob("*")):
        name = path.relative_to(root).as_posix()
        if path.is_symlink():
            found[name] = (os.fsencode(path.readlink()), 0)
        elif path.is_file() and name.split("/")[0] != ".git":
            found[name] = (path.read_bytes(), path.stat().st_mode)
    return found


def _command(path: str, content: str | bytes | File | None) -> bytes:
    if content is None:
        return b"D %s\n" % quoted(path).encode()
    if isinstance(content, str):
        content = content.encode()
    return entry(path, content if isinstance(content, File) else File(content))
