from __future__ import annotations

import pytest

from codex_worktree import refs
from codex_worktree.repository import Repository
from codex_worktree.state import publish_state, read_state
from support.repositories import Sandpit

FILES = {
    "session.json": b"{}\n",
    "a/log": bytes(range(256)),
    'odd "name"\\\n\u00fc': b"",
    "empty": b"",
}


@pytest.fixture
def repository(pit: Sandpit) -> Repository:
    return Repository.open(pit.root, pit.environment)


def test_files_come_back_as_they_were(repository: Repository) -> None:
    publish_state(repository, "t", FILES)
    assert read_state(repository, "t") == FILES


def test_a_task_without_state_has_none(repository: Repository) -> None:
    assert read_state(repository, "t") is None


def test_no_files_at_all_can_be_kept(repository: Repository) -> None:
    publish_state(repository, "t", {})
    assert read_state(repository, "t") == {}


def test_later_files_replace_earlier_ones(repository: Repository) -> None:
    publish_state(repository, "t", FILES)
    publish_state(repository, "t", {"session.json": b"new"})
    assert read_state(repository, "t") == {"session.json": b"new"}


def test_states_of_tasks_are_apart(repository: Repository) -> None:
    publish_state(repository, "a", {"x": b"a"})
    publish_state(repository, "b", {"x": b"b"})
    assert read_state(repository, "a") == {"x": b"a"}


def test_garbage_collection_does_not_take_it(pit: Sandpit, repository: Repository) -> None:
    publish_state(repository, "t", FILES)
    pit.git("gc", "-q", "--prune=now")
    assert read_state(repository, "t") == FILES
    pit.git("fsck", "--strict")


def test_only_a_hidden_ref_holds_it(pit: Sandpit, repository: Repository) -> None:
    publish_state(repository, "t", FILES)
    listed = pit.git("for-each-ref", "--format=%(refname)").split("\n")
    assert listed == [refs.state("t"), "refs/heads/main"]


def test_the_users_identity_is_not_needed(pit: Sandpit) -> None:
    bare = {name: value for name, value in pit.environment.items() if "GIT_AUTHOR" not in name}
    environment = {name: value for name, value in bare.items() if "GIT_COMMITTER" not in name}
    publish_state(Repository.open(pit.root, environment), "t", FILES)
