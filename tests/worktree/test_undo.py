from __future__ import annotations

from pathlib import Path

import pytest

from codex_worktree.errors import Busy, CheckoutInTheWay, NothingToUndo
from codex_worktree.landing import land
from codex_worktree.merge import ConflictedMerge
from codex_worktree.operations import Operation, journal
from codex_worktree.undo import undo, undo_last
from support.landings import commit_on, everything, landed, repository, result
from support.repositories import Sandpit
from support.trees import EXECUTABLE, File

EDITS = {"README.md": File(b"landed\n", EXECUTABLE), "src/app.py": None, "new/file.txt": "x\n"}


def undone(pit: Sandpit) -> Operation:
    operation = undo_last(repository(pit))
    assert isinstance(operation, Operation)
    return operation


def publish(pit: Sandpit, commit_id: str) -> None:
    pit.git("update-ref", "refs/remotes/origin/main", commit_id)


def test_an_undone_landing_leaves_branch_index_and_files_as_they_were(pit: Sandpit) -> None:
    result(pit, EDITS)
    before = everything(pit)
    operation = landed(pit, EDITS)
    taken_back = undone(pit)
    assert everything(pit).files == before.files
    assert everything(pit).index == before.index
    assert pit.git("rev-parse", "main") == operation.before
    assert pit.git("status", "--porcelain") == ""
    assert (taken_back.kind, taken_back.undoes) == ("undo", operation.id)


def test_a_target_that_is_checked_out_nowhere_moves_back(pit: Sandpit) -> None:
    pit.git("checkout", "-q", "--detach")
    operation = landed(pit, EDITS)
    before = everything(pit).files
    undone(pit)
    assert pit.git("rev-parse", "main") == operation.before
    assert everything(pit).files == before


def test_undoing_the_undo_does_the_landing_again(pit: Sandpit) -> None:
    operation = landed(pit, EDITS)
    after = everything(pit)
    undone(pit)
    undone(pit)
    assert everything(pit) == after
    assert pit.git("rev-parse", "main") == operation.after
    assert pit.git("status", "--porcelain") == ""


def test_an_undone_landing_survives_a_collection_and_can_be_redone(pit: Sandpit) -> None:
    operation = landed(pit, EDITS)
    undone(pit)
    pit.git("reflog", "expire", "--expire=now", "--all")
    pit.git("gc", "-q", "--prune=now")
    undone(pit)
    assert pit.git("rev-parse", "main") == operation.after


def test_an_undone_result_can_be_landed_again(pit: Sandpit) -> None:
    landed(pit, EDITS)
    undone(pit)
    found = land(repository(pit), "t", pit.git("rev-parse", "codex/t"), "main", "Again\n")
    assert isinstance(found, Operation)
    assert (pit.root / "new/file.txt").exists()


def test_after_later_commits_a_revert_is_appended(pit: Sandpit) -> None:
    operation = landed(pit, EDITS)
    later = pit.commit({"later.txt": "x\n"})
    undone(pit)
    assert pit.git("rev-parse", "main^") == later
    assert pit.git("diff", "--name-only", operation.before, "main") == "later.txt"
    assert pit.git("status", "--porcelain") == ""
    assert (pit.root / "src/app.py").exists()
    assert operation.after in pit.git("log", "-1", "--format=%B", "main")


def test_a_revert_is_the_same_as_gits_own(pit: Sandpit) -> None:
    operation = landed(pit, {"README.md": "hello\nlanded\n", "a": "1\n"})
    pit.commit({"later.txt": "x\n", "a": "1\n"})
    pit.git("checkout", "-q", "--detach")
    pit.git("revert", "--no-edit", "-m", "1", operation.after)
    expected = pit.git("rev-parse", "HEAD^{tree}")
    undone(pit)
    assert pit.git("rev-parse", "main^{tree}") == expected


def test_a_published_landing_is_reverted_and_not_rewritten(pit: Sandpit) -> None:
    operation = landed(pit, EDITS)
    publish(pit, operation.after)
    undone(pit)
    assert pit.git("rev-parse", "main^") == operation.after
    assert pit.git("rev-parse", "main^{tree}") == pit.git(
        "rev-parse", f"{operation.before}^{{tree}}"
    )


def test_a_redo_moves_forward_also_where_the_old_commit_is_published(pit: Sandpit) -> None:
    operation = landed(pit, EDITS)
    undone(pit)
    publish(pit, operation.before)
    undone(pit)
    assert pit.git("rev-parse", "main") == operation.after


