"""What lies in a worktree and in no snapshot, though the base's rules would not leave it out.

A task may change ``.gitignore``: its own files then drop out of what is reviewed. And git
does not list FIFOs, sockets and devices at all, nor files put into a submodule's folder.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path, PurePath
from tempfile import TemporaryDirectory

from codex_worktree import shadow
from codex_worktree.contents import blobs
from codex_worktree.git import Git
from codex_worktree.harvest import KINDS, Skipped
from codex_worktree.quoting import path_bytes
from codex_worktree.repository import Repository
from codex_worktree.worktrees import TaskWorktree

_IGNORED = ("ls-files", "-z", "-o", "-i", "--exclude-standard")


def left_out(repository: Repository, worktree: TaskWorktree) -> tuple[Skipped, ...]:
    """Newly ignored files (a folder with all it holds as one path), and special files."""
    git = shadow.git(repository, worktree.task_id, worktree.path)
    ignored = _outermost(git.run(*_IGNORED, "--directory").fields)
    reason = "ignored by a rule that the base does not have"
    fresh = [Skipped(path, reason) for path in _newly_ignored(git, worktree.base, ignored)]
    hidden = {path.rstrip("/") for path in ignored}
    return (*fresh, *_special(worktree.path, hidden), *_in_submodules(git, worktree.path))


def _outermost(paths: list[str]) -> list[str]:
    """Without what lies in a folder that is listed itself: ``--directory`` lists some twice."""
    folders = {path.rstrip("/") for path in paths if path.endswith("/")}
    return [path for path in paths if not folders & set(map(str, PurePath(path).parents))]


def _newly_ignored(git: Git, base: str, ignored: list[str]) -> Iterator[str]:
    """Folders that the base's rules ignore only in part are looked at file by file."""
    if not ignored:
        return
    with _rules_of(git, base) as rules:
        for path in _not_ignored(rules, ignored):
            if not path.endswith("/"):
                yield path
                continue
            inside = git.with_variables(GIT_LITERAL_PATHSPECS="1").run(*_IGNORED, "--", path).fields
            fresh = _not_ignored(rules, inside)
            yield from [path] if len(fresh) == len(inside) else fresh


@contextmanager
def _rules_of(git: Git, base: str) -> Iterator[Git]:
    """The shadow in a folder that holds the base's ``.gitignore`` files and nothing else."""
    with TemporaryDirectory(prefix="codex-task-ignore-") as name:
        folder = Path(name)
        ids = dict(_ignore_files(git, base))
        contents = blobs(git, ids.values())
        for path, object_id in ids.items():
            place = folder / path
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(contents[object_id])
        yield replace(git, work_tree=folder)


def _ignore_files(git: Git, base: str) -> Iterator[tuple[str, str]]:
    for entry in git.run("ls-tree", "-r", "-z", "--full-tree", base).fields:
        described, path = entry.split("\t", 1)
        mode, _, object_id = described.split(" ")
        plain = not path.startswith("/") and ".." not in path.split("/")
        if mode != "120000" and plain and path.rpartition("/")[2] == ".gitignore":
            yield path, object_id


def _not_ignored(rules: Git, paths: Iterable[str]) -> list[str]:
    asked = list(paths)
    stdin = b"".join(path_bytes(path) + b"\0" for path in asked)
    found = set(
        rules.run("check-ignore", "--no-index", "-z", "--stdin", stdin=stdin, ok=(0, 1)).fields
    )
    return [path for path in asked if path not in found]


def _special(root: Path, hidden: set[str]) -> Iterator[Skipped]:
    """Whatever is neither a folder, a file nor a link, outside of ignored folders."""
    pending = [""]
    while pending:
        folder = pending.pop()
        for entry in sorted(_entries(root / folder), key=lambda entry: entry.name):
            path = f"{folder}/{entry.name}".lstrip("/")
            if path == ".git" or path in hidden:
                continue
            if entry.is_dir(follow_symlinks=False):
                pending.append(path)
            elif not entry.is_file(follow_symlinks=False) and not entry.is_symlink():
                kind = stat.S_IFMT(entry.stat(follow_symlinks=False).st_mode)
                yield Skipped(path, KINDS.get(kind, "not a file"))


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as found:
            return list(found)
    except OSError:  # unreadable, or gone meanwhile: status has said so
        return []


def _in_submodules(git: Git, root: Path) -> Iterator[Skipped]:
    for entry in git.run("ls-files", "-s", "-z").fields:
        path = entry.partition("\t")[2]
        if entry.startswith("160000") and _entries(root / path):
            yield Skipped(path, "files in a submodule's folder")
