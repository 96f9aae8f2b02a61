from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from codex_worktree.errors import TargetMoved, UnknownRevision, UnrelatedHistories
from codex_worktree.landing import land
from codex_worktree.merge import AlreadyContained, ConflictedMerge, NothingToMerge
from codex_worktree.operations import Operation
from codex_worktree.repository import Repository
from codex_worktree.undo import undo_last
from support.landings import commit_on, everything, landed, repository, result
from support.repositories import Sandpit
from support.trees import EXECUTABLE, SUBMODULE, SYMLINK, File, commit, edited, trees


@pytest.fixture
def idle(pit: Sandpit) -> Sandpit:
    """main is checked out nowhere."""
    pit.git("checkout", "-q", "--detach")
    return pit


def test_a_landing_is_a_merge_commit_of_the_target_and_the_result(idle: Sandpit) -> None:
    before, made = idle.git("rev-parse", "main"), result(idle, {"new.txt": "x\n"})
    operation = land(repository(idle), "t", made, "main", "Merge task t\n\nBody\n")
    assert isinstance(operation, Operation)
    assert idle.git("rev-parse", "main^1", "main^2").split() == [before, made]
    assert idle.git("show", "main:new.txt") == "x"
    assert idle.git("log", "-1", "--format=%B", "main").strip() == "Merge task t\n\nBody"
    assert (operation.before, operation.after) == (before, idle.git("rev-parse", "main"))


def test_the_merge_commit_carries_the_users_identity(idle: Sandpit) -> None:
    landed(idle, {"new.txt": "x\n"})
    assert idle.git("log", "-1", "--format=%an %ae %cn", "main") == (
        "A U Thor author@example.com C O Mitter"
    )


def test_a_landing_on_a_branch_that_moved_on_merges(idle: Sandpit) -> None:
    made = result(idle, {"a.txt": "a\n"})
    commit_on(idle, "refs/heads/main", "main", {"b.txt": "b\n"})
    land(repository(idle), "t", made, "main", "Merge\n")
    assert idle.git("ls-tree", "--name-only", "main").split() == [
        *("README.md", "a.txt", "b.txt", "src"),
    ]


def test_the_checkout_that_stands_elsewhere_stays_as_it_is(idle: Sandpit) -> None:
    idle.write({"README.md": "dirty\n", "untracked": "x\n"})
    before = everything(idle)
    landed(idle, {"README.md": "landed\n"})
    after = everything(idle)
    assert (after.files, after.index, after.head) == (before.files, before.index, before.head)


def test_a_checked_out_target_follows_with_its_files(pit: Sandpit) -> None:
    link, script = File(b"README.md", SYMLINK), File(b"landed\n", EXECUTABLE)
    module = File(b"1", SUBMODULE)
    edits = {"README.md": script, "src/app.py": None, "odd \n\udcff": File(b"x"), "module": module}
    landed(pit, {**edits, "link": link})
    assert pit.git("status", "--porcelain") == ""
    assert (pit.root / "README.md").read_bytes() == b"landed\n"
    assert (pit.root / "README.md").stat().st_mode & 0o100
    assert (pit.root / "link").readlink() == Path("README.md")
    assert not (pit.root / "src").exists()


def test_files_that_the_landing_does_not_touch_stay_dirty_staged_and_untracked(
    pit: Sandpit,
) -> None:
    pit.commit({"staged.txt": "1\n", "dirty.txt": "1\n"})
    pit.write({"staged.txt": "2\n", "dirty.txt": "2\n", "new-staged": "s\n", "untracked": "u\n"})
    pit.git("add", "staged.txt", "new-staged")
    before = pit.git("status", "--porcelain")
    landed(pit, {"README.md": "landed\n"})
    assert pit.git("status", "--porcelain") == before
    assert (pit.root / "README.md").read_text() == "landed\n"


def test_a_target_in_a_linked_worktree_is_updated_there(pit: Sandpit, tmp_path: Path) -> None:
    linked = tmp_path / "linked"
    pit.git("worktree", "add", "-q", "-b", "side", str(linked))
    landed(pit, {"README.md": "landed\n"}, target="side")
    assert (linked / "README.md").read_text() == "landed\n"
    assert pit.git("status", "--porcelain", cwd=linked) == ""
    assert (pit.root / "README.md").read_text() == "hello\n"
    assert "codex-task: land t on side" in pit.git("reflog", "-1", cwd=linked)


