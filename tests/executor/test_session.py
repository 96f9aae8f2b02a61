from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codex_task_executor.errors import SessionDamaged, StateProblem
from codex_task_executor.events import Question
from codex_task_executor.session import (
    Session,
    TaskFiles,
    known_ids,
    load,
    prepare_home,
    save,
    write_atomically,
)

SESSION = Session(
    task_id="t",
    created="2026-01-01T00:00:00Z",
    opening="do it",
    description="do it",
    plan_path="plan.md",
    plan_text="the plan",
    base="0" * 40,
    base_name="main",
    target=None,
    worktree="/w",
    model="m",
    profile="openai",
    status="question",
    questions=(Question("A or B?", ("A", "B"), "A"),),
)


@pytest.fixture
def files(tmp_path: Path) -> TaskFiles:
    made = TaskFiles(tmp_path / "tasks", "t")
    made.prepare()
    return made


def test_a_session_is_read_as_it_was_saved(files: TaskFiles) -> None:
    assert load(files) is None
    save(files, SESSION)
    assert load(files) == SESSION


def test_files_are_for_the_owner_alone(files: TaskFiles) -> None:
    save(files, SESSION)
    assert stat.S_IMODE(files.session.stat().st_mode) == 0o600
    assert stat.S_IMODE(files.folder.stat().st_mode) == 0o700


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"{}", b'{"format": 2}', b"\xff", b"null"])
def test_a_damaged_session_is_named_and_kept(files: TaskFiles, content: bytes) -> None:
    files.session.write_bytes(content)
    with pytest.raises(SessionDamaged, match=r"t\.json"):
        load(files)
    assert files.session.read_bytes() == content


@given(st.binary(max_size=60))
def test_no_bytes_make_loading_fail_otherwise(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    files = TaskFiles(tmp_path_factory.getbasetemp() / "fuzz", "t")
    files.prepare()
    files.session.write_bytes(content)
    with pytest.raises(SessionDamaged):
        load(files)


def test_a_session_of_another_task_is_damage(files: TaskFiles) -> None:
    save(TaskFiles(files.state_dir, "other"), Session(**{**vars(SESSION), "task_id": "other"}))
    (files.state_dir / "other.json").rename(files.session)
    with pytest.raises(SessionDamaged, match="belongs to task other"):
        load(files)


def test_the_seeds_session_is_kept_beside_the_new_one(files: TaskFiles) -> None:
    files.session.write_text('{"conversation_id": "conv_1"}')
    assert load(files) is None
    assert (files.folder / "seed-session.json").read_text() == '{"conversation_id": "conv_1"}'


def test_a_failed_write_leaves_the_old_content(tmp_path: Path) -> None:
    target = tmp_path / "file"
    write_atomically(target, b"old")
    with pytest.raises(TypeError):
        write_atomically(target, "not bytes")  # type: ignore[arg-type]
    assert target.read_bytes() == b"old"
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_the_gitignore_is_made_again(tmp_path: Path) -> None:
    home = tmp_path / ".codex-sessions"
    prepare_home(home)
    (home / ".gitignore").unlink()
    prepare_home(home)
    assert (home / ".gitignore").read_text() == "*\n"


def test_a_state_folder_that_is_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "tasks").write_text("")
    with pytest.raises(StateProblem, match="not writable"):
        TaskFiles(tmp_path / "tasks", "t").prepare()


@pytest.mark.skipif(os.geteuid() == 0, reason="root writes everywhere")
def test_a_read_only_state_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "tasks").mkdir(mode=0o500)
    with pytest.raises(StateProblem, match="not writable"):
        TaskFiles(tmp_path / "tasks", "t").prepare()


def test_ids_are_listed_without_left_over_files(files: TaskFiles) -> None:
    save(files, SESSION)
    (files.state_dir / ".t.json.abc").write_text("")
    assert list(known_ids(files.state_dir)) == ["t"]
