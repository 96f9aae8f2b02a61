from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from codex_worktree.errors import Busy, CheckoutInTheWay
from codex_worktree.landing import land
from support.landings import Edits, everything, landed, repository, result
from support.repositories import Sandpit


def refused(pit: Sandpit, edits: Edits, root: Path | None = None) -> CheckoutInTheWay:
    """Landing raises CheckoutInTheWay and changes nothing, not even the hidden refs."""
    made = result(pit, edits)
    before = everything(pit, root)
    with pytest.raises(CheckoutInTheWay) as caught:
        land(repository(pit), "t", made, "main", "Merge\n")
    assert everything(pit, root) == before
    assert not (pit.root / ".git/index.lock").exists()
    return caught.value


def test_a_touched_file_that_is_dirty(pit: Sandpit) -> None:
    pit.write({"README.md": "dirty\n"})
    assert refused(pit, {"README.md": "landed\n", "a": "1\n"}).paths == ("README.md",)


def test_a_touched_file_that_is_staged(pit: Sandpit) -> None:
    pit.write({"README.md": "staged\n"})
    pit.git("add", "README.md")
    assert refused(pit, {"README.md": "landed\n"}).paths == ("README.md",)


def test_a_touched_file_that_was_deleted_by_hand_stays_deleted(pit: Sandpit) -> None:
    (pit.root / "README.md").unlink()
    assert refused(pit, {"README.md": "landed\n"}).paths == ("README.md",)


def test_an_untracked_file_where_one_is_created(pit: Sandpit) -> None:
    pit.write({"new.txt": "mine\n"})
    assert refused(pit, {"new.txt": "landed\n"}).paths == ("new.txt",)


def test_an_ignored_file_where_one_is_created(pit: Sandpit) -> None:
    pit.commit({".gitignore": ".env\n"})
    pit.write({".env": "SECRET=1\n"})
    assert refused(pit, {".env": "landed\n"}).paths == (".env",)


def test_an_untracked_symlink_that_leads_nowhere(pit: Sandpit) -> None:
    (pit.root / "new.txt").symlink_to("nowhere")
    assert refused(pit, {"new.txt": "landed\n"}).paths == ("new.txt",)


def test_an_untracked_file_where_a_folder_is_created(pit: Sandpit) -> None:
    pit.write({"new": "mine\n"})
    assert refused(pit, {"new/file.txt": "landed\n"}).paths == ("new",)


def test_an_ignored_file_in_a_folder_that_becomes_a_file(pit: Sandpit) -> None:
    pit.commit({".gitignore": "*.log\n", "out/kept.txt": "1\n"})
    pit.write({"out/my.log": "mine\n"})
    edits = {"out/kept.txt": None, "out": "landed\n"}
    assert refused(pit, edits).paths == ("out/my.log",)


def test_a_symlink_in_the_place_of_a_folder(pit: Sandpit, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (pit.root / "new").symlink_to(tmp_path / "elsewhere")
    assert refused(pit, {"new/file.txt": "landed\n"}).paths == ("new",)
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_a_staged_file_below_a_path_that_becomes_a_file(pit: Sandpit) -> None:
    pit.write({"new/staged.txt": "mine\n"})
    pit.git("add", "new/staged.txt")
    assert "new/staged.txt" in refused(pit, {"new": "landed\n"}).paths


def test_an_unmerged_file_anywhere(pit: Sandpit) -> None:
    pit.commit({"both.txt": "1\n"})
    pit.write({"both.txt": "stashed\n"})
    pit.git("stash", "-q")
    pit.commit({"both.txt": "2\n"})
    pit.git("-c", "alias.popped=!git stash pop -q || true", "popped")
    assert refused(pit, {"new": "landed\n"}).paths == ("both.txt",)


def merging(pit: Sandpit) -> None:
    pit.git("merge", "-q", "--no-commit", "--no-ff", "other")


def picking(pit: Sandpit) -> None:
    pit.git("update-ref", "CHERRY_PICK_HEAD", "other")


def reverting(pit: Sandpit) -> None:
    pit.git("update-ref", "REVERT_HEAD", "other")


def bisecting(pit: Sandpit) -> None:
    pit.git("bisect", "start")


def bisecting_elsewhere(pit: Sandpit) -> None:
    bisecting(pit)
    pit.git("checkout", "-q", "--detach")


def rebasing(pit: Sandpit) -> None:
    stopping = "sequence.editor=sed -i s/^pick/edit/"
    pit.git("-c", stopping, "rebase", "-q", "-i", "HEAD~1")


@pytest.mark.parametrize(
    ("begin", "reason"),
    [
        (merging, "a merge is under way"),
        (picking, "a cherry-pick is under way"),
        (reverting, "a revert is under way"),
        (bisecting, "bisect that is under way there will come back to main"),
        (bisecting_elsewhere, "bisect that is under way there will come back to main"),
        (rebasing, "a rebase or bisect that is under way there will come back to main"),
    ],
)
def test_something_under_way_in_the_checkout(
    pit: Sandpit, begin: Callable[[Sandpit], None], reason: str
) -> None:
    pit.git("branch", "other")
    pit.git("checkout", "-q", "other")
    pit.commit({"other.txt": "x\n"})
    pit.git("checkout", "-q", "main")
    pit.commit({"second.txt": "x\n"})
    begin(pit)
    assert reason in refused(pit, {"new": "landed\n"}).reason


def test_a_branch_that_is_checked_out_twice(pit: Sandpit, tmp_path: Path) -> None:
    pit.git("worktree", "add", "-q", "--force", str(tmp_path / "twice"), "main")
    assert "more than once" in refused(pit, {"new": "landed\n"}).reason


def test_a_worktree_whose_folder_is_away(pit: Sandpit, tmp_path: Path) -> None:
    pit.git("checkout", "-q", "--detach")
    pit.git("worktree", "add", "-q", str(tmp_path / "linked"), "main")
    (tmp_path / "linked").rename(tmp_path / "moved")
    assert "folder is missing" in refused(pit, {"new": "landed\n"}).reason


def test_an_index_that_another_git_has_locked_is_busy(pit: Sandpit) -> None:
    made = result(pit, {"README.md": "landed\n"})
    lock = pit.root / ".git/index.lock"
    lock.touch()
    before = everything(pit)
    with pytest.raises(Busy):
        land(repository(pit), "t", made, "main", "Merge\n")
    assert everything(pit) == before
    assert lock.read_bytes() == b""


def test_what_was_in_the_way_can_land_once_it_is_gone(pit: Sandpit) -> None:
    pit.write({"new.txt": "mine\n"})
    refused(pit, {"new.txt": "landed\n"})
    (pit.root / "new.txt").unlink()
    landed(pit, {"new.txt": "landed\n"})
    assert (pit.root / "new.txt").read_text() == "landed\n"
