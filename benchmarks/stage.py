"""A repository, a scripted model and the installed program, for one measurement."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from codex_task_executor.agent.scripted import Scenario, ScriptedServer

PROGRAM = Path(sys.executable).parent / "execute-task"


@dataclass(frozen=True)
class Timed:
    """Wall-clock and CPU seconds of a process with all its children, peak memory in MB."""

    wall: float
    cpu: float
    memory: float


@dataclass
class Stage:
    """A repository of ``files`` small files in a hermetic home."""

    repository: Path
    environment: dict[str, str]

    def git(self, *arguments: str) -> str:
        """Plain git, as a user would call it."""
        done = subprocess.run(
            ["git", *arguments],
            cwd=self.repository,
            env=self.environment,
            check=True,
            capture_output=True,
            text=True,
        )
        return done.stdout.strip()

    def timed(self, *command: str) -> Timed:
        """Run a command to its end; it must succeed."""
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        start = time.perf_counter()
        subprocess.run(
            command,
            cwd=self.repository,
            env=self.environment,
            check=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
        )
        wall = time.perf_counter() - start
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        return Timed(wall, cpu, after.ru_maxrss / 1024)


@contextmanager
def stage(files: int) -> Iterator[Stage]:
    """A repository with one commit of ``files`` files, and a plan."""
    with tempfile.TemporaryDirectory(prefix="codex-task-bench-") as folder:
        home, repository = Path(folder, "home"), Path(folder, "repo")
        home.mkdir()
        repository.mkdir()
        made = Stage(repository, _environment(home))
        made.git("init", "-q", "-b", "main")
        for number in range(files):
            place = repository / f"d{number // 100:03}" / f"f{number:05}.txt"
            place.parent.mkdir(exist_ok=True)
            place.write_text(f"line {number}\n" * 20)
        (repository / "plan.md").write_text("# Plan\n")
        made.git("add", "-A")
        made.git("commit", "-q", "-m", "start")
        yield made


@contextmanager
def model(place: Stage, scenario: Mapping[str, Any]) -> Iterator[ScriptedServer]:
    """The scripted model, in a thread of this process, and the program pointed at it."""
    with ScriptedServer(Scenario.from_dict(scenario)) as server:
        place.environment["OPENAI_BASE_URL"] = server.base_url
        yield server
    if server.failures:
        raise RuntimeError("; ".join(server.failures))


def conversation(match: str, turns: Sequence[Sequence[Mapping[str, Any]]]) -> dict[str, Any]:
    """One scripted conversation: an edit, so that there is a change, its turns, a last message."""
    patch = f"*** Begin Patch\n*** Add File: {match}txt\n+text\n*** End Patch\n"
    first = [{"type": "call", "tool": "apply_patch", "input": patch}]
    last = [{"type": "message", "text": "Done."}]
    return {"match": match, "turn": [{"item": list(items)} for items in (first, *turns, last)]}


def _environment(home: Path) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "LANG": "C.UTF-8",
        "OPENAI_API_KEY": "bench",
        "MAX_ITERS": "1000",
        **{f"GIT_{role}_NAME": "Bench" for role in ("AUTHOR", "COMMITTER")},
        **{f"GIT_{role}_EMAIL": "bench@example.com" for role in ("AUTHOR", "COMMITTER")},
    }
