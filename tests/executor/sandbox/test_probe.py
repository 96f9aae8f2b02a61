"""A sandbox is used only when everything that it must prevent was tried and prevented."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from codex_task_executor.sandbox.probe import probe
from codex_task_executor.sandbox.selftest import (
    PROMISES,
    PROMISES_OF_LINUX,
    hidden_paths,
    try_promises,
)
from support.sandboxes import PATH, Box, bubblewrap

ALL = PROMISES | PROMISES_OF_LINUX


@pytest.fixture
def box(tmp_path: Path) -> Box:
    return Box.create(tmp_path)


def program(folder: Path, text: str) -> str:
    """A PATH on which ``bwrap`` is a program of the test's own."""
    folder.mkdir()
    (folder / "bwrap").write_text(text)
    (folder / "bwrap").chmod(0o755)
    return f"{folder}:{PATH}"


@pytest.mark.bubblewrap
async def test_a_sandbox_that_holds_every_promise_is_level_a(box: Box) -> None:
    found = await probe(box.root, box.around)
    assert found.level == "A"
    assert found.sandbox is not None
    assert found.sandbox.level == "A"
    assert {promise.name for promise in found.promises} == {*ALL, "ordinary-user"}
    assert all(promise.held for promise in found.promises if promise.required)
    assert found.line.startswith("commands run in a sandbox (level A)")


@pytest.mark.bubblewrap
async def test_running_as_root_is_said(box: Box) -> None:
    found = await probe(box.root, box.around)
    assert ("this runs as root" in found.line) == (os.geteuid() == 0)


@pytest.mark.bubblewrap
async def test_trying_changes_nothing_in_the_worktree(box: Box) -> None:
    box.write({"src/app.py": "x", ".env": "KEY=1"})
    before = {path: path.stat() for path in [box.root, *box.root.rglob("*")]}
    await probe(box.root, box.around)
    after = {path: path.stat() for path in [box.root, *box.root.rglob("*")]}
    assert {p: (s.st_mtime_ns, s.st_mode, s.st_ino) for p, s in before.items()} == {
        p: (s.st_mtime_ns, s.st_mode, s.st_ino) for p, s in after.items()
    }


async def test_without_bubblewrap_there_are_no_commands(box: Box) -> None:
    around = replace(box.around, path="/nowhere")
    found = await probe(box.root, around, platform="linux")
    assert (found.level, found.sandbox) == ("C", None)
    assert found.line == "no sandbox for commands (level C): bubblewrap is not installed"


@pytest.mark.parametrize("platform", ["win32", "freebsd14"])
async def test_an_unknown_system_has_no_commands(box: Box, platform: str) -> None:
    assert (await probe(box.root, box.around, platform)).reason == (
        f"there is no sandbox for {platform}"
    )


async def test_a_program_in_the_worktree_is_not_taken_for_bubblewrap(box: Box) -> None:
    path = program(box.root / "bin", "#!/bin/sh\necho hi\n").split(":", 1)[0]
    around = replace(box.around, path=f"{path}:.:bin")
    assert (await probe(box.root, around, "linux")).reason == "bubblewrap is not installed"


async def test_a_worktree_that_cannot_be_one_has_no_commands(box: Box) -> None:
    found = await probe(box.home, box.around, "linux")
    assert found.level == "C"
    assert "contains" in found.reason


async def test_a_bubblewrap_that_fails_is_quoted(box: Box) -> None:
    path = program(box.above / "bin", "#!/bin/sh\necho 'bwrap: No permissions' >&2; exit 1\n")
    found = await probe(box.root, replace(box.around, path=path), "linux")
    assert (found.level, found.reason) == ("C", "bwrap: No permissions")


OPEN_DOOR = """\
#!{python}
import os, sys
words = os.read(int(sys.argv[2]), 1 << 20).decode().split("\\0")
status = words[words.index("--json-status-fd") + 1]
os.execv({bwrap!r}, [
    "bwrap", "--dev-bind", "/", "/", "--json-status-fd", status, "--chdir", words[-1], *sys.argv[3:]
])
"""


