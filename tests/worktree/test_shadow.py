from __future__ import annotations

from pathlib import Path

import pytest

from codex_worktree import shadow
from codex_worktree.repository import Repository
from support.repositories import Sandpit
from support.tasks import TASK, Task, digest

EVIL = "#!/bin/sh\ntouch $(dirname $0)/ran\ncat\n"
HOSTILE = {
    "core.fsmonitor": "./evil",
    "core.pager": "./evil",
    "core.editor": "./evil",
    "core.sshCommand": "./evil",
    "core.hooksPath": ".",
    "core.attributesFile": "./attributes",
    "filter.evil.clean": "./evil",
    "filter.evil.smudge": "./evil",
    "filter.evil.process": "./evil",
    "filter.evil.required": "true",
    "diff.external": "./evil",
    "diff.evil.textconv": "./evil",
    "diff.evil.command": "./evil",
    "merge.evil.driver": "./evil",
    "gpg.program": "./evil",
    "commit.gpgSign": "true",
    "alias.status": "!./evil",
    "alias.update-index": "!./evil",
    "gc.auto": "1",
    "submodule.recurse": "true",
    "status.showUntrackedFiles": "no",
    "core.safecrlf": "true",
    "core.splitIndex": "true",
    "index.version": "4",
}


@pytest.fixture
def hostile(pit: Sandpit) -> Sandpit:
    """A repository whose every setting runs a program that lies in its tree."""
    names = ("evil", "post-checkout", "pre-commit", "reference-transaction", "post-index-change")
    pit.write(dict.fromkeys(names, EVIL))
    for name in names:
        (pit.root / name).chmod(0o755)
    pit.commit({"a.txt": "one\n", "attributes": "a.txt filter=evil diff=evil merge=evil\n"})
    for name, value in HOSTILE.items():
        pit.git("config", name, value)
    return pit


def test_nothing_that_the_configuration_names_runs(hostile: Sandpit) -> None:
    task = Task.create(hostile)
    (task.path / "a.txt").write_text("two\n")
    (task.path / "new.txt").write_text("new\n")
    taken = task.take()
    task.publish(taken)
    assert not list(hostile.root.parent.rglob("ran"))
    assert [entry.path for entry in taken.skipped] == ["a.txt"]  # its filter would change it
    assert task.tree(taken.commit)["new.txt"] == ("100644", b"new\n")


def test_attributes_and_filters_of_the_task_run_nothing(hostile: Sandpit) -> None:
    task = Task.create(hostile)
    (task.path / ".gitattributes").write_text("* filter=evil\n")
    (task.path / "new.txt").write_text("new\n")
    taken = task.take()
    assert task.tree(taken.commit)["new.txt"] == ("100644", b"new\n")
    assert not list(hostile.root.parent.rglob("ran"))


def test_settings_that_decide_what_a_file_becomes_are_taken_over(pit: Sandpit) -> None:
    pit.git("config", "core.autocrlf", "true")
    task = Task.create(pit)
    assert (task.path / "README.md").read_bytes() == b"hello\r\n"
    (task.path / "new.txt").write_bytes(b"a\r\nb\r\n")
    assert task.tree(task.take().commit)["new.txt"] == ("100644", b"a\nb\n")


def test_the_users_own_ignore_files_count(pit: Sandpit, tmp_path: Path) -> None:
    (tmp_path / "ignore").write_text("*.global\n")
    pit.git("config", "core.excludesFile", str(tmp_path / "ignore"))
    (pit.root / ".git/info/exclude").write_text("*.local\n")
    task = Task.create(pit)
    for name in ("a.global", "b.local", "c.txt"):
        (task.path / name).touch()
    assert "c.txt" in task.tree(task.take().commit)
    assert len(task.tree(task.take().commit)) == 3


def test_the_ignore_file_in_the_home_folder_counts(pit: Sandpit) -> None:
    home = Path(pit.environment["HOME"], ".config/git")
    home.mkdir(parents=True)
    (home / "ignore").write_text("*.home\n")
    task = Task.create(pit)
    (task.path / "a.home").touch()
    assert task.take().commit == task.worktree.base


def test_objects_go_to_the_shadow_and_not_to_the_users_store(pit: Sandpit) -> None:
    task = Task.create(pit)
    before = digest(pit.root / ".git/objects")
    (task.path / "new.txt").write_text("new\n")
    task.take()
    assert digest(pit.root / ".git/objects") == before


