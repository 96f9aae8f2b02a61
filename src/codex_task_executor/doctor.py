"""``codex-task doctor``: each thing that a run needs, tried, with what to do where it lacks."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from codex_task_executor import config
from codex_task_executor.agent.connect import connect
from codex_task_executor.agent.endpoint import Endpoint, RetryPolicy
from codex_task_executor.agent.model import ModelError, ModelInfo
from codex_task_executor.agent.names import resolve
from codex_task_executor.config import Settings
from codex_task_executor.errors import MissingKey
from codex_task_executor.exit_codes import ExitCode, explain
from codex_task_executor.output import Output
from codex_task_executor.sandbox.probe import Probe, probe
from codex_task_executor.sandbox.view import Surroundings
from codex_worktree.errors import WorktreeError
from codex_worktree.git import require_version, version
from codex_worktree.repository import Repository

SHOWN_MODELS = 20


@dataclass(frozen=True)
class Check:
    """One line of the answer; ``todo`` says what to do where ``state`` is not ok."""

    name: str
    state: Literal["ok", "warning", "missing"]
    found: str
    todo: str = ""

    @property
    def line(self) -> str:
        """The check on one line."""
        todo = f" -> {self.todo}" if self.todo else ""
        return f"{self.state:<8} {self.name:<19} {self.found}{todo}"


def doctor(output: Output) -> int:
    """Check everything; 2 where a run could not begin."""
    settings = config.from_process({})
    output.redact(settings.api_key)
    checks = [*_git(settings), *asyncio.run(_sandbox(settings)), *asyncio.run(_model(settings))]
    if output.as_json:
        output.document({"checks": [asdict(check) for check in checks]})
    else:
        output.answer("\n".join(check.line for check in checks))
    missing = any(check.state == "missing" for check in checks)
    return ExitCode.USAGE if missing else ExitCode.COMPLETE


def _git(settings: Settings) -> Iterator[Check]:
    environment = settings.git_environment
    yield _tried("git", lambda: _git_version(settings))
    yield _tried("repository", lambda: str(Repository.open(settings.start, environment).root))
    yield _tried(
        "identity", lambda: Repository.open(settings.start, environment).require_identity()
    )


def _git_version(settings: Settings) -> str:
    require_version(settings.git_environment)
    return ".".join(map(str, version(settings.git_environment)))


def _tried(name: str, attempt: Callable[[], str]) -> Check:
    try:
        return Check(name, "ok", attempt())
    except WorktreeError as error:
        explained = explain(error)
        return Check(name, "missing", explained.message, explained.hint)


async def try_sandbox(settings: Settings) -> Probe:
    """What a sandbox holds on this machine, tried on an empty folder."""
    with tempfile.TemporaryDirectory(prefix="codex-task-doctor-") as folder:
        seen = Surroundings(settings.path, settings.home, (settings.start,))
        return await probe(Path(folder), seen)


async def _sandbox(settings: Settings) -> list[Check]:
    found = await try_sandbox(settings)
    lines = [
        Check(f"  {promise.name}", "ok" if promise.held else "warning", promise.detail)
        for promise in found.promises
    ]
    if found.sandbox is None:
        todo = "install bubblewrap (apt install bubblewrap): without it no command can be run"
        return [Check("sandbox", "warning", f"level {found.level}: {found.reason}", todo), *lines]
    return [Check("sandbox", "ok", f"level {found.level}"), *lines]


async def _model(settings: Settings) -> list[Check]:
    if settings.api_key is None:
        explained = explain(MissingKey())
        return [Check("key", "missing", explained.message, explained.hint)]
    endpoint = Endpoint(settings.api_key, settings.base_url, retry=RetryPolicy(attempts=2))
    model = await connect(endpoint)
    try:
        usable = await model.models()
    except ModelError as error:
        explained = explain(error)
        return [Check("key", "missing", explained.message, explained.hint)]
    finally:
        await model.close()
    where = settings.base_url or "api.openai.com"
    return [Check("key", "ok", f"{len(usable)} models at {where}"), _chosen(settings, usable)]


def _chosen(settings: Settings, usable: list[ModelInfo]) -> Check:
    choice = resolve(settings.model, settings.base_url)
    known = {info.name: info for info in usable}
    if choice.name not in known:
        named = ", ".join(sorted(known)[:SHOWN_MODELS])
        return Check("model", "missing", f"{choice.name} is not offered", f"use one of: {named}")
    shutdown = known[choice.name].shutdown_date
    if shutdown is not None:
        over = shutdown[:10] <= datetime.now(UTC).strftime("%Y-%m-%d")
        state: Literal["missing", "warning"] = "missing" if over else "warning"
        return Check("model", state, f"{choice.name}: shutdown {shutdown}", "set OPENAI_MODEL")
    return Check("model", "ok", choice.notice or choice.name)
