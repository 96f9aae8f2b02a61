from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from codex_task_executor import __version__, skill
from codex_task_executor.errors import SkillFolderProblem
from codex_task_executor.resources import resource
from codex_task_executor.skill import install, project_folder, user_folder
from support.source import CHECKOUT

EXECUTABLE = (
    "execute-task.py",
    "bin/execute-task",
    "bin/codex-task",
    "bin/execute-task-darwin-arm64",
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where the skill of a user with an empty home folder goes."""
    return user_folder(tmp_path)


def files(folder: Path) -> dict[str, bytes]:
    """Content of every file by relative path."""
    found = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in found}


def test_a_resource_is_found_by_its_path_in_a_checkout() -> None:
    assert resource("fixtures/repos/greeter.fi") == CHECKOUT / "fixtures/repos/greeter.fi"
    with pytest.raises(FileNotFoundError, match="no/such/file"):
        resource("no/such/file")


def test_the_installed_skill_is_accepted_by_the_validator(folder: Path) -> None:
    install(folder)
    validator = Path(sys.executable).with_name("agentskills")
    done = subprocess.run([validator, "validate", folder], capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()


def test_it_has_every_name_that_users_call_and_may_run_them(folder: Path) -> None:
    installation = install(folder)
    for name in EXECUTABLE:
        assert (folder / name).stat().st_mode & 0o111 == 0o111
    assert folder / "references/tool-protocols.md" in installation.files
    assert set(installation.files) == {folder / name for name in files(folder)} - {
        folder / skill.MANIFEST
    }


def test_it_holds_the_source_that_its_environment_is_made_from(folder: Path) -> None:
    install(folder)
    project = tomllib.loads((folder / "pyproject.toml").read_text("utf-8"))
    wheel = project["tool"]["hatch"]["build"]["targets"]["wheel"]
    needed = [*wheel["packages"], *wheel["force-include"], project["project"]["readme"]]
    assert [name for name in needed if not (folder / name).exists()] == []
    assert not [name for name in files(folder) if "__pycache__" in name]


def test_every_link_in_the_skill_leads_to_a_file_of_it(folder: Path) -> None:
    install(folder)
    pages = [folder / "SKILL.md", *sorted((folder / "references").glob("*.md"))]
    links = [
        (page, target)
        for page in pages
        for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text("utf-8"))
    ]
    assert links
    assert [link for link in links if not (link[0].parent / link[1]).is_file()] == []


def test_installing_again_replaces_an_untouched_copy(folder: Path) -> None:
    install(folder)
    before = files(folder)
    assert install(folder).previous is None
    assert files(folder) == before
    assert [path.name for path in folder.parent.iterdir()] == [skill.NAME]


def test_the_environment_beside_it_survives(folder: Path) -> None:
    install(folder)
    (folder / ".venv").mkdir()
    (folder / ".venv" / "complete").write_text("made from what lies here")
    install(folder)
    assert (folder / ".venv" / "complete").is_file()


@pytest.mark.parametrize("change", ["edited", "added", "removed"])
def test_a_copy_that_somebody_changed_is_moved_aside_not_lost(change: str, folder: Path) -> None:
    install(folder)
    if change == "edited":
        (folder / "SKILL.md").write_bytes((folder / "SKILL.md").read_bytes() + b"\nOurs.\n")
    elif change == "added":
        (folder / "references" / "house-rules.md").write_text("ours")
    else:
        (folder / "references" / "json.md").unlink()
    theirs = files(folder)
    previous = install(folder).previous
    assert previous is not None
    assert files(previous) == theirs
    assert previous.parent == folder.parent.parent  # where Claude Code does not look for skills


def test_the_first_version_of_the_skill_is_moved_aside_too(folder: Path) -> None:
    folder.mkdir(parents=True)
    (folder / "SKILL.md").write_text(f"---\nname: {skill.NAME}\ndescription: of old\n---\n")
    (folder / "bin").mkdir()
    (folder / "bin" / "execute-task-darwin-arm64").write_bytes(b"\xcf\xfa\xed\xfe")
    previous = install(folder).previous
    assert previous is not None
    assert (previous / "bin" / "execute-task-darwin-arm64").read_bytes() == b"\xcf\xfa\xed\xfe"
    second = folder / "SKILL.md"
    second.write_text(f"name: {skill.NAME}\n")
    assert install(folder).previous not in (None, previous)


@pytest.mark.parametrize("kind", ["another skill", "file", "git checkout", "link"])
def test_anything_else_in_that_place_is_not_touched(kind: str, folder: Path) -> None:
    folder.parent.mkdir(parents=True)
    if kind == "file":
        folder.write_text("mine")
    elif kind == "link":
        folder.symlink_to(CHECKOUT)
    else:
        folder.mkdir()
        (folder / "SKILL.md").write_text("---\nname: something-else\n---\n")
        if kind == "git checkout":
            (folder / "SKILL.md").write_text(f"name: {skill.NAME}\n")
            (folder / ".git").mkdir()
    before = sorted(str(path) for path in folder.parent.rglob("*"))
    with pytest.raises(SkillFolderProblem, match=re.escape(str(folder))):
        install(folder)
    assert sorted(str(path) for path in folder.parent.rglob("*")) == before


def test_the_command_says_in_one_line_why_it_installed_nothing(tmp_path: Path) -> None:
    (tmp_path / ".claude").write_text("a file where a folder should be")
    program = Path(sys.executable).with_name("codex-task")
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(tmp_path)}
    command = [str(program), "skill", "install"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("codex-task: the skill was not installed in ")
    assert done.stderr.count("\n") == 1


def test_what_a_killed_installation_left_does_not_matter(folder: Path) -> None:
    install(folder)
    for rest in ("new", "old"):
        shutil.copytree(folder, folder.with_name(f".{skill.NAME}.{rest}"))
    shutil.rmtree(folder)
    assert install(folder).previous is None
    assert [path.name for path in folder.parent.iterdir()] == [skill.NAME]


def test_the_project_s_skill_lies_in_the_project(tmp_path: Path) -> None:
    assert project_folder(tmp_path) == tmp_path / ".claude/skills" / skill.NAME


def test_the_version_is_the_same_everywhere(folder: Path) -> None:
    install(folder)
    project = tomllib.loads((CHECKOUT / "pyproject.toml").read_text("utf-8"))["project"]
    assert project["version"] == __version__
    assert f'version: "{__version__}"' in (CHECKOUT / "SKILL.md").read_text("utf-8")
    assert f"## [{__version__}]" in (CHECKOUT / "CHANGELOG.md").read_text("utf-8")
    assert json.loads((folder / skill.MANIFEST).read_bytes())["version"] == __version__


def test_the_pins_cover_what_is_needed_and_name_no_place() -> None:
    lines = (CHECKOUT / "constraints.txt").read_text("utf-8").splitlines()
    assert [line for line in lines if not re.fullmatch(r"[A-Za-z0-9._-]+==[0-9][\w.]*", line)] == []
    pinned = {re.sub(r"[-_.]+", "-", line.partition("==")[0]).lower() for line in lines}
    project = tomllib.loads((CHECKOUT / "pyproject.toml").read_text("utf-8"))["project"]
    wanted = [*project["dependencies"], *project["optional-dependencies"]["dev"]]
    names = {re.match(r"[\w-]+", entry)[0].lower() for entry in wanted}  # type: ignore[index]
    assert names <= pinned
