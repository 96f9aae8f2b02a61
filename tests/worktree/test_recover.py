from __future__ import annotations

import shutil
from functools import partial
from pathlib import Path

import pytest

from codex_worktree.errors import Busy
from codex_worktree.landing import land
from codex_worktree.operations import journal, pending
from codex_worktree.recovery import recover
from support.kills import git_command, killed_before, renaming_to
from support.landings import Edits, everything, files, landed, repository, result
from support.repositories import Sandpit
from support.trees import SYMLINK, File

TEXT = "".join(f"line {number}\n" for number in range(50))
LANDED = TEXT.replace("line 30", "line thirty")
TOOK_BACK = "took back the interrupted operation: land t on main"
FINISHED = "finished the interrupted operation: land t on main"


@pytest.fixture
def killed(pit: Sandpit) -> Sandpit:
    """A landing killed just before git would change the first file."""
    pit.commit({"README.md": TEXT, "gone.txt": "1\n", "folder/old.txt": "1\n"})
    kill(pit, {"README.md": LANDED, "gone.txt": None, "new.txt": "x\n", "link": LINK})
    return pit


LINK = File(b"README.md", SYMLINK)


def kill(pit: Sandpit, edits: Edits, place: Path | None = None) -> None:
    """At git's merge, or before a rename to ``place``."""
    counts = renaming_to(place) if place else git_command("--ff-only")
    action = partial(land, repository(pit), "t", result(pit, edits), "main", "Merge\n")
    assert killed_before(1, action, counts)


def recovered(pit: Sandpit) -> str:
    (line,) = recover(repository(pit))
    assert pending(repository(pit)) is None
    assert not (pit.root / ".git/index.lock").exists()
    return line


def test_without_anything_interrupted_there_is_nothing_to_say(pit: Sandpit) -> None:
    assert recover(repository(pit)) == ()
    landed(pit, {"a": "1\n"})
    assert recover(repository(pit)) == ()


def test_an_index_lock_left_by_the_kill_is_removed(killed: Sandpit) -> None:
    assert (killed.root / ".git/index.lock").exists()
    assert recovered(killed) == TOOK_BACK
    assert killed.git("status", "--porcelain") == ""
    assert list(journal(repository(killed))) == []


@pytest.mark.parametrize("content", ["", LANDED[:200], LANDED])
def test_a_file_in_the_middle_of_being_written_goes_back(killed: Sandpit, content: str) -> None:
    (killed.root / "README.md").write_text(content)
    assert recovered(killed) == TOOK_BACK
    assert (killed.root / "README.md").read_text() == TEXT
    assert killed.git("status", "--porcelain") == ""


def test_created_and_deleted_files_go_back(killed: Sandpit) -> None:
    (killed.root / "gone.txt").unlink()
    (killed.root / "README.md").unlink()
    killed.write({"new.txt": "x\n"})
    (killed.root / "link").symlink_to("README.md")
    assert recovered(killed) == TOOK_BACK
    assert killed.git("status", "--porcelain") == ""
    assert (killed.root / "gone.txt").exists()
    assert not (killed.root / "link").is_symlink()


def test_what_somebody_else_wrote_since_is_kept_and_named(killed: Sandpit) -> None:
    killed.write({"README.md": "mine\n", "new.txt": "mine too\n"})
    (killed.root / "link").symlink_to("elsewhere")
    line = recovered(killed)
    assert line == f"{TOOK_BACK}; kept as they are: README.md, link, new.txt"
    assert (killed.root / "README.md").read_text() == "mine\n"
    assert (killed.root / "new.txt").read_text() == "mine too\n"
    assert (killed.root / "link").readlink() == Path("elsewhere")


def test_files_reached_through_a_link_are_not_touched(killed: Sandpit, tmp_path: Path) -> None:
    recovered(killed)
    kill(killed, {"folder/old.txt": None, "folder/new.txt": "x\n"})
    (killed.root / "folder").rename(tmp_path / "moved")
    (tmp_path / "moved/new.txt").write_text("x\n")
    (killed.root / "folder").symlink_to(tmp_path / "moved")
    assert "kept as they are: folder/old.txt" in recovered(killed)
    assert sorted(path.name for path in (tmp_path / "moved").iterdir()) == ["new.txt", "old.txt"]


@pytest.mark.parametrize("link", [True, False])
def test_a_folder_that_somebody_replaced_is_kept(
    killed: Sandpit, tmp_path: Path, link: bool
) -> None:
    (killed.root / "README.md").unlink()
    recovered(killed)
    kill(killed, {"folder/old.txt": None, "README.md": LANDED})
    (killed.root / "README.md").write_text(LANDED[:10])
    shutil.rmtree(killed.root / "folder")
    if link:
        (killed.root / "folder").symlink_to(tmp_path)
    else:
        killed.write({"folder": "mine\n"})
    assert recovered(killed) == f"{TOOK_BACK}; kept as they are: folder/old.txt"
    assert (killed.root / "README.md").read_text() == TEXT
    assert (killed.root / "folder").is_symlink() == link
    assert not (tmp_path / "old.txt").exists()


