"""bin/execute-task and its other names, as real shell programs on a bare PATH."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from support.source import CHECKOUT

NAMES = ("execute-task", "codex-task", "execute-task-darwin-arm64")
BARE = "/usr/bin:/bin"
WORD_FOR_WORD = ("--help", "", "two\nlines `id` $(id) \"'", "-", " * ")


@pytest.fixture
def skill(tmp_path: Path) -> Path:
    """A skill folder with the shims and nothing that an environment could be made from."""
    folder = tmp_path / "a skill"
    shutil.copytree(CHECKOUT / "bin", folder / "bin", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy2(CHECKOUT / "execute-task.py", folder)
    return folder


def programs(folder: Path) -> Path:
    """Stand-ins for an installation: each prints its own path, then its arguments."""
    folder.mkdir(parents=True)
    for name in ("execute-task", "codex-task"):
        program = folder / name
        program.write_text('#!/bin/sh\nprintf "%s\\0" "$0" "$@"\n')
        program.chmod(0o755)
    return folder


def run(
    program: Path | str, *arguments: str, cwd: Path | None = None, **variables: str
) -> subprocess.CompletedProcess[bytes]:
    """Run a program with these variables as its whole environment, and a bare PATH."""
    environment = {"PATH": BARE, "HOME": "/nonexistent"} | variables
    return subprocess.run(
        [program, *arguments], env=environment, cwd=cwd, capture_output=True, check=False
    )


def words(done: subprocess.CompletedProcess[bytes]) -> list[str]:
    """What a stand-in printed: its path and its arguments."""
    assert done.returncode == 0, done.stderr.decode()
    assert done.stderr == b""
    return done.stdout.decode().split("\0")[:-1]


@pytest.mark.parametrize("name", NAMES)
def test_the_name_decides_which_program_runs(name: str, skill: Path, tmp_path: Path) -> None:
    installed = programs(tmp_path / "installed")
    wanted = installed / ("codex-task" if name == "codex-task" else "execute-task")
    assert words(run(skill / "bin" / name, CODEX_TASK_BIN=str(installed))) == [str(wanted)]


def test_arguments_arrive_word_for_word(skill: Path, tmp_path: Path) -> None:
    installed = programs(tmp_path / "installed")
    for shim in (*(skill / "bin" / name for name in NAMES), skill / "execute-task.py"):
        arrived = words(run(shim, *WORD_FOR_WORD, CODEX_TASK_BIN=str(installed)))
        assert arrived[1:] == list(WORD_FOR_WORD)


def test_codex_task_bin_may_name_either_program(skill: Path, tmp_path: Path) -> None:
    installed = programs(tmp_path / "installed")
    named = str(installed / "codex-task")
    done = run(skill / "bin/execute-task", CODEX_TASK_BIN=named)
    assert words(done) == [str(installed / "execute-task")]


@pytest.mark.parametrize("named", ["/nonexistent", "relative/folder"])
def test_a_wrong_codex_task_bin_is_one_line_and_exit_2(named: str, skill: Path) -> None:
    done = run(skill / "bin/execute-task", CODEX_TASK_BIN=named)
    assert (done.returncode, done.stdout) == (2, b"")
    assert done.stderr.count(b"\n") == 1
    assert named.encode() in done.stderr


def test_path_comes_before_the_home_folder(skill: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    local = programs(home / ".local" / "bin")
    on_path = programs(tmp_path / "on path")
    shim = skill / "bin/execute-task"
    assert words(run(shim, HOME=str(home))) == [str(local / "execute-task")]
    path = f"/nonexistent:{on_path}:{BARE}"
    assert words(run(shim, HOME=str(home), PATH=path)) == [str(on_path / "execute-task")]


def test_it_never_finds_itself_or_another_shim(skill: Path, tmp_path: Path) -> None:
    other = tmp_path / "other skill"
    shutil.copytree(skill / "bin", other / "bin")
    installed = programs(tmp_path / "installed")
    path = f"{other / 'bin'}:{skill / 'bin'}:{installed}:{BARE}"
    done = run(skill / "bin/execute-task", PATH=path)
    assert words(done) == [str(installed / "execute-task")]


def test_a_folder_with_only_one_of_the_programs_does_not_count(skill: Path, tmp_path: Path) -> None:
    half = programs(tmp_path / "half")
    (half / "codex-task").unlink()
    installed = programs(tmp_path / "installed")
    done = run(skill / "bin/execute-task", PATH=f"{half}:{installed}:{BARE}")
    assert words(done) == [str(installed / "execute-task")]


def test_a_relative_folder_on_path_is_not_looked_into(skill: Path, tmp_path: Path) -> None:
    planted = programs(tmp_path / "repository" / "bin").parent
    installed = programs(tmp_path / "installed")
    shim = skill / "bin/execute-task"
    for relative in ("bin", "./bin", "", "."):
        path = f"{relative}:{installed}:{BARE}"
        assert words(run(shim, cwd=planted, PATH=path)) == [str(installed / "execute-task")]


def test_it_works_through_a_symbolic_link(skill: Path, tmp_path: Path) -> None:
    installed = programs(tmp_path / "installed")
    link = tmp_path / "links" / "codex-task"
    link.parent.mkdir()
    link.symlink_to(skill / "bin" / "codex-task")
    assert words(run(link, CODEX_TASK_BIN=str(installed))) == [str(installed / "codex-task")]


def test_without_python_it_says_in_one_line_what_to_install(skill: Path, tmp_path: Path) -> None:
    tools = tmp_path / "tools"
    tools.mkdir()
    (skill / "pyproject.toml").write_text("")
    for name in ("sh", "basename", "dirname", "readlink", "head", "grep", "cat", "cmp"):
        (tools / name).symlink_to(str(shutil.which(name, path=BARE)))
    done = run(skill / "bin/execute-task", PATH=str(tools))
    assert (done.returncode, done.stdout) == (2, b"")
    assert done.stderr.count(b"\n") == 1
    assert b"python3-venv" in done.stderr


def test_a_folder_that_holds_no_program_is_one_line_and_exit_2(skill: Path) -> None:
    done = run(skill / "bin/execute-task")
    assert (done.returncode, done.stdout) == (2, b"")
    assert done.stderr.count(b"\n") == 1
    assert not (skill / ".venv").exists()


@pytest.mark.parametrize("name", NAMES)
def test_the_shims_are_plain_posix_shell(name: str) -> None:
    script = CHECKOUT / "bin" / name
    subprocess.run([shutil.which("dash") or "sh", "-n", script], check=True)
    if not shutil.which("shellcheck"):
        pytest.skip("shellcheck is not installed")
    subprocess.run(["shellcheck", "--shell=sh", "--severity=warning", script], check=True)
