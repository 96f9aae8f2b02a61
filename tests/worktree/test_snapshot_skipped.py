"""What a snapshot leaves out, and that it says so."""

from __future__ import annotations

import os
import shutil
import socket

import pytest

from codex_worktree import harvest, snapshot
from codex_worktree.harvest import Skipped
from support.repositories import Sandpit
from support.tasks import Task


@pytest.fixture
def task(pit: Sandpit) -> Task:
    return Task.create(pit)


def skipped(found: snapshot.Snapshot) -> list[str]:
    return [entry.path for entry in found.skipped]


def test_a_new_file_with_a_secrets_name_is_refused_and_named(task: Task) -> None:
    (task.path / "deep").mkdir()
    (task.path / "deep/.env").write_text("KEY=1")
    (task.path / "ok.txt").touch()
    for _ in range(2):
        taken = task.take(task.worktree.base, refuse=lambda path: path.endswith(".env"))
        assert taken.skipped == (Skipped("deep/.env", "a new file with the name of a secret"),)
        assert "deep/.env" not in task.tree(taken.commit)


def test_a_secret_that_the_base_has_may_change(pit: Sandpit) -> None:
    pit.commit({".env": "KEY=1\n"})
    task = Task.create(pit)

    def refuse(path: str) -> bool:
        return path == ".env"

    (task.path / ".env").unlink()
    assert ".env" not in task.tree(task.take(refuse=refuse).commit)
    (task.path / ".env").write_text("KEY=2\n")
    assert task.tree(task.take(refuse=refuse).commit)[".env"][1] == b"KEY=2\n"


def test_temporary_files_of_the_tools_are_no_result(task: Task) -> None:
    (task.path / "src/.codex-task-tmp-1").touch()
    (task.path / ".codex-task-tmp-2").mkdir()
    (task.path / ".codex-task-tmp-2/x").touch()
    taken = task.take()
    assert (taken.commit, taken.skipped) == (task.worktree.base, ())


def test_a_nested_repository_is_named_and_not_entered(task: Task) -> None:
    task.pit.git("init", "-q", str(task.path / "nested"))
    task.pit.git("commit", "-q", "--allow-empty", "-m", "x", cwd=task.path / "nested")
    (task.path / "nested/file").touch()
    (task.path / "beside").touch()
    taken = task.take()
    assert taken.skipped == (Skipped("nested/", "a git repository of its own"),)
    assert "beside" in task.tree(taken.commit)


def test_files_of_a_repository_that_is_none_any_more_are_taken(task: Task) -> None:
    task.pit.git("init", "-q", str(task.path / "nested"))
    (task.path / "nested/file").touch()
    os.utime(task.path, (1, 1))  # long enough ago for git to trust what it remembers of it
    task.take()
    task.take()
    shutil.rmtree(task.path / "nested/.git")
    assert "nested/file" in task.tree(task.take().commit)


def test_a_planted_repository_in_a_submodules_folder_changes_nothing(pit: Sandpit) -> None:
    name = pit.git("rev-parse", "HEAD")
    pit.git("update-index", "--add", "--cacheinfo", f"160000,{name},vendor")
    pit.git("commit", "-q", "-m", "submodule")
    task = Task.create(pit)
    inner = task.path / "vendor"
    pit.git("init", "-q", str(inner))
    ran = task.path.parent / "ran"
    pit.git("config", "filter.evil.clean", f"touch {ran}", cwd=inner)
    pit.git("config", "core.fsmonitor", f"touch {ran}", cwd=inner)
    (inner / ".gitattributes").write_text("* filter=evil\n")
    (inner / "file").touch()
    pit.git("commit", "-q", "--allow-empty", "-m", "x", cwd=inner)
    ran.unlink(missing_ok=True)
    taken = task.take()
    assert taken.commit == task.worktree.base
    assert skipped(taken) == ["vendor"]
    assert not ran.exists()


