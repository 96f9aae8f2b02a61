"""What a run gave, as one value: printed as the final block, kept as report.json."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Literal

from pydantic import TypeAdapter

from codex_task_executor.agent.model import Usage
from codex_task_executor.events import Blocked, Question

Status = Literal[
    "complete", "question", "blocked", "tests failed", "limit", "failed", "interrupted"
]


@dataclass(frozen=True)
class TestResult:
    """How the test command ended; ``reason`` says why it did not run."""

    __test__ = False  # not a test class, whatever pytest thinks of its name

    outcome: Literal["passed", "failed", "not run"]
    command: str | None = None
    seconds: float | None = None
    reason: str = ""
    output: str = ""


@dataclass(frozen=True)
class WorktreeFacts:
    """Where the result lies and what it started from."""

    path: str
    branch: str
    base: str
    base_name: str
    uncommitted: tuple[str, ...] = ()


@dataclass(frozen=True)
class FileLine:
    """One changed path. ``added`` and ``deleted`` count lines, None for binary files."""

    path: str
    status: Literal["created", "modified", "deleted"]
    old_mode: str
    new_mode: str
    renamed_from: str | None
    added: int | None
    deleted: int | None
    flags: tuple[str, ...]


@dataclass(frozen=True)
class PatchFacts:
    """Where the patch lies and what proves it: applied to ``base`` it gives ``tree``."""

    path: str
    size: int
    digest: str
    base: str
    tree: str


@dataclass(frozen=True)
class MergeFacts:
    """What merging into ``target`` would do now."""

    outcome: Literal["clean", "conflicts", "contained", "nothing", "unknown"]
    target: str
    conflicts: tuple[str, ...] = ()
    reason: str = ""


@dataclass(frozen=True)
class Report:
    """A run's end. Everything that is None or empty was not reached."""

    task_id: str
    status: Status
    exit_code: int
    iterations: int
    worktree: WorktreeFacts | None = None
    summary: str = ""
    tests: TestResult | None = None
    commit: str | None = None
    files: tuple[FileLine, ...] = ()
    skipped: tuple[str, ...] = ()
    patch: PatchFacts | None = None
    merge: MergeFacts | None = None
    sandbox: str = ""
    model: str = ""
    usage: Usage = field(default_factory=Usage)
    cost_usd: Decimal | None = None
    questions: tuple[Question, ...] = ()
    blocked: Blocked | None = None

    @property
    def flagged(self) -> tuple[FileLine, ...]:
        """Files that would run on the user's machine, or hide something."""
        return tuple(file for file in self.files if file.flags)


_ADAPTER = TypeAdapter(Report)


def to_json(report: Report) -> bytes:
    """The report as report.json holds it."""
    return _ADAPTER.dump_json(report, indent=2) + b"\n"


def from_json(data: bytes) -> Report:
    """The report of report.json. Raises ValueError for anything else."""
    return _ADAPTER.validate_json(data)


def read(path: Path) -> Report | None:
    """The last report of a task, or None where there is none or it cannot be read."""
    try:
        return from_json(path.read_bytes())
    except (OSError, ValueError):
        return None
