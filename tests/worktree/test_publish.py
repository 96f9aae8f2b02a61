from __future__ import annotations

from pathlib import Path

import pytest

from codex_worktree import locks, refs, transfer
from codex_worktree.errors import GitCommandError, TargetMoved
from support.repositories import Sandpit
from support.tasks import TASK, Task


@pytest.fixture
def task(pit: Sandpit) -> Task:
    return Task.create(pit)


def change(task: Task, name: str = "new.txt") -> None:
    (task.path / name).write_text(f"{name}\n")


def branch_and_result(task: Task) -> list[str | None]:
    return [task.repository.reference(name(TASK)) for name in (refs.branch, refs.result)]


def collect_garbage(pit: Sandpit) -> None:
    pit.git("reflog", "expire", "--expire=now", "--all")
    pit.git("gc", "-q", "--prune=now")


def test_the_branch_and_the_hidden_result_move_together(task: Task) -> None:
    change(task)
    taken = task.take()
    task.publish(taken)
    assert branch_and_result(task) == [taken.commit, taken.commit]
    assert task.pit.git("show", f"codex/{TASK}:new.txt") == "new.txt"


def test_nothing_changed_is_a_result_too(task: Task) -> None:
    task.publish(task.take())
    assert branch_and_result(task) == [task.worktree.base, task.worktree.base]


def test_git_status_in_the_worktree_is_clean_afterwards(pit: Sandpit) -> None:
    pit.commit({".gitattributes": "*.crlf text eol=crlf\n", "dos.crlf": "a\n"})
    pit.git("config", "core.autocrlf", "true")
    task = Task.create(pit)
    for name in ("new.txt", "odd\nname", "n.crlf"):
        change(task, name)
    (task.path / "run").touch(0o755)
    (task.path / "link").symlink_to("run")
    (task.path / "dos.crlf").unlink()
    task.publish(task.take())
    assert pit.git("status", "--porcelain", cwd=task.path) == ""


def test_one_pack_and_no_loose_objects_arrive(task: Task) -> None:
    before = task.pit.git("count-objects", "-v")
    for number in range(20):
        change(task, f"{number}.txt")
    task.publish(task.take())
    after = task.pit.git("count-objects", "-v")
    assert before.split("\n")[0] == after.split("\n")[0]
    assert "packs: 1" in after
    assert not list((task.pit.root / ".git/objects/pack").glob("*.keep"))


def test_only_what_is_new_is_sent(task: Task) -> None:
    change(task)
    task.publish(task.take())
    change(task, "second.txt")
    task.publish(task.take())
    packs = sorted((task.pit.root / ".git/objects/pack").glob("*.idx"))
    counts = [task.pit.git("show-index", stdin=pack.read_bytes()).count("\n") + 1 for pack in packs]
    assert counts == [3, 3]  # commit, tree, blob


def test_garbage_collection_at_any_time_takes_nothing(task: Task) -> None:
    change(task)
    first = task.take()
    collect_garbage(task.pit)
    change(task, "second.txt")
    second = task.take(first.commit)
    collect_garbage(task.pit)
    task.publish(second)
    collect_garbage(task.pit)
    assert task.pit.git("show", f"{second.commit}~1:new.txt") == "new.txt"
    change(task, "third.txt")
    task.publish(task.take(second.commit))
    collect_garbage(task.pit)
    task.pit.git("fsck", "--strict")


def test_garbage_collection_while_the_refs_are_not_moved_yet_takes_nothing(task: Task) -> None:
    change(task)
    taken = task.take()
    git = task.repository.git
    from codex_worktree import shadow

    with (
        locks.writer(task.repository),
        transfer.delivered(
            task.repository, shadow.git(task.repository, TASK), taken.commit, [taken.base]
        ),
    ):
        collect_garbage(task.pit)
        git.run("update-ref", refs.result(TASK), taken.commit)
    task.pit.git("fsck", "--strict")


def test_a_branch_that_somebody_moved_is_not_overwritten(task: Task) -> None:
    other = task.pit.commit({"theirs.txt": "x"})
    task.pit.git("update-ref", f"refs/heads/codex/{TASK}", other)
    change(task)
    with pytest.raises(TargetMoved) as caught:
        task.publish(task.take())
    assert caught.value.found == other
    assert branch_and_result(task) == [other, None]


def test_a_branch_that_somebody_deleted_is_made_again(task: Task) -> None:
    task.pit.git("update-ref", "-d", f"refs/heads/codex/{TASK}")
    change(task)
    taken = task.take()
    task.publish(taken)
    assert branch_and_result(task) == [taken.commit, taken.commit]


def test_a_ref_that_cannot_move_leaves_the_other_where_it_was(task: Task) -> None:
    lock = task.repository.common_dir / f"{refs.result(TASK)}.lock"
    lock.touch()
    change(task)
    with pytest.raises(GitCommandError):
        task.publish(task.take())
    assert branch_and_result(task) == [task.worktree.base, None]
    assert not list((task.pit.root / ".git/objects/pack").glob("*.keep"))


def test_keep_files_of_others_stay(task: Task) -> None:
    task.pit.git("repack", "-adq")
    pack = next((task.pit.root / ".git/objects/pack").glob("*.pack"))
    theirs = pack.with_suffix(".keep")
    theirs.write_text("do not touch\n")
    change(task)
    task.publish(task.take())
    assert theirs.exists()


def test_publishing_again_changes_nothing(task: Task) -> None:
    change(task)
    taken = task.take()
    task.publish(taken)
    task.publish(taken)
    assert branch_and_result(task) == [taken.commit, taken.commit]


def test_two_tasks_publish_at_the_same_time(pit: Sandpit) -> None:
    from concurrent.futures import ThreadPoolExecutor

    tasks = [Task.create(pit, f"t{number}") for number in range(6)]

    def finish(task: Task) -> str:
        change(task)
        taken = task.take(task.worktree.base)
        task.publish(taken)
        return taken.commit

    with ThreadPoolExecutor() as pool:
        commits = list(pool.map(finish, tasks))
    assert [pit.git("rev-parse", f"codex/t{number}") for number in range(6)] == commits


def test_a_worktree_whose_index_somebody_locked_is_published_all_the_same(
    task: Task, tmp_path: Path
) -> None:
    (task.worktree.entry / "index.lock").touch()
    change(task)
    taken = task.take()
    task.publish(taken)
    assert branch_and_result(task) == [taken.commit, taken.commit]
    assert (task.worktree.entry / "index.lock").exists()
