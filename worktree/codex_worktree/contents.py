"""Reading objects in one go."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from codex_worktree.errors import GitCommandError
from codex_worktree.git import Completed, Git


def blobs(git: Git, object_ids: Iterable[str]) -> dict[str, bytes]:
    """The contents of objects, by id. Raises GitCommandError if one is missing."""
    wanted = list(dict.fromkeys(object_ids))
    if not wanted:
        return {}
    stdin = "".join(f"{object_id}\n" for object_id in wanted).encode()
    return dict(_records(git.run("cat-file", "--batch", stdin=stdin)))


def trees(git: Git, *commits: str) -> list[str]:
    """The tree id of each commit."""
    return git.text("rev-parse", *(f"{commit}^{{tree}}" for commit in commits)).split("\n")


def _records(answer: Completed) -> Iterator[tuple[str, bytes]]:
    """``<id> <type> <size>LF<contents>LF`` repeated; ``<id> missing`` comes with exit code 0."""
    output, position = answer.stdout, 0
    while position < len(output):
        end = output.index(b"\n", position)
        object_id, _, size = output[position:end].decode().partition(" ")
        if size == "missing":
            raise GitCommandError(answer.command, answer.code, b"", output[position:end])
        start = end + 1
        position = start + int(size.split(" ")[1]) + 1
        yield object_id, output[start : position - 1]
