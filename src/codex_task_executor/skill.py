"""Copies the skill out of the installed program, as one folder that is whole or absent.

The folder holds what a checkout holds, without tests: the shim ``bin/execute-task`` can make
an environment from it where the program itself is not installed (see ``bin/environment.py``).
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from itertools import count
from pathlib import Path

from codex_task_executor import __version__
from codex_task_executor.errors import SkillFolderProblem
from codex_task_executor.resources import PACKAGES, package_folder, resource

NAME = "codex-task-executor"
"""The skill's name; its folder must have the same one (agentskills specification)."""

MANIFEST = ".installed.json"
"""Version and digests of the files as installed: tells an untouched folder from an edited one."""

TOP_LEVEL = (
    "SKILL.md",
    "LICENSE",
    "README.md",
    "pyproject.toml",
    "constraints.txt",
    "execute-task.py",
    "bin",
    "references",
    "fixtures",
)
PROGRAMS = (
    "execute-task.py",
    "bin/execute-task",
    "bin/codex-task",
    "bin/execute-task-darwin-arm64",
)
_NOT_COPIED = shutil.ignore_patterns("__pycache__", "shipped")
_NOT_COUNTED = (".venv", "__pycache__", MANIFEST)


@dataclass(frozen=True)
class Installation:
    """An installed skill. ``previous`` is where an edited or older folder was put, if any."""

    folder: Path
    files: tuple[Path, ...]
    previous: Path | None


def user_folder(home: Path) -> Path:
    """Where Claude Code looks for a user's skill."""
    return home / ".claude" / "skills" / NAME


def project_folder(root: Path) -> Path:
    """Where Claude Code looks for a project's skill."""
    return root / ".claude" / "skills" / NAME


def install(folder: Path) -> Installation:
    """Put the skill into ``folder``, replacing an earlier copy of it.

    A copy with any file changed, added or missing since it was installed is moved aside, not
    removed. Raises SkillFolderProblem where the folder is anything else or cannot be written.
    """
    try:
        return _install(folder)
    except OSError as error:
        raise SkillFolderProblem(folder, f"it cannot be written ({error})") from error


def _install(folder: Path) -> Installation:
    folder.parent.mkdir(parents=True, exist_ok=True)
    with _locked(folder.parent):
        _require_replaceable(folder)
        shutil.rmtree(_beside(folder, "old"), ignore_errors=True)
        staging = _empty(_beside(folder, "new"))
        _fill(staging)
        previous = _swap(staging, folder)
    return Installation(folder, tuple(folder / name for name in _digests(folder)), previous)


@contextmanager
def _locked(parent: Path) -> Iterator[None]:
    descriptor = os.open(parent, os.O_RDONLY | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _require_replaceable(folder: Path) -> None:
    if folder.is_symlink():
        raise SkillFolderProblem(folder, "it is a symbolic link")
    if not folder.exists():
        return
    if (folder / ".git").exists():
        raise SkillFolderProblem(folder, "it is a git checkout; update it with git")
    if not _is_this_skill(folder / "SKILL.md"):
        raise SkillFolderProblem(folder, f"it does not hold a SKILL.md named {NAME}")


def _is_this_skill(description: Path) -> bool:
    if not description.is_file():
        return False
    return f"name: {NAME}".encode() in description.read_bytes().splitlines()


def _beside(folder: Path, role: str) -> Path:
    """Where a copy is made, or waits for its deletion; only ever an untouched one."""
    return folder.with_name(f".{folder.name}.{role}")


def _empty(folder: Path) -> Path:
    """A new empty folder; what a killed installation left there is removed."""
    if folder.exists():
        shutil.rmtree(folder)
    folder.mkdir()
    return folder


def _fill(staging: Path) -> None:
    for name in TOP_LEVEL:
        _copy(resource(name), staging / name)
    for package, parent in PACKAGES.items():
        _copy(package_folder(package), staging / parent / package)
    for name in PROGRAMS:
        (staging / name).chmod(0o755)
    manifest = {"version": __version__, "files": _digests(staging)}
    (staging / MANIFEST).write_text(json.dumps(manifest, indent=1) + "\n", encoding="utf-8")


def _copy(source: Path, target: Path) -> None:
    if source.is_dir():
        shutil.copytree(source, target, ignore=_NOT_COPIED, copy_function=shutil.copyfile)
    else:
        shutil.copyfile(source, target)


def _digests(folder: Path) -> dict[str, str]:
    """Relative path -> SHA-256 of each installed file, in order."""
    names = (path.relative_to(folder) for path in sorted(folder.rglob("*")) if path.is_file())
    return {
        name.as_posix(): sha256((folder / name).read_bytes()).hexdigest()
        for name in names
        if not set(name.parts) & set(_NOT_COUNTED)
    }


def _swap(staging: Path, folder: Path) -> Path | None:
    """Put the finished folder in place; its environment, tied to the path, stays."""
    if not folder.exists():
        staging.rename(folder)
        return None
    untouched = _is_untouched(folder)
    aside = _empty(_beside(folder, "old")) if untouched else _free_name(folder)
    folder.rename(aside)
    if (aside / ".venv").is_dir():
        (aside / ".venv").rename(staging / ".venv")
    staging.rename(folder)
    if untouched:
        shutil.rmtree(aside)
    return None if untouched else aside


def _is_untouched(folder: Path) -> bool:
    try:
        manifest = json.loads((folder / MANIFEST).read_bytes())
    except (OSError, ValueError):
        return False
    return isinstance(manifest, dict) and manifest.get("files") == _digests(folder)


def _free_name(folder: Path) -> Path:
    """Outside the folder of skills: Claude Code would load a second copy from there."""
    outside = folder.parent.parent
    names = (outside / f"{folder.name}.previous-{number}" for number in count(1))
    return next(name for name in names if not name.exists())
