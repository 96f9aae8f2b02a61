"""Several refs moved together, each only from where it is expected to be."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from codex_worktree.git import Git


@dataclass(frozen=True)
class RefMove:
    """``before`` None means that the ref must not exist yet."""

    name: str
    before: str | None
    after: str


def move(git: Git, moves: Sequence[RefMove], reason: str) -> None:
    """All or nothing; ``reason`` goes into the reflogs.

    Raises GitCommandError where a ref is elsewhere or locked by another process.
    """
    commands = ["start", *map(_command, moves), "prepare", "commit", ""]
    stdin = "\n".join(commands).encode("utf-8", "surrogateescape")
    git.run("update-ref", "--stdin", "-m", f"codex-task: {reason}", stdin=stdin)


def _command(move: RefMove) -> str:
    return f"update {move.name} {move.after} {move.before or '0' * len(move.after)}"
