"""The session's files, kept by a hidden ref: ``git clean -fdx`` cannot take them."""

from __future__ import annotations

from collections.abc import Mapping

from codex_worktree import locks, refs, transfer
from codex_worktree.contents import blobs
from codex_worktree.quoting import path_bytes
from codex_worktree.repository import Repository
from codex_worktree.scratch import borrowing

_REF = "refs/codex/state"


def publish_state(repository: Repository, task_id: str, files: Mapping[str, bytes]) -> None:
    """Replace the kept files (relative paths to contents) by these, in one commit.

    The commit has no parent: earlier versions are let go.
    """
    with borrowing(repository.git) as git:
        git.run("fast-import", "--quiet", "--date-format=now", stdin=_stream(files))
        commit = git.text("rev-parse", _REF)
        with locks.writer(repository) as lock, transfer.delivered(repository, git, commit, ()):
            user = repository.git.holding(lock.descriptor)
            user.run("update-ref", refs.state(task_id), commit)


def read_state(repository: Repository, task_id: str) -> Mapping[str, bytes] | None:
    """The files last kept, or None."""
    commit = repository.reference(refs.state(task_id))
    if commit is None:
        return None
    listed = repository.git.run("ls-tree", "-r", "-z", commit).fields
    pairs = [entry.split("\t", 1) for entry in listed]
    ids = {path: described.split(" ")[2] for described, path in pairs}
    contents = blobs(repository.git, ids.values())
    return {path: contents[object_id] for path, object_id in ids.items()}


def _stream(files: Mapping[str, bytes]) -> bytes:
    """For git-fast-import(1): one commit on _REF with exactly these files."""
    parts = [f"commit {_REF}\ncommitter codex-task <codex-task> now\n".encode(), _data(b"state\n")]
    for path, content in sorted(files.items()):
        name = path_bytes(path).replace(b"\\", b"\\\\").replace(b'"', b'\\"').replace(b"\n", b"\\n")
        parts += [b'M 100644 inline "' + name + b'"\n', _data(content)]
    return b"".join([*parts, b"done\n"])


def _data(content: bytes) -> bytes:
    return b"data %d\n%s\n" % (len(content), content)
