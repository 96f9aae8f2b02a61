"""The wheel and the skill folder as a user gets them: elsewhere, on a bare PATH."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import venv
from pathlib import Path
from zipfile import ZipFile

import pytest

from codex_task_executor import __version__
from codex_task_executor.skill import NAME, TOP_LEVEL, install
from support.source import CHECKOUT, ROOTS

BARE = "/usr/bin:/bin"
REACH = re.compile(r"^PIP_|_proxy$|^SSL_CERT", re.IGNORECASE)
"""Variables by which pip is told, on this machine, where packages come from."""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of this checkout."""
    folder = tmp_path_factory.mktemp("dist")
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder)]
    subprocess.run([*build, str(CHECKOUT)], check=True, capture_output=True)
    return next(folder.glob("*.whl"))


@pytest.fixture(scope="module")
def programs(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the programs in a fresh environment with the wheel and its dependencies."""
    folder = tmp_path_factory.mktemp("fresh") / "environment"
    venv.create(folder, with_pip=False, symlinks=True)
    pip = [sys.executable, "-m", "pip", "--python", str(folder / "bin" / "python"), "install"]
    pins = ["--quiet", "--no-compile", "--constraint", str(CHECKOUT / "constraints.txt")]
    subprocess.run([*pip, *pins, str(wheel)], check=True)
    return folder / "bin"


def run(home: Path, *command: str | Path) -> subprocess.CompletedProcess[str]:
    """Run a command in ``home``, with nothing but HOME and a bare PATH in its environment."""
    home.mkdir(exist_ok=True)
    environment = {"PATH": BARE, "HOME": str(home)}
    return subprocess.run(
        command, cwd=home, env=environment, capture_output=True, text=True, check=False
    )


def files(place: Path) -> list[Path]:
    """A file, or every file below a folder, but for compiled ones."""
    found = [place] if place.is_file() else [path for path in place.rglob("*") if path.is_file()]
    return [path for path in found if path.suffix != ".pyc"]


def test_the_wheel_holds_everything_that_the_checkout_has(wheel: Path) -> None:
    with ZipFile(wheel) as archive:
        packed = set(archive.namelist())
    sources = {file.relative_to(root).as_posix() for root in ROOTS for file in files(root)}
    sources |= {
        f"codex_task_executor/shipped/{file.relative_to(CHECKOUT).as_posix()}"
        for name in TOP_LEVEL
        for file in files(CHECKOUT / name)
    }
    assert sources - packed == set()
    assert not [name for name in packed if "__pycache__" in name or "/tests/" in name]


@pytest.mark.parametrize(
    "kind",
    [
        r"codex_worktree/git\.py",
        r"codex_task_executor/cli\.py",
        r"codex_task_executor/agent/prompt\.md",
        r"codex_task_executor/tools/.*\.lark",
        r"codex_task_executor/sandbox/.*x86_64.*\.bpf",
        r"codex_task_executor/sandbox/.*aarch64.*\.bpf",
        r"codex_task_executor/shipped/SKILL\.md",
        r"codex_task_executor/shipped/bin/execute-task",
        r"codex_task_executor/shipped/fixtures/repos/greeter\.fi",
    ],
)
def test_the_wheel_holds_what_no_import_would_miss(kind: str, wheel: Path) -> None:
    with ZipFile(wheel) as archive:
        assert [name for name in archive.namelist() if re.fullmatch(kind, name)]


def test_the_programs_run_from_another_folder(programs: Path, tmp_path: Path) -> None:
    for program in ("codex-task", "execute-task"):
        version = run(tmp_path / "home", programs / program, "--version")
        assert (version.returncode, version.stdout) == (0, f"codex-task {__version__}\n")
        helped = run(tmp_path / "home", programs / program, "--help")
        assert helped.returncode == 0, helped.stderr
        assert helped.stdout
    place = run(
        tmp_path / "home",
        programs / "python",
        "-c",
        "import codex_worktree as p; print(p.__file__)",
    )
    assert place.stdout.startswith(str(programs.parent))


def test_the_installed_program_installs_a_skill_that_finds_it(
    programs: Path, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    installed = run(home, programs / "codex-task", "skill", "install")
    assert installed.returncode == 0, installed.stderr
    folder = home / ".claude" / "skills" / NAME
    validated = run(home, Path(sys.executable).with_name("agentskills"), "validate", folder)
    assert validated.returncode == 0, validated.stderr
    shim = folder / "bin" / "codex-task"
    found = run(home, "/usr/bin/env", f"CODEX_TASK_BIN={programs}", shim, "--version")
    assert found.stdout == f"codex-task {__version__}\n"


def test_a_skill_folder_alone_makes_its_environment_once(tmp_path: Path) -> None:
    folder = tmp_path / "a project" / ".claude" / "skills" / NAME
    install(folder)
    (folder.parents[2] / ".gitignore").write_text(".claude/\nsrc/\n")
    (folder.parents[2] / ".git").mkdir()
    home = tmp_path / "home"
    home.mkdir()
    shim, arguments = folder / "bin" / "execute-task", ("--version",)
    reach = {name: value for name, value in os.environ.items() if REACH.search(name)}
    environment = {"PATH": BARE, "HOME": str(home), **reach}
    both = [
        subprocess.Popen([shim, *arguments], env=environment, stdout=-1, stderr=-1) for _ in "ab"
    ]
    outputs = [process.communicate() for process in both]
    assert [out.decode() for out, _ in outputs] == [f"codex-task {__version__}\n"] * 2
    said = b"".join(err for _, err in outputs)
    assert said.count(b"making the environment") == 1  # the other one waited for it
    again = run(home, shim, *arguments)
    assert (again.stdout, again.stderr) == (f"codex-task {__version__}\n", "")
