"""The journal: what the tool did to the user's branches, newest first.

One ref, a chain by first parents. Each entry is a commit whose message is a line for
people and then one JSON object; its further parents are the commits that the branch stood
at before and after, so that neither a landing nor what it took the place of is ever
garbage. An entry of state ``intent`` stands at the end only while a checkout is being
changed, or after a kill in the middle of that.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Literal

from codex_worktree.commits import TOOL, commit
from codex_worktree.git import Git
from codex_worktree.refs import JOURNAL
from codex_worktree.repository import Repository
from codex_worktree.transactions import RefMove

Kind = Literal["land", "undo"]
State = Literal["intent", "done"]

_VERSION = 1
_ROOT_MESSAGE = "The journal of codex-task begins here.\n"


@dataclass(frozen=True)
class Operation:
    """One landing or undo.

    ``target`` is the full name of the branch that went from commit ``before`` to ``after``.
    ``id`` and ``previous`` are journal entries; ``when`` is UTC in ISO 8601. ``undoes`` is the
    id of the operation that an undo took back. ``checkout`` is the git dir of the worktree
    that had the branch checked out, relative to the common dir, None where there was none.
    """

    id: str
    kind: Kind
    task_id: str
    target: str
    before: str
    after: str
    when: str
    undoes: str | None = None
    checkout: str | None = None
    state: State = "done"
    previous: str | None = None

    @property
    def branch(self) -> str:
        """The target's short name."""
        return self.target.removeprefix("refs/heads/")

    @property
    def title(self) -> str:
        """What was done, in a few words."""
        return f"{self.kind} {self.task_id} on {self.branch}"

    @property
    def move(self) -> RefMove:
        """What happens to the branch."""
        return RefMove(self.target, self.before, self.after)


def plan(
    kind: Kind, task_id: str, target: str, before: str, after: str, undoes: str | None = None
) -> Operation:
    """An operation that is about to happen and has no journal entry yet."""
    when = datetime.now(UTC).isoformat(timespec="seconds")
    return Operation("", kind, task_id, target, before, after, when, undoes)


def journal(repository: Repository) -> Iterator[Operation]:
    """The finished operations, newest first."""
    return (entry for entry in _entries(repository) if entry.state == "done")


def pending(repository: Repository) -> Operation | None:
    """The operation that a kill interrupted, if the last one was."""
    form = "--format=%(objectname) %(parent)%0a%(contents)"
    newest = _parsed(repository.git.text("for-each-ref", form, JOURNAL))
    return newest if newest is not None and newest.state == "intent" else None


def record(git: Git, operation: Operation, state: State) -> Operation:
    """Write the journal entry that follows ``operation.previous``; no ref moves yet."""
    previous = operation.previous or _root(git)
    entry = replace(operation, state=state, previous=previous)
    message = f"{entry.title} ({state})\n\n{json.dumps(_document(entry))}\n"
    parents = [previous, entry.before, entry.after]
    return replace(entry, id=commit(git, previous, parents, message, TOOL))


def _root(git: Git) -> str:
    return commit(git, git.text("mktree"), [], _ROOT_MESSAGE, TOOL)


def _document(entry: Operation) -> dict[str, Any]:
    return {
        "version": _VERSION,
        "operation": entry.kind,
        "state": entry.state,
        "task": entry.task_id,
        "refs": {entry.target: {"before": entry.before, "after": entry.after}},
        "when": entry.when,
        "undoes": entry.undoes,
        "checkout": entry.checkout,
    }


def _entries(repository: Repository) -> Iterator[Operation]:
    """Parsed entries; the root, which holds no JSON, is left out."""
    if repository.reference(JOURNAL) is None:
        return
    form = ("--no-commit-header", "--encoding=UTF-8", "--format=%H %P%n%B%x00")
    listed = repository.git.text("rev-list", "--first-parent", *form, JOURNAL)
    for text in listed.split("\0")[:-1]:
        entry = _parsed(text.lstrip("\n"))
        if entry is not None:
            yield entry


def _parsed(text: str) -> Operation | None:
    """``<id> <parents>``, a line for people, an empty line, the JSON."""
    header, _, message = text.partition("\n")
    body = message.partition("\n\n")[2].strip()
    return _operation(header.split(" "), json.loads(body)) if body else None


def _operation(ids: list[str], document: dict[str, Any]) -> Operation:
    ((target, move),) = document["refs"].items()
    return Operation(
        id=ids[0],
        previous=ids[1],
        kind=document["operation"],
        state=document["state"],
        task_id=document["task"],
        target=target,
        before=move["before"],
        after=move["after"],
        when=document["when"],
        undoes=document["undoes"],
        checkout=document["checkout"],
    )
