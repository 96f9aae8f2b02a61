from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from codex_worktree import refs, shadow, worktrees
from codex_worktree.errors import BranchTaken, CheckoutInTheWay, UnsupportedRepository
from codex_worktree.repository import Repository
from support.repositories import Sandpit
from support.tasks import TASK, Task, digest, place

OURS = (
    "objects",
    "codex-task",
    "worktrees",
    "refs/codex-tasks",
    "refs/heads/codex",
    "logs/refs/heads/codex",
)


@pytest.fixture
def task(pit: Sandpit) -> Task:
    return Task.create(pit)


def again(task: Task) -> worktrees.TaskWorktree:
    found = worktrees.find(task.repository, TASK, task.path)
    assert found is not None
    return found


def test_a_new_worktree_has_the_files_of_the_base_on_its_own_branch(task: Task) -> None:
    assert (task.path / "src/app.py").read_text() == "print('hello')\n"
    assert task.pit.git("rev-parse", "HEAD", cwd=task.path) == task.worktree.base
    assert task.pit.git("symbolic-ref", "HEAD", cwd=task.path) == f"refs/heads/codex/{TASK}"
    assert task.pit.git("status", "--porcelain", cwd=task.path) == ""


def test_a_new_worktree_is_locked_with_a_reason(task: Task) -> None:
    listed = task.pit.git("worktree", "list", "--porcelain")
    assert f"locked codex-task {TASK}" in listed


def test_the_branch_has_no_upstream_even_where_that_is_the_rule(pit: Sandpit) -> None:
    pit.git("config", "branch.autoSetupMerge", "always")
    Task.create(pit)
    assert "codex" not in (pit.root / ".git/config").read_text()


@pytest.mark.parametrize("where", ["main", "linked"])
def test_nothing_of_the_users_changes(pit: Sandpit, where: str) -> None:
    hook = "#!/bin/sh\ntouch $(dirname $0)/../ran\n"
    pit.write({".git/hooks/post-checkout": hook, ".git/hooks/reference-transaction": hook})
    for name in ("post-checkout", "reference-transaction"):
        (pit.root / ".git/hooks" / name).chmod(0o755)
    pit.write({"README.md": "stashed\n"})
    pit.git("-c", "core.hooksPath=/dev/null", "stash")
    linked = pit.root.parent / "linked"
    pit.git("-c", "core.hooksPath=/dev/null", "worktree", "add", "-q", "-b", "side", str(linked))
    pit.write({"README.md": "dirty\n", "new.txt": "untracked\n"})
    pit.git("add", "new.txt")
    without = [name if name != "worktrees" else f"worktrees/{TASK}" for name in OURS]
    before = digest(pit.root / ".git", without), digest(pit.root, [".git"]), digest(linked)
    task = Task.create(pit, where=pit.root if where == "main" else linked)
    (task.path / "README.md").write_text("changed by the task\n")
    task.publish(task.take())
    worktrees.remove(task.repository, again(task))
    after = digest(pit.root / ".git", without), digest(pit.root, [".git"]), digest(linked)
    assert after == before


def test_git_status_in_the_checkout_does_not_see_the_worktree(task: Task) -> None:
    assert task.pit.git("status", "--porcelain") == ""


@pytest.mark.parametrize(
    ("existing", "wanted"),
    [
        (f"codex/{TASK}", TASK),
        ("codex", TASK),
        (f"codex/{TASK}/deeper", TASK),
        (f"codex/{TASK.upper()}", TASK),
        ("main", "a..b"),
        ("main", "x.lock"),
    ],
)
def test_a_branch_in_the_way_is_refused_before_anything_is_made(
    pit: Sandpit, existing: str, wanted: str
) -> None:
    if existing != "main":
        pit.git("branch", existing)
    before = digest(pit.root / ".git")
    repository = Repository.open(pit.root, pit.environment)
    with pytest.raises(BranchTaken):
        worktrees.create(repository, wanted, repository.head().commit, place(pit, wanted))
    assert digest(pit.root / ".git") == before
    assert not place(pit, wanted).exists()


