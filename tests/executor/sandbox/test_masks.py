from __future__ import annotations

import os
from pathlib import Path

import pytest

from codex_task_executor.sandbox.masks import Masks, find_masks


def grow(root: Path, *files: str) -> None:
    for name in files:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()


def test_ordinary_files_need_no_mask(tmp_path: Path) -> None:
    grow(tmp_path, "src/app.py", ".gitignore", ".env.example")
    assert find_masks(tmp_path) == Masks()


def test_secret_files_and_folders_are_found_at_any_depth(tmp_path: Path) -> None:
    grow(tmp_path, ".env", "a/b/key.pem", "a/.ssh/config")
    found = find_masks(tmp_path)
    assert found.files == (".env", "a/b/key.pem")
    assert found.folders == ("a/.ssh",)
    assert found.pinned == ("a", "a/b")
    assert found.size == 5


def test_links_and_git_are_left_alone(tmp_path: Path) -> None:
    grow(tmp_path, ".git/.env", "plain")
    (tmp_path / ".env").symlink_to("plain")
    (tmp_path / "loop").symlink_to(".")
    assert find_masks(tmp_path) == Masks()


@pytest.mark.skipif(os.geteuid() == 0, reason="root can read every folder")
def test_a_folder_that_cannot_be_read_is_masked(tmp_path: Path) -> None:
    grow(tmp_path, "shut/.env")
    (tmp_path / "shut").chmod(0)
    try:
        assert find_masks(tmp_path).folders == ("shut",)
    finally:
        (tmp_path / "shut").chmod(0o755)