@pytest.mark.bubblewrap
async def test_a_sandbox_without_walls_is_found_out(box: Box) -> None:
    door = OPEN_DOOR.format(python=sys.executable, bwrap=shutil.which("bwrap"))
    around = replace(box.around, path=program(box.above / "bin", door))
    found = await probe(box.root, around)
    assert (found.level, found.sandbox) == ("C", None)
    broken = {promise.name for promise in found.promises if not promise.held}
    assert broken >= {
        *("own-processes", "own-environment", "filtered-calls", "no-network", "hidden-paths"),
        *("git-read-only", "limited"),
    }
    assert "own-processes" in found.reason


@pytest.mark.bubblewrap
@pytest.mark.skipif(os.geteuid() != 0, reason="only root owns the settings of the kernel")
async def test_as_root_a_fresh_proc_alone_is_found_out(box: Box) -> None:
    machine = replace(box.view().machine, proc=())
    naive = replace(box.view(), machine=machine)
    said = {one.name: one.held for one in await try_promises(bubblewrap(naive), naive, ALL)}
    assert not said.pop("kernel-read-only")
    assert all(held for name, held in said.items() if name != "ordinary-user")


def test_paths_that_must_not_show_leave_out_what_is_shown(box: Box) -> None:
    (box.home / "work" / "tree").mkdir(parents=True)
    view = replace(box.view(), root=box.home / "work" / "tree")
    assert list(hidden_paths(view)) == [box.home / ".ssh"]


@pytest.mark.bubblewrap
async def test_a_user_without_a_home_folder_gets_a_sandbox(box: Box) -> None:
    found = await probe(box.root, replace(box.around, home=Path("/"), hidden=(Path("/tmp"),)))
    assert (found.level, found.reason) == ("A", "")


PROBE = """
import asyncio, json, sys
from pathlib import Path
from codex_task_executor.sandbox.probe import probe
from codex_task_executor.sandbox.view import Surroundings
found = asyncio.run(probe(Path(sys.argv[1]), Surroundings(sys.argv[2], Path(sys.argv[3]))))
print(json.dumps([found.level, found.reason, [p.name for p in found.promises if not p.held]]))
"""


@pytest.fixture
def as_nobody() -> Iterator[list[str]]:
    """Words that run a program as an ordinary user; a test that cannot be one is skipped."""
    if os.geteuid() != 0 or not shutil.which("setpriv"):
        pytest.skip("only root can become somebody else")
    words = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
    tried = [*words, sys.executable, "-c", "import codex_task_executor, hypothesis"]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    if subprocess.run(tried, env=environment, capture_output=True, check=False).returncode:
        pytest.skip("an ordinary user cannot read this checkout")
    yield words


@pytest.fixture
def nobodys(as_nobody: list[str]) -> Iterator[Path]:
    """A folder of that user, reachable for them as pytest's own are not."""
    with tempfile.TemporaryDirectory() as folder:
        os.chown(folder, 65534, 65534)
        yield Path(folder)


def run(words: list[str], folder: Path) -> str:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "HOME": str(folder)}
    environment["PYTHONDONTWRITEBYTECODE"] = "1"
    done = subprocess.run(
        words, env=environment, cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.bubblewrap
def test_an_ordinary_user_gets_level_a_too(as_nobody: list[str], nobodys: Path) -> None:
    for name in ("tree", "home"):
        (nobodys / name).mkdir()
        os.chown(nobodys / name, 65534, 65534)
    arguments = [str(nobodys / "tree"), PATH, str(nobodys / "home")]
    said = run([*as_nobody, sys.executable, "-c", PROBE, *arguments], nobodys)
    assert json.loads(said) == ["A", "", []]


@pytest.mark.bubblewrap
def test_every_attack_fails_for_an_ordinary_user_too(as_nobody: list[str], nobodys: Path) -> None:
    here = Path(__file__).parent
    names = ("command_attacks", "command_network", "masks", "toolchains")
    attacks = [here / f"test_{name}.py" for name in names]
    options = ["-p", "no:cacheprovider", f"--basetemp={nobodys}/tests"]
    options.append(f"--rootdir={here.parents[2]}")
    words = [*as_nobody, sys.executable, "-m", "pytest", "-x", *options, *map(str, attacks)]
    assert " passed in " in run(words, nobodys)