def test_a_task_that_exists_is_found_as_it_is(task: Task) -> None:
    (task.path / "README.md").write_text("edited\n")
    worktrees.check_branch(task.repository, TASK)
    assert again(task) == task.worktree
    assert (task.path / "README.md").read_text() == "edited\n"


def test_creating_it_again_keeps_the_recorded_base(task: Task) -> None:
    later = task.pit.commit({"later.txt": "x"})
    assert worktrees.create(task.repository, TASK, later, task.path) == task.worktree
    assert not (task.path / "later.txt").exists()


def test_a_task_never_made_is_not_found(pit: Sandpit) -> None:
    repository = Repository.open(pit.root, pit.environment)
    assert worktrees.find(repository, TASK, place(pit)) is None


def test_a_deleted_folder_comes_back_from_the_last_snapshot(task: Task) -> None:
    (task.path / "new.txt").write_text("kept\n")
    task.take()
    shutil.rmtree(task.path)
    assert again(task) == task.worktree
    assert (task.path / "new.txt").read_text() == "kept\n"


def test_a_deleted_shadow_is_made_again_and_files_are_left_alone(task: Task) -> None:
    (task.path / "README.md").write_text("edited\n")
    (task.path / "src/app.py").unlink()
    shutil.rmtree(task.worktree.shadow.parent)
    again(task)
    assert (task.path / "README.md").read_text() == "edited\n"
    assert list(task.tree(task.take().commit)) == ["README.md"]


def test_a_pruned_entry_is_made_again_and_files_are_left_alone(task: Task) -> None:
    (task.path / "README.md").write_text("edited\n")
    shutil.rmtree(task.worktree.entry)
    shutil.rmtree(task.worktree.shadow.parent)
    again(task)
    assert (task.path / "README.md").read_text() == "edited\n"
    assert task.pit.git("rev-parse", "--abbrev-ref", "HEAD", cwd=task.path) == f"codex/{TASK}"
    assert sorted(path.name for path in task.path.parent.iterdir()) == [TASK]


def test_a_deleted_branch_comes_back(task: Task) -> None:
    (task.path / "new.txt").write_text("kept\n")
    taken = task.take()
    task.publish(taken)
    task.pit.git("update-ref", "-d", f"refs/heads/codex/{TASK}")
    again(task)
    assert task.repository.reference(refs.branch(TASK)) == taken.commit


@pytest.mark.parametrize("damage", ["missing", "other text", "link"])
def test_a_git_file_that_was_tampered_with_is_mended(task: Task, damage: str) -> None:
    link = task.path / ".git"
    link.unlink()
    if damage == "other text":
        link.write_text("gitdir: /tmp/evil\n")
    elif damage == "link":
        link.symlink_to("/etc/passwd")
    again(task)
    assert not link.is_symlink()
    assert task.pit.git("status", "--porcelain", cwd=task.path) == ""


def test_a_repository_in_the_place_of_the_worktree_is_refused(task: Task) -> None:
    (task.path / ".git").unlink()
    task.pit.git("init", "-q", cwd=task.path)
    with pytest.raises(UnsupportedRepository, match="another repository"):
        again(task)


def test_something_else_at_the_path_is_refused(pit: Sandpit) -> None:
    place(pit).parent.mkdir()
    place(pit).symlink_to(pit.root)
    with pytest.raises(UnsupportedRepository, match="not a folder"):
        Task.create(pit)
    assert (pit.root / "README.md").exists()


def test_a_worktree_moved_by_hand_is_found_at_its_new_place(task: Task) -> None:
    moved = task.path.with_name("moved")
    task.path.rename(moved)
    found = worktrees.find(task.repository, TASK, moved)
    assert found is not None and found.path == moved
    assert task.pit.git("status", "--porcelain", cwd=moved) == ""


def test_a_branch_checked_out_elsewhere_is_named(task: Task) -> None:
    worktrees.remove(task.repository, task.worktree)
    task.pit.git("switch", "-q", f"codex/{TASK}")
    with pytest.raises(CheckoutInTheWay, match="checked out there"):
        worktrees.create(task.repository, TASK, task.worktree.base, task.path)


