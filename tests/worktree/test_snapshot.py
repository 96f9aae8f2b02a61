from __future__ import annotations

import os
import resource
import shutil
from pathlib import Path

import pytest

from codex_worktree import harvest, shadow
from codex_worktree.errors import GitCommandError, UnsupportedRepository
from support.repositories import Sandpit
from support.tasks import TASK, Task, digest


@pytest.fixture
def task(pit: Sandpit) -> Task:
    return Task.create(pit)


def test_an_unchanged_worktree_is_its_parent(task: Task) -> None:
    taken = task.take()
    assert taken.commit == taken.base == task.worktree.base
    assert taken.tree == task.pit.git("rev-parse", "HEAD^{tree}")


def test_changes_become_a_commit_on_the_parent(task: Task) -> None:
    (task.path / "README.md").write_text("changed\n")
    (task.path / "src/app.py").unlink()
    (task.path / "new/deep").mkdir(parents=True)
    (task.path / "new/deep/file.txt").write_text("new\n")
    taken = task.take()
    assert task.tree(taken.commit) == {
        "README.md": ("100644", b"changed\n"),
        "new/deep/file.txt": ("100644", b"new\n"),
    }
    git = shadow.git(task.repository, TASK)
    assert git.text("rev-parse", f"{taken.commit}^") == task.worktree.base
    shown = git.text("log", "-1", "--format=%an <%ae>, %cn <%ce>: %B", taken.commit)
    assert shown.startswith("A U Thor <author@example.com>, C O Mitter <committer@example.com>: ")


def test_snapshots_follow_each_other(task: Task) -> None:
    (task.path / "a.txt").write_text("a")
    first = task.take()
    (task.path / "a.txt").unlink()
    second = task.take(first.commit)
    assert second.tree == task.pit.git("rev-parse", "HEAD^{tree}")
    assert second.commit != first.commit
    assert task.take(second.commit).commit == second.commit


def test_an_edit_of_the_same_size_in_the_same_second_is_seen(task: Task) -> None:
    for number in range(10):
        (task.path / "README.md").write_text(f"same size {number}\n")
        taken = task.take()
        assert task.tree(taken.commit)["README.md"][1] == f"same size {number}\n".encode()


def test_an_edit_that_keeps_the_modification_time_is_seen(task: Task) -> None:
    before = (task.path / "README.md").stat()
    (task.path / "README.md").write_text("jello\n")
    os.utime(task.path / "README.md", ns=(before.st_atime_ns, before.st_mtime_ns))
    assert task.tree(task.take().commit)["README.md"][1] == b"jello\n"


@pytest.mark.parametrize(
    "name", ["new\nline", 'tab\tquote"back\\slash', " ", "-rf", ":(top)x", "ünï", "a/*?[", "~"]
)
def test_odd_names_are_taken(task: Task, name: str) -> None:
    path = task.path / name
    path.parent.mkdir(exist_ok=True)
    path.write_text("odd")
    assert task.tree(task.take().commit)[name] == ("100644", b"odd")
    path.unlink()
    assert task.take(task.worktree.base).commit == task.worktree.base


def test_a_name_that_is_no_utf8_is_taken(task: Task) -> None:
    name = os.fsdecode(b"latin-\xe4")
    (task.path / name).write_text("x")
    assert task.tree(task.take().commit)[name] == ("100644", b"x")


def test_modes_are_reduced_to_what_git_keeps(task: Task) -> None:
    for name, mode in {"run": 0o4755, "plain": 0o644, "odd": 0o601, "sticky": 0o1700}.items():
        (task.path / name).touch()
        (task.path / name).chmod(mode)
    tree = task.tree(task.take().commit)
    modes = {name: tree[name][0] for name in ("run", "plain", "odd", "sticky")}
    assert modes == {"run": "100755", "plain": "100644", "odd": "100644", "sticky": "100755"}


def test_links_stay_text(task: Task) -> None:
    (task.path / "outside").symlink_to("/etc/passwd")
    (task.path / "dangling").symlink_to("nowhere\r\n")
    (task.path / "src/app.py").unlink()
    (task.path / "src/app.py").symlink_to("../README.md")
    tree = task.tree(task.take().commit)
    assert tree["outside"] == ("120000", b"/etc/passwd")
    assert tree["dangling"] == ("120000", b"nowhere\r\n")
    assert tree["src/app.py"] == ("120000", b"../README.md")


def test_a_folder_that_became_a_link_loses_its_files(task: Task) -> None:
    shutil.rmtree(task.path / "src")
    elsewhere = task.path.parent / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "app.py").write_text("print('hello')\n")
    (task.path / "src").symlink_to(elsewhere)
    tree = task.tree(task.take().commit)
    assert tree["src"] == ("120000", os.fsencode(elsewhere))
    assert "src/app.py" not in tree


def test_a_file_and_a_folder_can_change_places(task: Task) -> None:
    (task.path / "README.md").unlink()
    (task.path / "README.md").mkdir()
    (task.path / "README.md/inside").write_text("x")
    shutil.rmtree(task.path / "src")
    (task.path / "src").write_text("a file now")
    tree = task.tree(task.take().commit)
    assert sorted(tree) == ["README.md/inside", "src"]


