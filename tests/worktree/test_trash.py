from __future__ import annotations

import os
from pathlib import Path

from codex_worktree.trash import Trash, discard


def test_what_is_put_there_is_gone_at_once_and_deleted_later(tmp_path: Path) -> None:
    trash = Trash(tmp_path / ".trash")
    (tmp_path / "folder").mkdir()
    trash.put(tmp_path / "folder")
    assert not (tmp_path / "folder").exists()
    _emptied(trash)


def test_what_a_killed_deletion_left_goes_with_the_next(tmp_path: Path) -> None:
    left = tmp_path / ".trash" / "left" / "closed"
    left.mkdir(parents=True)
    (left / "file").touch()
    left.chmod(0)
    _emptied(Trash(tmp_path / ".trash"))


def test_a_link_in_the_trash_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "kept").mkdir(mode=0o755)
    (tmp_path / "kept" / "file").touch()
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "link").symlink_to(tmp_path / "kept")
    trash = Trash(tmp_path / ".trash")
    trash.put(tmp_path / "folder")
    _emptied(trash)
    assert (tmp_path / "kept" / "file").exists()


def test_nothing_to_delete_starts_nothing(tmp_path: Path) -> None:
    assert Trash(tmp_path / "none").empty() is None


def test_putting_what_is_not_there_does_nothing(tmp_path: Path) -> None:
    Trash(tmp_path / ".trash").put(tmp_path / "none")


def test_a_folder_too_deep_for_python_is_discarded_too(tmp_path: Path) -> None:
    deep = os.open(tmp_path, os.O_RDONLY)
    for name in ["deep", *["d"] * 1500]:
        os.mkdir(name, dir_fd=deep)
        below = os.open(name, os.O_RDONLY, dir_fd=deep)
        os.close(deep)
        deep = below
    os.close(deep)
    process = discard(tmp_path / "deep")
    assert not (tmp_path / "deep").exists()
    if process is not None:
        os.waitpid(process, 0)
        assert not any((tmp_path / ".trash").iterdir())


def _emptied(trash: Trash) -> None:
    process = trash.empty()
    assert process is not None
    os.waitpid(process, 0)
    assert not any(trash.folder.iterdir())