def test_line_endings_are_compared_as_they_are_written_here(pit: Sandpit) -> None:
    pit.commit({".gitattributes": "*.txt text eol=crlf\n", "a.txt": "1\n2\n"})
    pit.git("rm", "-q", "--cached", "a.txt")
    pit.git("reset", "-q", "--hard")
    begun = files(pit.root)
    assert begun["a.txt"][0] == b"1\r\n2\r\n"
    kill(pit, {"a.txt": "1\nII\n", ".gitattributes": "*.txt text eol=lf\n"})
    pit.write({"a.txt": "1\nI", ".gitattributes": "*.txt text eol=lf\n"})
    recovered(pit)
    assert files(pit.root) == begun
    assert pit.git("status", "--porcelain") == ""


def test_a_moved_branch_gets_its_index(pit: Sandpit) -> None:
    pit.commit({"staged": "1\n", "folder/old.txt": "1\n"})
    pit.write({"staged": "2\n"})
    pit.git("add", "staged")
    edits = {
        "README.md": "landed\n",
        "src/app.py": None,
        "folder": "file\n",
        "folder/old.txt": None,
    }
    kill(pit, edits, pit.root / ".git/index")
    assert recovered(pit) == FINISHED
    assert pit.git("status", "--porcelain") == "M  staged"
    assert [operation.title for operation in journal(repository(pit))] == ["land t on main"]


def test_an_edit_after_a_finished_landing_is_not_taken_for_ours(pit: Sandpit) -> None:
    kill(pit, {"README.md": "landed\n"}, pit.root / ".git/index")
    pit.write({"README.md": "hello\n"})
    assert recovered(pit) == FINISHED
    assert pit.git("status", "--porcelain").split() == ["M", "README.md"]


def test_a_lock_that_the_user_removed_by_hand_changes_nothing(killed: Sandpit) -> None:
    (killed.root / ".git/index.lock").unlink()
    (killed.root / "README.md").write_text(LANDED[:10])
    assert recovered(killed) == TOOK_BACK
    assert killed.git("status", "--porcelain") == ""


def test_another_programs_lock_is_respected(killed: Sandpit) -> None:
    lock = killed.root / ".git/index.lock"
    lock.unlink()
    lock.touch()
    (killed.root / "README.md").write_text(LANDED[:10])
    with pytest.raises(Busy):
        recover(repository(killed))
    assert (killed.root / "README.md").read_text() == LANDED[:10]
    lock.unlink()
    assert recovered(killed) == TOOK_BACK


def test_a_checkout_where_somebody_went_on_is_left_alone(killed: Sandpit) -> None:
    (killed.root / ".git/index.lock").unlink()
    (killed.root / "gone.txt").unlink()
    killed.commit({"later.txt": "x\n"})
    before = everything(killed)
    assert recovered(killed) == TOOK_BACK
    assert everything(killed) == before


def test_a_checkout_that_switched_to_another_branch_is_left_alone(killed: Sandpit) -> None:
    (killed.root / ".git/index.lock").unlink()
    killed.git("checkout", "-q", "-b", "other")
    (killed.root / "gone.txt").unlink()
    before = everything(killed)
    assert recovered(killed) == TOOK_BACK
    assert everything(killed) == before


def test_a_checkout_that_is_gone_is_no_obstacle(pit: Sandpit, tmp_path: Path) -> None:
    linked = tmp_path / "linked"
    pit.git("worktree", "add", "-q", "-b", "side", str(linked))
    action = partial(land, repository(pit), "t", result(pit, {"a": "1\n"}), "side", "Merge\n")
    assert killed_before(1, action, git_command("--ff-only"))
    pit.git("worktree", "remove", "--force", str(linked))
    assert recover(repository(pit)) == ("took back the interrupted operation: land t on side",)


def test_the_next_landing_recovers_first(killed: Sandpit) -> None:
    (killed.root / "README.md").write_text(LANDED[:10])
    landed(killed, {"after.txt": "x\n"}, task_id="other")
    assert (killed.root / "README.md").read_text() == TEXT
    assert killed.git("status", "--porcelain") == ""


def test_recovery_runs_no_filter_of_the_tree(pit: Sandpit, tmp_path: Path) -> None:
    witness = tmp_path / "ran"
    pit.commit({".gitattributes": "*.md filter=evil\n"})
    kill(pit, {"src/app.py": "landed\n"})
    pit.git("config", "filter.evil.smudge", f"touch {witness}; cat")
    pit.git("config", "filter.evil.clean", f"touch {witness}; cat")
    pit.git("config", "filter.evil.required", "true")
    (pit.root / "src/app.py").unlink()
    (pit.root / "README.md").touch()
    assert recovered(pit) == TOOK_BACK
    assert not witness.exists()