def test_a_file_that_became_an_empty_folder_is_gone(task: Task) -> None:
    (task.path / "README.md").unlink()
    (task.path / "README.md").mkdir()
    taken = task.take()
    assert sorted(task.tree(taken.commit)) == ["src/app.py"]
    assert taken.skipped == ()


def test_what_the_worktrees_ignore_file_says_stays_out(task: Task) -> None:
    (task.path / ".gitignore").write_text("*.log\n")
    (task.path / "x.log").touch()
    assert sorted(task.tree(task.take().commit)) == [".gitignore", "README.md", "src/app.py"]


def test_attributes_that_the_task_changes_do_not_change_its_own_files(pit: Sandpit) -> None:
    task = Task.create(pit)
    (task.path / ".gitattributes").write_text("*.txt text eol=crlf ident\n")
    (task.path / "a.txt").write_bytes(b"$Id: x $\r\n")
    tree = task.tree(task.take().commit)
    assert tree["a.txt"][1] == b"$Id: x $\r\n"
    assert tree[".gitattributes"][1] == b"*.txt text eol=crlf ident\n"


def test_what_a_snapshot_holds_does_not_depend_on_the_one_before(pit: Sandpit) -> None:
    """git adds CRs or not by what the index has; here that is always the base."""
    pit.commit({"dos.txt": b"one\r\ntwo\r\n"})
    pit.commit({".gitattributes": "* text=auto\n"})
    task = Task.create(pit)
    for content in (b"", b"one\ntwo\n", b"one\r\ntwo\r\n"):
        (task.path / "dos.txt").write_bytes(content)
        assert task.tree(task.take().commit)["dos.txt"][1] == content
    assert task.take(task.worktree.base).commit == task.worktree.base


def test_a_folder_nested_a_thousand_deep_is_taken(task: Task) -> None:
    name = "/".join(["d"] * 1200)
    here = os.open(task.path, os.O_RDONLY)
    for part in name.split("/"):
        os.mkdir(part, dir_fd=here)
        below = os.open(part, os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = below
    os.close(os.open("x", os.O_CREAT | os.O_WRONLY, dir_fd=here))
    os.close(here)
    found = task.tree(task.take().commit)
    assert f"{name}/x" in found


def test_a_deleted_worktree_is_no_deletion_of_its_files(task: Task) -> None:
    shutil.rmtree(task.path)
    with pytest.raises(UnsupportedRepository):
        task.take()


def test_a_copied_index_of_a_killed_run_does_not_block(task: Task) -> None:
    (task.worktree.shadow / "index.lock").touch()
    (task.worktree.shadow / "snapshot.index.lock").touch()
    (task.worktree.shadow.parent / "copies").mkdir()
    (task.worktree.shadow.parent / "copies/old").touch()
    (task.path / "new.txt").touch()
    assert sorted(task.tree(task.take().commit)) == ["README.md", "new.txt", "src/app.py"]


def test_a_store_that_cannot_be_written_is_an_error_and_skips_nothing(task: Task) -> None:
    (task.path / "new.txt").touch()
    (task.worktree.shadow / "objects").rename(task.path.parent / "objects")
    (task.worktree.shadow / "objects").touch()
    with pytest.raises(GitCommandError):
        task.take()


def test_a_full_disk_is_an_error_and_skips_nothing(task: Task) -> None:
    (task.path / "new.txt").write_bytes(b"x" * 100_000)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, hard))
    try:
        with pytest.raises(OSError, match="File too large"):
            task.take()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert "new.txt" in task.tree(task.take().commit)


def test_what_nothing_holds_in_the_users_store_is_copied(task: Task) -> None:
    """The same blob, tree and commit lie unreachable in the user's store; a gc takes them."""
    files = {"src/new.txt": "dangling\n"}
    before = task.pit.git("rev-parse", "HEAD")
    task.pit.commit(files)
    task.pit.git("reset", "-q", "--hard", before)
    (task.path / "src/new.txt").write_text("dangling\n")
    taken = task.take()
    task.pit.git("reflog", "expire", "--expire=now", "--all")
    task.pit.git("gc", "-q", "--prune=now")
    git = shadow.git(task.repository, TASK)
    assert git.run("rev-list", "--objects", taken.commit).code == 0
    assert git.text("cat-file", "-p", f"{taken.commit}:src/new.txt") == "dangling"
    task.publish(taken)
    task.pit.git("fsck", "--strict")


def test_a_snapshot_leaves_the_repository_as_it_is(task: Task) -> None:
    (task.path / "new.txt").touch()
    before = digest(task.pit.root / ".git", ["codex-task"])
    task.take()
    assert digest(task.pit.root / ".git", ["codex-task"]) == before


def test_copying_does_not_follow_links_on_either_side(tmp_path: Path) -> None:
    root, outside, copies = (tmp_path / name for name in ("root", "outside", "copies"))
    for folder in (root, outside, copies):
        folder.mkdir()
    (outside / "file").write_text("secret")
    (root / "link").symlink_to(outside)
    (root / "real").mkdir()
    (root / "real/file").write_text("x")
    (copies / "real").symlink_to(outside)  # as if a racing process had it copied before
    found = harvest.copy(root, ["link/file", "real/file"], copies)
    assert found.gone == ("link/file",)
    assert [entry.path for entry in found.skipped] == ["real/file"]
    assert [path.name for path in outside.iterdir()] == ["file"]
    assert (outside / "file").read_text() == "secret"