def test_a_repository_opened_from_a_linked_worktree_lands_in_the_main_one(
    pit: Sandpit, tmp_path: Path
) -> None:
    linked = tmp_path / "linked"
    pit.git("worktree", "add", "-q", "--detach", str(linked))
    made = result(pit, {"README.md": "landed\n"})
    land(Repository.open(linked, pit.environment), "t", made, "main", "Merge\n")
    assert (pit.root / "README.md").read_text() == "landed\n"
    assert pit.git("status", "--porcelain") == ""


def test_a_submodule_is_a_repository_like_any_other(pit: Sandpit, tmp_path: Path) -> None:
    outer = Sandpit.create(tmp_path / "outer")
    outer.git(
        "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(pit.root), "in"
    )
    inner = Sandpit(outer.root / "in", {**outer.environment, **pit.environment})
    landed(inner, {"README.md": "landed\n"})
    assert (inner.root / "README.md").read_text() == "landed\n"
    assert inner.git("status", "--porcelain") == ""


def test_a_bare_repository_with_worktrees_lands_in_them(tmp_path: Path) -> None:
    pit = Sandpit.create(tmp_path / "first")
    pit.commit({"a": "1\n"})
    bare, linked = tmp_path / "bare.git", tmp_path / "linked"
    pit.git("clone", "-q", "--bare", str(pit.root), str(bare))
    pit.git("worktree", "add", "-q", str(linked), "main", cwd=bare)
    inner = Sandpit(linked, pit.environment)
    landed(inner, {"a": "2\n"})
    assert (linked / "a").read_text() == "2\n"
    assert inner.git("status", "--porcelain") == ""


def test_line_endings_are_written_as_the_user_has_them(pit: Sandpit) -> None:
    pit.git("config", "core.autocrlf", "true")
    landed(pit, {"README.md": "landed\n"})
    assert (pit.root / "README.md").read_bytes() == b"landed\r\n"
    assert pit.git("status", "--porcelain") == ""


def test_a_split_index_is_understood(pit: Sandpit) -> None:
    pit.git("config", "core.splitIndex", "true")
    pit.git("update-index", "--split-index")
    landed(pit, {"README.md": "landed\n"})
    assert pit.git("status", "--porcelain") == ""


def test_merge_options_of_the_branch_do_not_interfere(pit: Sandpit) -> None:
    pit.git("config", "branch.main.mergeOptions", "--no-ff --squash")
    pit.git("config", "merge.ff", "false")
    landed(pit, {"README.md": "landed\n"})
    assert pit.git("status", "--porcelain") == ""


def test_works_with_sha256_ids(tmp_path: Path) -> None:
    pit = Sandpit.create(tmp_path, "--object-format=sha256")
    pit.commit({"a": "1\n"})
    assert len(landed(pit, {"a": "2\n"}).after) == 64
    assert (pit.root / "a").read_text() == "2\n"


def test_a_symbolic_ref_lands_on_the_branch_behind_it(idle: Sandpit) -> None:
    idle.git("symbolic-ref", "refs/heads/alias", "refs/heads/main")
    assert landed(idle, {"a": "1\n"}, target="alias").target == "refs/heads/main"
    assert idle.git("symbolic-ref", "refs/heads/alias") == "refs/heads/main"


def test_a_conflict_is_a_value_and_nothing_changes(pit: Sandpit) -> None:
    made = result(pit, {"README.md": "theirs\n"})
    pit.commit({"README.md": "ours\n"})
    before = everything(pit)
    found = land(repository(pit), "t", made, "main", "Merge\n")
    assert isinstance(found, ConflictedMerge)
    assert [conflict.path for conflict in found.conflicts] == ["README.md"]
    assert everything(pit) == before


def test_a_second_landing_of_the_same_result_is_already_contained(pit: Sandpit) -> None:
    landed(pit, {"a": "1\n"})
    made = pit.git("rev-parse", "codex/t")
    assert isinstance(land(repository(pit), "t", made, "main", "M\n"), AlreadyContained)


