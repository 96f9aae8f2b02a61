from __future__ import annotations

from pathlib import Path

import pytest

from codex_worktree.errors import (
    BareRepository,
    IdentityMissing,
    NoCommits,
    NotARepository,
    UnknownRevision,
)
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


def without_identity(pit: Sandpit) -> dict[str, str]:
    roles = ("GIT_AUTHOR", "GIT_COMMITTER")
    return {name: value for name, value in pit.environment.items() if not name.startswith(roles)}


def test_the_folder_may_have_a_newline_in_its_name(tmp_path: Path) -> None:
    pit = Sandpit.create(tmp_path / "two\nlines")
    pit.commit({"a": "a"})
    repository = Repository.open(pit.root, pit.environment)
    assert repository.root == repository.checkout == pit.root
    assert repository.common_dir == pit.root / ".git"


def test_a_worktree_of_a_bare_repository_has_a_checkout(pit: Sandpit, tmp_path: Path) -> None:
    bare, linked = tmp_path / "bare.git", tmp_path / "linked"
    pit.git("clone", "-q", "--bare", str(pit.root), str(bare))
    pit.git("worktree", "add", "-q", str(linked), cwd=bare)
    repository = Repository.open(linked, pit.environment)
    assert (repository.root, repository.checkout) == (bare, linked)


def test_the_git_dir_itself_is_no_checkout(pit: Sandpit) -> None:
    with pytest.raises(NotARepository, match="work tree"):
        Repository.open(pit.root / ".git", pit.environment)


def test_a_branch_is_named_right_beside_a_tag_of_its_name(pit: Sandpit) -> None:
    pit.git("tag", "main")
    assert Repository.open(pit.root, pit.environment).head().branch == "main"


def test_a_detached_head_has_no_branch(pit: Sandpit) -> None:
    pit.git("checkout", "-q", "--detach")
    head = Repository.open(pit.root, pit.environment).head()
    assert head.branch is None
    assert head.name == f"detached HEAD {head.commit[:7]}"


def test_an_unborn_branch_beside_others_has_no_commit(pit: Sandpit) -> None:
    pit.git("checkout", "-q", "--orphan", "empty")
    with pytest.raises(NoCommits):
        Repository.open(pit.root, pit.environment)


@pytest.mark.parametrize("name", ["--all", "-n", "main..main", "", "main:README.md", "a b", ":/x"])
def test_what_names_no_commit_is_refused(pit: Sandpit, name: str) -> None:
    with pytest.raises(UnknownRevision):
        Repository.open(pit.root, pit.environment).commit(name)


def test_the_identity_comes_from_the_environment(pit: Sandpit) -> None:
    repository = Repository.open(pit.root, pit.environment)
    assert repository.require_identity() == "C O Mitter <committer@example.com>"
    assert repository.identity().author_email == "author@example.com"


def test_the_identity_comes_from_the_configuration(pit: Sandpit) -> None:
    pit.git("config", "user.name", "Con <Fig>")
    pit.git("config", "user.email", "con@example.com")
    repository = Repository.open(pit.root, without_identity(pit))
    assert repository.require_identity() == "Con Fig <con@example.com>"
    assert repository.identity().variables["GIT_AUTHOR_NAME"] == "Con Fig"


def test_a_missing_identity_is_not_guessed_from_the_machine(pit: Sandpit) -> None:
    repository = Repository.open(pit.root, without_identity(pit))
    with pytest.raises(IdentityMissing):
        repository.identity()
