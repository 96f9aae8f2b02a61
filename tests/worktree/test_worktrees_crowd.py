"""Many creations at once in one repository, by processes and by threads of one process."""

from __future__ import annotations

import os
import subprocess
import sys

from support.repositories import Sandpit
from support.tasks import place

PROCESSES = 12
CREATE_TWO = """
import os, sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from codex_worktree import worktrees
from codex_worktree.repository import Repository
repository = Repository.open(Path(sys.argv[1]), dict(os.environ))
base = repository.head().commit
print("ready", flush=True)
sys.stdin.read()
def create(name):
    return worktrees.create(repository, name, base, Path(sys.argv[2], name))
with ThreadPoolExecutor() as pool:
    print(*[made.branch for made in pool.map(create, sys.argv[3:])])
"""


def start(pit: Sandpit, number: int, gate: int) -> subprocess.Popen[bytes]:
    folder = str(place(pit).parent)
    command = [sys.executable, "-c", CREATE_TWO, str(pit.root), folder]
    return subprocess.Popen(
        [*command, f"t{number}-a", f"t{number}-b"],
        env={**pit.environment, "PYTHONPATH": os.pathsep.join(sys.path)},
        stdin=gate,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def test_twenty_four_creations_at_once_all_succeed(pit: Sandpit) -> None:
    pit.git("config", "branch.autoSetupMerge", "always")
    gate, opener = os.pipe()
    crowd = [start(pit, number, gate) for number in range(PROCESSES)]
    os.close(gate)
    for process in crowd:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
    os.close(opener)
    outputs = [process.communicate() for process in crowd]
    assert [stderr for _, stderr in outputs] == [b""] * PROCESSES
    names = sorted(f"t{number}-{which}" for number in range(PROCESSES) for which in "ab")
    branches = pit.git("for-each-ref", "--format=%(refname:lstrip=3)", "refs/heads/codex")
    assert branches.split() == names
    assert pit.git("worktree", "list", "--porcelain").count("\nlocked codex-task") == len(names)
    for name in names:
        assert (place(pit, name) / "src/app.py").read_text() == "print('hello')\n"
