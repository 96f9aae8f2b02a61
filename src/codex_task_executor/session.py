"""``{task-id}.json`` and what lies beside it: written atomically, never over a damaged one."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Literal

from pydantic import TypeAdapter, ValidationError

from codex_task_executor.agent.model import Usage
from codex_task_executor.errors import SessionDamaged, StateProblem
from codex_task_executor.events import Question
from codex_task_executor.report import Status


@dataclass(frozen=True)
class RunRecord:
    """One finished run. Times are UTC in ISO 8601; ``cost_usd`` None means unknown."""

    started: str
    ended: str
    status: Status
    exit_code: int
    iterations: int
    usage: Usage
    cost_usd: Decimal | None


@dataclass(frozen=True)
class Session:
    """What is known of a task between runs.

    ``opening`` is the description of the first run and ``description`` that of the last, word
    for word; ``status`` is ``running``
    from the start of a run to its end, so that finding it without the lock means a kill.
    ``target`` is the branch that was checked out when the task began, None when detached.
    """

    task_id: str
    created: str
    opening: str
    description: str
    plan_path: str
    plan_text: str
    base: str
    base_name: str
    target: str | None
    worktree: str
    model: str
    profile: str
    status: Status | Literal["running"]
    uncommitted: tuple[str, ...] = ()
    questions: tuple[Question, ...] = ()
    result: str | None = None
    runs: tuple[RunRecord, ...] = ()
    format: Literal[1] = 1

    def with_run(self, run: RunRecord) -> Session:
        """The session after one more run."""
        return replace(self, status=run.status, runs=(*self.runs, run))


_ADAPTER = TypeAdapter(Session)


@dataclass(frozen=True)
class TaskFiles:
    """The files of one task below the state folder."""

    state_dir: Path
    task_id: str

    @property
    def session(self) -> Path:
        """The session file, named as the seed names it."""
        return self.state_dir / f"{self.task_id}.json"

    @property
    def folder(self) -> Path:
        """The folder of the other files."""
        return self.state_dir / self.task_id

    @property
    def transcript(self) -> Path:
        """The conversation, one JSON record a line, append-only."""
        return self.folder / "transcript.jsonl"

    @property
    def log(self) -> Path:
        """Everything that was said, uncut."""
        return self.folder / "log"

    @property
    def patch(self) -> Path:
        """The change set as git's own patch."""
        return self.folder / "changes.patch"

    @property
    def report(self) -> Path:
        """The last run's report."""
        return self.folder / "report.json"

    @property
    def kept(self) -> tuple[Path, ...]:
        """What is published to the task's state ref at the end of a run."""
        return (self.session, self.transcript, self.report, self.patch, self.log)

    def prepare(self) -> None:
        """Make the folders (0700) and the ``.gitignore``. Raises StateProblem."""
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=self.folder):
                pass
        except OSError as error:
            reason = error.strerror or str(error)
            raise StateProblem(self.state_dir, f"not writable ({reason})") from error


def prepare_home(sessions: Path) -> None:
    """Make ``.codex-sessions`` with a ``.gitignore`` of ``*``; every command calls this.

    ``git clean -fdx`` deletes the file, and then ``git add -A`` would stage a worktree.
    """
    try:
        sessions.mkdir(mode=0o700, parents=True, exist_ok=True)
        ignore = sessions / ".gitignore"
        if not ignore.exists():
            ignore.write_text("*\n", "ascii")
    except OSError as error:
        raise StateProblem(sessions, f"not writable ({error.strerror})") from error


def load(files: TaskFiles) -> Session | None:
    """The session, or None where there is none yet.

    The seed's own session file is moved beside the new ones and counts as none. Raises
    SessionDamaged for anything else that this program did not write.
    """
    try:
        data = files.session.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise SessionDamaged(files.session, error.strerror or str(error)) from error
    if _is_seed_session(data):
        files.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        files.session.rename(files.folder / "seed-session.json")
        return None
    return _decoded(files, data)


def _decoded(files: TaskFiles, data: bytes) -> Session:
    try:
        session = _ADAPTER.validate_json(data)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise SessionDamaged(files.session, f"{where} {first['msg']}".strip()) from error
    if session.task_id != files.task_id:
        raise SessionDamaged(files.session, f"it belongs to task {session.task_id}")
    return session


def _is_seed_session(data: bytes) -> bool:
    try:
        content = json.loads(data)
    except ValueError:
        return False
    return isinstance(content, dict) and "conversation_id" in content and "format" not in content


def save(files: TaskFiles, session: Session) -> None:
    """Write the session; a reader sees the old file or the new one, never a part."""
    write_atomically(files.session, _ADAPTER.dump_json(session, indent=2) + b"\n")


def write_atomically(path: Path, data: bytes) -> None:
    """Write a file of mode 0600 beside ``path``, flush it to the disk, rename it into place."""
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)  # mode 0600
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def known_ids(state_dir: Path) -> Iterator[str]:
    """The ids of all tasks with a session file, sorted."""
    for path in sorted(state_dir.glob("*.json")):
        if not path.name.startswith("."):
            yield path.name.removesuffix(".json")


def now() -> str:
    """The time as sessions keep it."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