def test_removing_takes_folder_and_entry_and_leaves_other_entries(task: Task) -> None:
    other = task.pit.root.parent / "other"
    task.pit.git("worktree", "add", "-q", "-b", "side", str(other))
    shutil.rmtree(other)  # away just now: a prune would unregister it
    worktrees.remove(task.repository, task.worktree)
    assert not task.path.exists() and not task.worktree.entry.exists()
    assert (task.repository.common_dir / "worktrees/other").is_dir()
    assert worktrees.find(task.repository, TASK, task.path) is None


def test_a_removed_task_comes_back_with_its_result(task: Task) -> None:
    (task.path / "new.txt").write_text("kept\n")
    task.publish(task.take())
    worktrees.remove(task.repository, task.worktree)
    assert not task.worktree.shadow.exists()
    worktrees.create(task.repository, TASK, task.worktree.base, task.path)
    assert (task.path / "new.txt").read_text() == "kept\n"


def test_removing_keeps_a_snapshot_that_was_not_published(task: Task) -> None:
    (task.path / "new.txt").write_text("kept\n")
    task.take()
    worktrees.remove(task.repository, task.worktree)
    worktrees.create(task.repository, TASK, task.worktree.base, task.path)
    assert (task.path / "new.txt").read_text() == "kept\n"


def test_removing_twice_does_nothing_the_second_time(task: Task) -> None:
    worktrees.remove(task.repository, task.worktree)
    worktrees.remove(task.repository, task.worktree)


def test_a_partial_clone_is_refused_before_anything_is_made(pit: Sandpit) -> None:
    pit.git("config", "remote.origin.url", "https://example.com/x")
    pit.git("config", "remote.origin.promisor", "true")
    before = digest(pit.root / ".git")
    with pytest.raises(UnsupportedRepository, match="partial clone"):
        Task.create(pit)
    assert digest(pit.root / ".git") == before


def test_a_sparse_checkout_is_inherited(pit: Sandpit) -> None:
    pit.commit({"kept/a.txt": "a", "apart/b.txt": "b"})
    pit.git("sparse-checkout", "set", "kept")
    before = digest(pit.root / ".git", OURS)
    task = Task.create(pit)
    assert (task.path / "kept/a.txt").exists() and not (task.path / "apart").exists()
    assert digest(pit.root / ".git", OURS) == before
    assert task.pit.git("status", "--porcelain", cwd=task.path) == ""
    assert task.take().commit == task.worktree.base


def test_empty_submodules_and_unfiltered_files_are_named(pit: Sandpit) -> None:
    pit.commit({".gitattributes": "*.bin filter=lfs\n", "a.bin": "pointer", "b.txt": "b"})
    name = pit.git("rev-parse", "HEAD")
    pit.git("update-index", "--add", "--cacheinfo", f"160000,{name},vendor/lib")
    pit.git("commit", "-q", "-m", "submodule")
    task = Task.create(pit)
    found = worktrees.caveats(task.repository, task.worktree)
    assert found == worktrees.Caveats(("vendor/lib",), ("a.bin",))
    assert (task.path / "a.bin").read_text() == "pointer"


def test_a_repository_without_caveats_has_none(task: Task) -> None:
    found = worktrees.caveats(task.repository, task.worktree)
    assert found == worktrees.Caveats((), ())


def test_the_latest_commit_is_snapshot_then_result_then_base(task: Task) -> None:
    assert shadow.latest(task.repository, TASK) == task.worktree.base
    (task.path / "a.txt").write_text("a")
    first = task.take()
    task.publish(first)
    (task.path / "b.txt").write_text("b")
    second = task.take()
    assert shadow.latest(task.repository, TASK) == second.commit
    shutil.rmtree(task.worktree.shadow)
    assert shadow.latest(task.repository, TASK) == first.commit


def test_the_folder_may_have_an_odd_name(tmp_path: Path) -> None:
    pit = Sandpit.create(tmp_path / 'odd "name":\nwith \\ ünd %')
    pit.commit({"a.txt": "a\n"})
    task = Task.create(pit)
    (task.path / "b.txt").write_text("b\n")
    task.publish(task.take())
    assert task.pit.git("status", "--porcelain", cwd=task.path) == ""
    assert task.pit.git("show", f"codex/{TASK}:b.txt") == "b"
