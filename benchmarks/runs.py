"""What a run costs beside the model: its start, an edit, a sandboxed command."""

from __future__ import annotations

import shutil
import statistics
import subprocess
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from benchmarks.stage import PROGRAM, Stage, conversation, model, stage

ROUNDS = 5
STEPS = 50


@dataclass(frozen=True)
class Figure:
    """One line: ours and the peer's in milliseconds, medians of the same run."""

    name: str
    ours: float
    peer_name: str
    peer: float

    @property
    def line(self) -> str:
        """The figure as it is printed."""
        ratio = self.ours / self.peer if self.peer else float("nan")
        return (
            f"{self.name:<34} {self.ours:>8.1f} ms   "
            f"{self.peer_name:<28} {self.peer:>8.1f} ms   x{ratio:.2f}"
        )


def figures() -> Iterator[Figure]:
    """All of them, one after the other."""
    with stage(200) as place:
        yield _first_request(place)
        yield _per_edit(place)
        if shutil.which("bwrap"):
            yield _per_command(place)
    yield from _worktrees()


def _first_request(place: Stage) -> Figure:
    """From process start to the first request, beside the bare import of the SDK."""
    ours, peer = [], []
    script = {"conversation": [conversation(f"start {n}.", []) for n in range(ROUNDS)]}
    for number in range(ROUNDS):
        with model(place, script) as server:
            start = time.perf_counter()
            process = subprocess.Popen(
                [PROGRAM, f"start-{number}", f"start {number}.", "plan.md"],
                cwd=place.repository,
                env=place.environment,
                stdout=subprocess.DEVNULL,
            )
            while not server.requests and process.poll() is None:
                time.sleep(0.001)
            ours.append(1_000 * (time.perf_counter() - start))
            process.wait()
        peer.append(1_000 * place.timed(str(PROGRAM.parent / "python"), "-c", "import openai").wall)
    return _median("start to first request", ours, "python -c 'import openai'", peer)


def _per_edit(place: Stage) -> Figure:
    ours = _per_step(place, "edit", _edit)
    peer = [1_000 * place.timed("git", "apply", "--check", "/dev/null", "--allow-empty").wall]
    return _median("per file edit (iteration)", ours, "one git process", peer)


def _per_command(place: Stage) -> Figure:
    ours = _per_step(place, "command", _command)
    bare = ("bwrap", "--ro-bind", "/", "/", "--unshare-all", "--die-with-parent", "true")
    peer = [1_000 * place.timed(*bare).wall for _ in range(STEPS)]
    return _median("per sandboxed command (iteration)", ours, "bwrap true", peer)


def _per_step(place: Stage, name: str, step: Any) -> list[float]:
    """Milliseconds an iteration: a run of STEPS iterations less a run of none, divided."""
    found = []
    for number in range(ROUNDS):
        walls = []
        for count in (0, STEPS):
            task = f"{name}-{number}-{count}"
            turns = [[step(task, at)] for at in range(count)]
            with model(place, {"conversation": [conversation(f"{task}.", turns)]}):
                walls.append(place.timed(str(PROGRAM), task, f"{task}.", "plan.md").wall)
        found.append(1_000 * (walls[1] - walls[0]) / STEPS)
    return found


def _edit(task: str, at: int) -> Mapping[str, Any]:
    patch = f"*** Begin Patch\n*** Add File: {task}/{at}.txt\n+text {at}\n*** End Patch\n"
    return {"type": "call", "tool": "apply_patch", "input": patch}


def _command(task: str, at: int) -> Mapping[str, Any]:
    return {"type": "call", "tool": "bash", "arguments": {"command": "true"}}


def _worktrees() -> Iterator[Figure]:
    """A whole task without the model's time, beside git's own creation of a worktree."""
    with stage(5_000) as place:
        ours, peer = [], []
        script = {"conversation": [conversation(f"whole {n}.", []) for n in range(ROUNDS)]}
        for number in range(ROUNDS):
            with model(place, script):
                run = place.timed(str(PROGRAM), f"whole-{number}", f"whole {number}.", "plan.md")
                ours.append(1_000 * run.wall)
            path = str(place.repository.parent / f"peer-{number}")
            add = place.timed("git", "worktree", "add", "-q", "--detach", path)
            peer.append(1_000 * add.wall)
        yield _median("whole task, 5,000 files", ours, "git worktree add", peer)


def _median(name: str, ours: list[float], peer_name: str, peer: list[float]) -> Figure:
    return Figure(name, statistics.median(ours), peer_name, statistics.median(peer))
