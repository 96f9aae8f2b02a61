from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from codex_task_executor.agent.scripted.scenario import Call, Scenario, Turn
from codex_task_executor.sandbox.paths import Root
from codex_task_executor.tools.apply_patch import ApplyPatch
from codex_task_executor.tools.base import Tool
from codex_task_executor.tools.glob import Glob
from codex_task_executor.tools.grep import Grep
from codex_task_executor.tools.read import Read
from support.fixtures import FIXTURES, import_repository
from support.real_package import TEST_COMMAND, TESTS, real_repository
from support.repositories import Sandpit

TIPS = {
    "greeter": "3fb7ead108e6b9fcac6c10d6cec3369d78f9e1fa",
    "notes": "7fd08beae2bd763c37e71fdfdb38e4cf04136162",
}
SCENARIOS = sorted(path.stem for path in FIXTURES.glob("*.toml"))
"""Named ``repository.task``."""


def run(pit: Sandpit, command: str) -> str:
    """Output of a shell command that must succeed, with nothing but system folders on PATH."""
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(pit.root), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        command, shell=True, cwd=pit.root, env=environment, capture_output=True, check=False
    )
    output = (done.stdout + done.stderr).decode()
    assert done.returncode == 0, output
    return output


def test_every_stream_has_its_tip_written_down() -> None:
    assert {path.stem for path in FIXTURES.glob("*.fi")} == set(TIPS)


@pytest.mark.parametrize("name", TIPS)
def test_a_stream_imports_to_the_same_ids_every_time(name: str, tmp_path: Path) -> None:
    pit = import_repository(name, tmp_path)
    assert pit.git("rev-parse", "main") == TIPS[name]
    assert pit.git("status", "--porcelain") == ""
    pit.git("fsck", "--strict")
    exported = os.fsencode(pit.git("fast-export", "--all", "-M")) + b"\n"
    assert exported == (FIXTURES / f"{name}.fi").read_bytes()


@pytest.mark.parametrize("name", TIPS)
def test_the_suite_of_a_fixture_passes_with_nothing_but_python(name: str, tmp_path: Path) -> None:
    assert "OK" in run(import_repository(name, tmp_path), "python3 -m unittest -q")


def test_notes_has_every_kind_of_file_that_a_change_can_carry(tmp_path: Path) -> None:
    pit = import_repository("notes", tmp_path)
    modes = {line.split()[0] for line in pit.git("ls-files", "--stage").splitlines()}
    assert modes == {"100644", "100755", "120000"}
    assert b"\r\n" in (pit.root / "templates/letter.txt").read_bytes()
    assert b"\0" in (pit.root / "samples/logo.png").read_bytes()
    assert (pit.root / 'samples/été "draft"\tv2.md').is_file()
    assert (pit.root / "samples/empty.md").stat().st_size == 0
    assert not (pit.root / "samples/apples.md").read_bytes().endswith(b"\n")


def test_the_real_package_passes_its_own_tests(tmp_path: Path) -> None:
    assert f"Ran {TESTS} tests" in run(real_repository(tmp_path), TEST_COMMAND)


async def play(name: str, folder: Path, *, commands: bool = True) -> Sandpit:
    """A scenario's calls made one after the other on its repository, by the real tools.

    Without ``commands`` the turns that run some are left out, as where there is no sandbox.
    """
    pit = import_repository(name.partition(".")[0], folder)
    (conversation,) = Scenario.load(FIXTURES / f"{name}.toml").conversations
    texts: list[str] = []
    for turn in conversation.turns:
        if commands or not any(call.tool == "bash" for call in calls(turn)):
            for pattern in turn.expect:
                assert any(pattern.search(text) for text in texts), (pattern.pattern, texts)
            texts = [await output(call, pit) for call in calls(turn)]
    return pit


def calls(turn: Turn) -> list[Call]:
    """The calls among a turn's items."""
    return [item for item in turn.items if isinstance(item, Call)]


async def output(call: Call, pit: Sandpit) -> str:
    """What a call gives; commands run unsandboxed, for we wrote them."""
    if call.tool == "bash":
        return run(pit, dict(call.arguments or {})["command"])
    with Root.open(pit.root) as root:
        tools: list[Tool[Any]] = [Glob(root), Grep(root), Read(root), ApplyPatch(root)]
        (tool,) = [tool for tool in tools if tool.name == call.tool]
        given = call.arguments if call.input is None else {"input": call.input}
        return (await tool.run(tool.arguments.model_validate(given))).text


@pytest.mark.parametrize("commands", [True, False], ids=["commands", "file tools only"])
@pytest.mark.parametrize("name", SCENARIOS)
async def test_a_scenario_does_its_work(name: str, commands: bool, tmp_path: Path) -> None:
    pit = await play(name, tmp_path, commands=commands)
    assert "OK" in run(pit, "python3 -m unittest -q")
    assert pit.git("status", "--porcelain") != ""


async def test_the_demo_s_tasks_conflict_as_they_should(tmp_path: Path) -> None:
    trees = {}
    for task in ("farewell", "noon", "formal"):
        pit = await play(f"greeter.{task}", tmp_path / task)
        pit.commit({}, task)
        trees[task] = pit
    pit = trees["farewell"]
    for other in ("noon", "formal"):
        pit.git("fetch", "-q", str(trees[other].root), f"main:{other}")
    assert conflicts(pit, "noon") == set()
    assert conflicts(pit, "formal") == {
        "greeter/__main__.py",
        "greeter/render.py",
        "tests/test_render.py",
    }


def conflicts(pit: Sandpit, other: str) -> set[str]:
    """Paths that conflict when ``other`` is merged into main."""
    command = ["git", "merge-tree", "--write-tree", "--name-only", "--no-messages", "main", other]
    done = subprocess.run(
        command, cwd=pit.root, env=pit.environment, capture_output=True, text=True, check=False
    )
    assert done.returncode in (0, 1), done.stderr
    return set(done.stdout.split()[1:])


async def test_the_notes_change_is_carried_in_every_form(tmp_path: Path) -> None:
    pit = await play("notes.tidy", tmp_path)
    pit.git("add", "-A")
    raw = pit.git("diff", "--cached", "-M", "--raw", "--abbrev=4").splitlines()
    changed = {line.partition("\t")[2]: line.split("\t")[0].split() for line in raw}
    assert changed["scripts/notes.sh\tbin/notes"][:2] == [":100755", "100755"]
    assert changed["templates/example.md"][1] == "120000"
    assert changed["samples/OLD-INDEX.txt"][4] == "D"
    assert r'"samples/\303\251t\303\251 \"draft\"\tv2.md"' in changed
    letter = (pit.root / "templates/letter.txt").read_bytes()
    assert letter.endswith(b"Kind regards,\r\n{sender}\r\n")
    assert (pit.root / "samples/logo.raw").read_bytes() == b"\0\1\2\xff"
