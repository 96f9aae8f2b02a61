"""``codex-task demo`` in both profiles: what it shows, and that nothing stays behind."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from support.program import BIN
from support.repositories import hermetic_environment
from support.seed_parser import Seen, parse


@pytest.fixture(scope="module", params=["openai", "compatible"])
def played(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> str:
    """What the demo printed."""
    flags = ["--compatible"] if request.param == "compatible" else []
    return play(tmp_path_factory.mktemp("demo"), *flags)


def play(folder: Path, *flags: str, **variables: str) -> str:
    """Run the demo; its temporary folder and its home must be empty afterwards."""
    (folder / "tmp").mkdir()
    (folder / "home").mkdir()
    environment = hermetic_environment(folder / "home")
    done = subprocess.run(
        [BIN / "codex-task", "demo", *flags],
        cwd=folder,
        env={**environment, "TMPDIR": str(folder / "tmp"), **variables},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stderr == ""
    assert list((folder / "tmp").iterdir()) == []
    assert list((folder / "home").iterdir()) == []
    return done.stdout


def of_task(played: str, task: str) -> Seen:
    """What the seed's parser sees of one task's lines."""
    prefix = f"  {task} | "
    lines = [line.removeprefix(prefix) for line in played.splitlines() if line.startswith(prefix)]
    return parse("\n".join(lines))


def test_it_says_that_the_model_is_scripted(played: str) -> None:
    assert "The model is scripted" in played


@pytest.mark.bubblewrap
def test_the_seeds_parser_reads_every_task(played: str) -> None:
    files = {
        "demo-farewell": 6,
        "demo-noon": 2,
        "demo-formal": 3,
    }
    for task, count in files.items():
        seen = of_task(played, task)
        assert len(seen.files) == count
        assert len(seen.complete) == 1
        assert "Bash" in " ".join(seen.tools)
    assert played.count("[TEST_RESULTS] passed: python3 -m unittest -q") == len(files)


def test_two_tasks_run_at_the_same_time(played: str) -> None:
    both = [line for line in played.splitlines() if line.startswith(("  demo-f", "  demo-n"))]
    assert both.index(next(line for line in both if "demo-noon" in line)) < both.index(
        next(line for line in both if "demo-farewell | [CODEX_COMPLETE]" in line)
    )


def test_one_lands_one_conflicts_and_the_landing_is_undone(played: str) -> None:
    order = [
        "landed demo-farewell on main",
        "[MERGE_RESULT] conflicts with main: greeter/__main__.py (content)",
        "undo demo-farewell on main: ",
    ]
    assert [played.index(line) for line in order] == sorted(played.index(line) for line in order)


def test_no_path_of_this_machine_is_shown(played: str, tmp_path: Path) -> None:
    assert str(Path(__file__).parents[2]) not in played


def test_without_a_sandbox_it_runs_no_command_and_says_so(tmp_path: Path) -> None:
    programs = tmp_path / "bin"
    programs.mkdir()
    for name in ("git", "env"):
        found = shutil.which(name)
        assert found
        (programs / name).symlink_to(found)
    shown = play(tmp_path, PATH=str(programs))
    assert "There is no sandbox here" in shown
    assert shown.count("[TEST_RESULTS] not run: no sandbox") == 3
    assert "[Tool: Bash]" not in shown
