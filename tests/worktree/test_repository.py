from __future__ import annotations

from pathlib import Path

import pytest

from codex_worktree.errors import BareRepository, NoCommits, NotARepository, UnknownRevision
from codex_worktree.repository import Repository
from support.repositories import Sandpit


def test_opens_from_a_folder_inside_the_checkout(pit: Sandpit) -> None:
    repository = Repository.open(pit.root / "src", pit.environment)
    assert repository.root == repository.checkout == pit.root
    assert repository.head().name == "main"


def test_a_linked_worktree_has_the_main_worktree_as_root_and_its_own_head(pit: Sandpit) -> None:
    linked = pit.root.parent / "linked"
    pit.git("worktree", "add", "-q", "-b", "side", str(linked))
    repository = Repository.open(linked, pit.environment)
    assert (repository.root, repository.checkout) == (pit.root, linked)
    assert repository.head().branch == "side"


def test_refuses_a_folder_outside_any_repository(tmp_path: Path) -> None:
    environment = Sandpit.create(tmp_path).environment
    with pytest.raises(NotARepository):
        Repository.open(tmp_path / "home", environment)


def test_refuses_a_bare_repository(tmp_path: Path) -> None:
    pit = Sandpit.create(tmp_path, "--bare")
    with pytest.raises(BareRepository):
        Repository.open(pit.root, pit.environment)


def test_refuses_a_repository_without_a_commit(tmp_path: Path) -> None:
    pit = Sandpit.create(tmp_path)
    with pytest.raises(NoCommits):
        Repository.open(pit.root, pit.environment)


def test_an_unknown_name_is_not_a_commit(pit: Sandpit) -> None:
    with pytest.raises(UnknownRevision):
        Repository.open(pit.root, pit.environment).commit("nowhere")


def test_dirty_lists_modified_and_untracked_paths(pit: Sandpit) -> None:
    pit.write({"README.md": "changed\n", "new/file.txt": "x"})
    repository = Repository.open(pit.root, pit.environment)
    assert sorted(repository.dirty()) == ["README.md", "new/file.txt"]
