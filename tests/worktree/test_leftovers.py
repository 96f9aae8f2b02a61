from __future__ import annotations

import os
import socket

import pytest

from codex_worktree.leftovers import left_out
from support.repositories import Sandpit
from support.tasks import Task


@pytest.fixture
def task(pit: Sandpit) -> Task:
    pit.commit({".gitignore": "*.log\nbuild/\n", "sub/.gitignore": "*.o\n", "sub/x.c": ""})
    return Task.create(pit)


def paths(task: Task) -> list[str]:
    return [entry.path for entry in left_out(task.repository, task.worktree)]


def write(task: Task, *names: str) -> None:
    for name in names:
        (task.path / name).parent.mkdir(parents=True, exist_ok=True)
        (task.path / name).touch()


def test_nothing_is_left_out_of_a_fresh_worktree(task: Task) -> None:
    assert paths(task) == []


def test_what_the_bases_rules_ignore_is_expected(task: Task) -> None:
    write(task, "x.log", "build/a", "build/b/c", "sub/x.o", "sub/deep/y.o", "logs/z.log")
    assert paths(task) == []


def test_files_that_a_new_rule_hides_are_named(task: Task) -> None:
    write(task, "x.log", "hidden.py", "sub/y.py", "sub/x.o")
    (task.path / ".gitignore").write_text("*.log\nbuild/\nhidden.py\n")
    (task.path / "sub/.gitignore").write_text("*.o\ny.py\n")
    assert sorted(paths(task)) == ["hidden.py", "sub/y.py"]


def test_a_folder_that_hides_itself_is_named_once(task: Task) -> None:
    write(task, ".cache/a", "\u00fcnd\n/b", ".cache/deep/c")
    (task.path / ".cache/.gitignore").write_text("*\n")
    (task.path / "\u00fcnd\n/.gitignore").write_text("*\n")
    assert sorted(paths(task)) == [".cache/", "\u00fcnd\n/"]


def test_of_a_folder_ignored_for_two_reasons_only_the_new_ones_are_named(task: Task) -> None:
    write(task, "mixed/x.log", "mixed/hidden.py")
    (task.path / ".gitignore").write_text("*.log\nhidden.py\n")
    assert paths(task) == ["mixed/hidden.py"]


def test_special_files_are_named(task: Task, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(task.path)
    os.mkfifo("sub/fifo")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind("socket")
    (task.path / "link").symlink_to("/dev/null")
    found = {entry.path: entry.reason for entry in left_out(task.repository, task.worktree)}
    assert found == {"sub/fifo": "a FIFO", "socket": "a socket"}


def test_files_in_a_submodules_folder_are_named(pit: Sandpit) -> None:
    name = pit.git("rev-parse", "HEAD")
    pit.git("update-index", "--add", "--cacheinfo", f"160000,{name},vendor")
    pit.git("commit", "-q", "-m", "submodule")
    task = Task.create(pit)
    assert paths(task) == []
    write(task, "vendor/x.c")
    assert paths(task) == ["vendor"]