def test_objects_of_the_users_alternates_are_seen(pit: Sandpit, tmp_path: Path) -> None:
    pit.git("clone", "-q", "--shared", str(pit.root), str(tmp_path / "borrower"))
    borrower = Sandpit(tmp_path / "borrower", pit.environment)
    task = Task.create(borrower)
    (task.path / "new.txt").write_text("new\n")
    task.publish(task.take())
    assert borrower.git("show", f"codex/{TASK}:new.txt") == "new"


def test_relative_alternates_are_seen_too(pit: Sandpit, tmp_path: Path) -> None:
    pit.git("clone", "-q", "--shared", str(pit.root), str(tmp_path / "borrower"))
    borrower = Sandpit(tmp_path / "borrower", pit.environment)
    (borrower.root / ".git/objects/info/alternates").write_text("../../../repo/.git/objects\n")
    Task.create(borrower)


def test_a_replaced_object_is_seen_as_it_was(pit: Sandpit) -> None:
    blob = pit.git("rev-parse", "HEAD:README.md")
    other = pit.git("hash-object", "-w", "--stdin", stdin=b"replaced\n")
    pit.git("replace", blob, other)
    task = Task.create(pit)
    assert (task.path / "README.md").read_text() == "hello\n"


def test_a_shallow_clone_works(pit: Sandpit, tmp_path: Path) -> None:
    pit.commit({"second.txt": "2"})
    pit.git("clone", "-q", "--depth=1", f"file://{pit.root}", str(tmp_path / "shallow"))
    shallow = Sandpit(tmp_path / "shallow", pit.environment)
    task = Task.create(shallow)
    (task.path / "new.txt").write_text("new\n")
    task.publish(task.take())
    shallow.git("fsck")
    assert shallow.git("rev-list", "--count", f"codex/{TASK}") == "2"


def test_an_sha256_repository_works(tmp_path: Path) -> None:
    pit = Sandpit.create(tmp_path, "--object-format=sha256")
    pit.commit({"a.txt": "a\n"})
    task = Task.create(pit)
    (task.path / "new.txt").write_text("new\n")
    taken = task.take()
    task.publish(taken)
    assert len(taken.commit) == 64
    assert pit.git("show", f"codex/{TASK}:new.txt") == "new"
    pit.git("fsck")


def test_a_detached_head_works(pit: Sandpit) -> None:
    pit.git("checkout", "-q", "--detach")
    assert Task.create(pit).worktree.base == pit.git("rev-parse", "HEAD")


def test_a_repository_with_settings_for_each_worktree_works(pit: Sandpit) -> None:
    pit.git("config", "extensions.worktreeConfig", "true")
    pit.git("config", "--worktree", "core.autocrlf", "true")
    before = (pit.root / ".git/config").read_bytes()
    task = Task.create(pit)
    assert (task.path / "README.md").read_bytes() == b"hello\r\n"
    assert (pit.root / ".git/config").read_bytes() == before


def test_a_submodule_is_a_repository_like_any_other(pit: Sandpit, tmp_path: Path) -> None:
    allow = ("-c", "protocol.file.allow=always")
    pit.git("clone", "-q", str(pit.root), str(tmp_path / "super"))
    super_pit = Sandpit(tmp_path / "super", pit.environment)
    super_pit.git(*allow, "submodule", "--quiet", "add", str(pit.root), "sub")
    sub = Sandpit(super_pit.root / "sub", pit.environment)
    task = Task.create(sub)
    assert task.repository.root == sub.root
    assert Repository.open(task.path, pit.environment).root == sub.root
    (task.path / "new.txt").write_text("new\n")
    task.publish(task.take())
    assert sub.git("show", f"codex/{TASK}:new.txt") == "new"


def test_settings_are_brought_up_to_date_by_the_next_run(pit: Sandpit) -> None:
    task = Task.create(pit)
    pit.git("config", "core.autocrlf", "input")
    Task.create(pit)
    (task.path / "new.txt").write_bytes(b"a\r\n")
    assert task.tree(task.take().commit)["new.txt"] == ("100644", b"a\n")


def test_the_shadow_holds_no_setting_that_names_a_program(hostile: Sandpit) -> None:
    task = Task.create(hostile)
    config = shadow.git(task.repository, TASK).run("config", "--local", "--list").text
    assert "evil" not in config