def test_a_result_without_changes_lands_nothing(pit: Sandpit) -> None:
    base = pit.git("rev-parse", "main")
    pit.git("update-ref", "refs/codex-tasks/task/t/base", base)
    assert isinstance(land(repository(pit), "t", base, "main", "M\n"), NothingToMerge)


def test_a_target_that_is_not_where_it_was_previewed_is_refused(pit: Sandpit) -> None:
    expected, made = pit.git("rev-parse", "main"), result(pit, {"a": "1\n"})
    pit.commit({"b": "1\n"})
    before = everything(pit)
    with pytest.raises(TargetMoved):
        land(repository(pit), "t", made, "main", "Merge\n", expected=expected)
    assert everything(pit) == before


@pytest.mark.parametrize("target", ["nowhere", "main~0", "main^{commit}", "*", "a..b", "-x", ""])
def test_what_is_no_branch_is_refused(pit: Sandpit, target: str) -> None:
    made = result(pit, {"a": "1\n"})
    with pytest.raises(UnknownRevision):
        land(repository(pit), "t", made, target, "Merge\n")


def test_a_target_without_common_history_is_refused(pit: Sandpit) -> None:
    stranger = commit(pit, {"x": File(b"1\n")})
    pit.git("branch", "stranger", stranger)
    with pytest.raises(UnrelatedHistories):
        land(repository(pit), "t", result(pit, {"a": "1\n"}), "stranger", "Merge\n")


def test_the_new_objects_survive_a_collection_and_no_pack_stays_locked(pit: Sandpit) -> None:
    landed(pit, {"a": "1\n"})
    assert list((pit.root / ".git/objects/pack").glob("*.keep")) == []
    pit.git("gc", "-q", "--prune=now")
    pit.git("fsck", "--strict")
    assert pit.git("show", "main:a") == "1"


def test_two_landings_at_once_both_happen(pit: Sandpit, tmp_path: Path) -> None:
    made = [result(pit, {f"{name}.txt": "x\n"}, task_id=name) for name in "ab"]
    script = (
        "import sys; from pathlib import Path; from codex_worktree.landing import land;"
        "from codex_worktree.repository import Repository;"
        "r = Repository.open(Path(sys.argv[1]), dict(p.split('=', 1) for p in sys.argv[3:]));"
        "land(r, 't', sys.argv[2], 'main', 'M')"
    )
    environment = [f"{name}={value}" for name, value in pit.environment.items()]
    running = [start_python(script, str(pit.root), commit_id, *environment) for commit_id in made]
    assert [process.wait() for process in running] == [0, 0]
    assert {"a.txt", "b.txt"} <= set(pit.git("ls-files").split())
    assert pit.git("status", "--porcelain") == ""


def start_python(script: str, *arguments: str) -> subprocess.Popen[bytes]:
    paths = {"PYTHONPATH": ":".join(sys.path)}
    return subprocess.Popen([sys.executable, "-c", script, *arguments], env=paths)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Sandpit:
    return Sandpit.create(tmp_path_factory.mktemp("shared"))


@settings(max_examples=12, deadline=None)
@given(data=st.data())
def test_any_landing_gives_gits_own_checkout_and_undo_gives_back_the_old_one(
    shared: Sandpit, data: st.DataObject
) -> None:
    old = data.draw(trees())
    base = commit(shared, old)
    made = commit(shared, data.draw(edited(old)), base)
    shared.git("update-ref", "refs/codex-tasks/task/t/base", base)
    shared.git("checkout", "-q", "-f", "-B", "main", base)
    before = everything(shared)
    found = land(repository(shared), "t", made, "main", "Merge\n")
    if not isinstance(found, Operation):
        assert everything(shared) == before
        return
    landed_files = everything(shared).files
    assert shared.git("status", "--porcelain") == ""
    undo_last(repository(shared))
    assert shared.git("status", "--porcelain") == ""
    restored = everything(shared)
    assert (restored.files, restored.index, restored.head) == (
        *(before.files, before.index, before.head),
    )
    assert shared.git("rev-parse", "main") == base
    shared.git("checkout", "-q", "-f", "--detach", made)
    assert everything(shared).files == landed_files