@pytest.mark.parametrize("kind", ["fifo", "socket"])
def test_a_special_file_in_the_place_of_a_file_is_named(
    task: Task, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (task.path / "README.md").unlink()
    if kind == "fifo":
        os.mkfifo(task.path / "README.md")
    else:
        monkeypatch.chdir(task.path)
        with socket.socket(socket.AF_UNIX) as listening:
            listening.bind("README.md")
    (task.path / "new.txt").touch()
    taken = task.take()
    assert skipped(taken) == ["README.md"]
    assert kind in taken.skipped[0].reason.lower()
    assert sorted(task.tree(taken.commit)) == ["README.md", "new.txt", "src/app.py"]


@pytest.mark.parametrize("name", [".GIT/config", "deep/.Git/config", "git~1/x", ".git\u200c/x"])
def test_git_in_disguise_is_named_and_left_out(task: Task, name: str) -> None:
    (task.path / name).parent.mkdir(parents=True)
    (task.path / name).write_text("[core]\n\tfsmonitor = evil\n")
    (task.path / "ok.txt").touch()
    taken = task.take()
    assert skipped(taken) == [name]
    assert "ok.txt" in task.tree(taken.commit)


def test_a_link_called_gitmodules_is_named_and_left_out(task: Task) -> None:
    (task.path / ".gitmodules").symlink_to("README.md")
    assert skipped(task.take()) == [".gitmodules"]


def test_a_file_larger_than_the_limit_is_named(task: Task, monkeypatch: pytest.MonkeyPatch) -> None:
    with (task.path / "giant").open("wb") as file:
        file.truncate(harvest.LARGEST + 1)
    taken = task.take()
    assert taken.skipped == (Skipped("giant", "larger than 1024 MiB"),)


def test_a_file_of_git_lfs_is_named_and_keeps_its_pointer(pit: Sandpit) -> None:
    pit.commit({".gitattributes": "*.bin filter=lfs diff=lfs merge=lfs -text\n", "a.bin": "ptr\n"})
    task = Task.create(pit)
    (task.path / "a.bin").write_text("real content\n")
    (task.path / "b.bin").write_text("real content\n")
    (task.path / "c.txt").write_text("text\n")
    taken = task.take()
    assert skipped(taken) == ["a.bin", "b.bin"]
    assert task.tree(taken.commit)["a.bin"][1] == b"ptr\n"
    assert "c.txt" in task.tree(taken.commit)


def test_a_filter_that_nobody_has_configured_does_nothing_as_with_plain_git(
    pit: Sandpit,
) -> None:
    pit.commit({".gitattributes": "*.x filter=unknown\n"})
    task = Task.create(pit)
    (task.path / "a.x").write_text("content")
    assert task.tree(task.take().commit)["a.x"][1] == b"content"


def test_a_file_with_a_filter_can_be_deleted(pit: Sandpit) -> None:
    pit.commit({".gitattributes": "*.bin filter=lfs\n", "a.bin": "ptr\n"})
    task = Task.create(pit)
    (task.path / "a.bin").unlink()
    taken = task.take()
    assert "a.bin" not in task.tree(taken.commit)
    assert taken.skipped == ()


def test_a_file_that_cannot_be_converted_is_named_and_the_others_are_taken(pit: Sandpit) -> None:
    pit.commit({".gitattributes": "*.utf16 working-tree-encoding=UTF-16\n"})
    task = Task.create(pit)
    (task.path / "bad.utf16").write_bytes(b"odd")
    for number in range(5):
        (task.path / f"{number}.txt").write_text("x")
    (task.path / "good.utf16").write_text("good\n", encoding="utf-16")
    taken = task.take()
    assert skipped(taken) == ["bad.utf16"]
    tree = task.tree(taken.commit)
    assert tree["good.utf16"][1] == b"good\n"
    assert {f"{number}.txt" for number in range(5)} <= set(tree)