def test_undoing_an_appended_revert_brings_the_landing_back(pit: Sandpit) -> None:
    landed(pit, EDITS)
    later = pit.commit({"later.txt": "x\n"})
    undone(pit)
    undone(pit)
    assert pit.git("rev-parse", "main") == later
    assert (pit.root / "new/file.txt").exists()


def test_a_revert_that_conflicts_is_a_value_and_nothing_changes(pit: Sandpit) -> None:
    landed(pit, {"README.md": "landed\n"})
    pit.commit({"README.md": "changed since\n"})
    before, entries = everything(pit), list(journal(repository(pit)))
    found = undo_last(repository(pit))
    assert isinstance(found, ConflictedMerge)
    assert [conflict.path for conflict in found.conflicts] == ["README.md"]
    assert everything(pit) == before
    assert list(journal(repository(pit))) == entries


def test_an_earlier_landing_is_taken_back_by_its_id(pit: Sandpit) -> None:
    first = landed(pit, {"one.txt": "1\n"}, task_id="one")
    landed(pit, {"two.txt": "2\n"}, task_id="two")
    operation = undo(repository(pit), first.id)
    assert isinstance(operation, Operation)
    assert operation.task_id == "one"
    assert not (pit.root / "one.txt").exists()
    assert (pit.root / "two.txt").exists()


def test_a_landing_that_was_reverted_by_hand_is_nothing_to_undo(pit: Sandpit) -> None:
    operation = landed(pit, EDITS)
    pit.git("revert", "--no-edit", "-m", "1", operation.after)
    before = everything(pit)
    with pytest.raises(NothingToUndo):
        undo_last(repository(pit))
    assert everything(pit) == before


def test_without_a_landing_there_is_nothing_to_undo(pit: Sandpit) -> None:
    with pytest.raises(NothingToUndo):
        undo_last(repository(pit))


def test_an_unknown_operation_is_nothing_to_undo(pit: Sandpit) -> None:
    landed(pit, EDITS)
    with pytest.raises(NothingToUndo):
        undo(repository(pit), "0" * 40)


def test_a_branch_that_is_gone_is_nothing_to_undo(pit: Sandpit) -> None:
    pit.git("branch", "side")
    landed(pit, EDITS, target="side")
    pit.git("branch", "-q", "-D", "side")
    with pytest.raises(NothingToUndo):
        undo_last(repository(pit))


@pytest.mark.parametrize("moved_on", [False, True])
def test_a_touched_file_that_was_edited_since_is_in_the_way(pit: Sandpit, moved_on: bool) -> None:
    landed(pit, EDITS)
    if moved_on:
        commit_on(pit, "refs/heads/main", "main", {"later.txt": "x\n"})
        pit.git("reset", "-q", "--hard")
    pit.write({"README.md": "edited\n"})
    before = everything(pit)
    with pytest.raises(CheckoutInTheWay) as caught:
        undo_last(repository(pit))
    assert caught.value.paths == ("README.md",)
    assert everything(pit) == before


def test_an_ignored_file_where_a_deleted_one_comes_back_is_in_the_way(pit: Sandpit) -> None:
    pit.commit({".env.example": "1\n"})
    landed(pit, {".env.example": None, ".gitignore": ".env*\n"})
    pit.write({".env.example": "mine\n"})
    with pytest.raises(CheckoutInTheWay) as caught:
        undo_last(repository(pit))
    assert caught.value.paths == (".env.example",)
    assert (pit.root / ".env.example").read_text() == "mine\n"


def test_dirty_staged_and_untracked_files_elsewhere_stay(pit: Sandpit) -> None:
    pit.commit({"staged": "1\n", "dirty": "1\n"})
    landed(pit, EDITS)
    pit.write({"staged": "2\n", "dirty": "2\n", "new-staged": "s\n", "untracked": "u\n"})
    pit.git("add", "staged", "new-staged")
    before = pit.git("status", "--porcelain")
    undone(pit)
    assert pit.git("status", "--porcelain") == before


def test_a_locked_index_is_busy(pit: Sandpit) -> None:
    landed(pit, EDITS)
    (pit.root / ".git/index.lock").touch()
    before = everything(pit)
    with pytest.raises(Busy):
        undo_last(repository(pit))
    assert everything(pit) == before


def test_the_reflogs_of_branch_and_head_tell_of_the_undo(pit: Sandpit, tmp_path: Path) -> None:
    linked = tmp_path / "linked"
    pit.git("worktree", "add", "-q", "-b", "side", str(linked))
    landed(pit, EDITS, target="side")
    undone(pit)
    for place in ("side", "HEAD"):
        assert "codex-task: undo t on side" in pit.git("reflog", "-1", place, cwd=linked)
