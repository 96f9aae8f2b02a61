from __future__ import annotations

import json
from datetime import datetime, timedelta

from codex_worktree.operations import journal, pending
from codex_worktree.refs import JOURNAL
from codex_worktree.undo import undo_last
from support.landings import landed, repository
from support.repositories import Sandpit


def test_an_unused_repository_has_no_operations(pit: Sandpit) -> None:
    assert list(journal(repository(pit))) == []
    assert pending(repository(pit)) is None


def test_operations_are_listed_newest_first_and_read_back_as_they_were(pit: Sandpit) -> None:
    first = landed(pit, {"a": "1\n"}, task_id="one")
    second = landed(pit, {"b": "1\n"}, task_id="two")
    third = undo_last(repository(pit))
    assert list(journal(repository(pit))) == [third, second, first]


def test_an_operation_names_branch_commits_time_and_checkout(pit: Sandpit) -> None:
    before = pit.git("rev-parse", "main")
    operation = landed(pit, {"a": "1\n"})
    assert (operation.kind, operation.task_id, operation.target) == ("land", "t", "refs/heads/main")
    assert (operation.before, operation.after) == (before, pit.git("rev-parse", "main"))
    assert datetime.fromisoformat(operation.when).utcoffset() == timedelta(0)
    assert operation.checkout == "."
    assert operation.title == "land t on main"


def test_a_checked_out_landing_leaves_an_intent_and_its_conclusion(pit: Sandpit) -> None:
    landed(pit, {"a": "1\n"})
    subjects = pit.git("log", "--first-parent", "--format=%s", JOURNAL).split("\n")
    assert subjects == [
        "land t on main (done)",
        "land t on main (intent)",
        "The journal of codex-task begins here.",
    ]


def test_an_entry_holds_the_refs_before_and_after_as_json(pit: Sandpit) -> None:
    operation = landed(pit, {"a": "1\n"})
    document = json.loads(pit.git("log", "-1", "--format=%b", JOURNAL))
    assert document["refs"] == {
        "refs/heads/main": {"before": operation.before, "after": operation.after}
    }


def test_an_operation_that_touches_no_checkout_is_one_entry(pit: Sandpit) -> None:
    pit.git("checkout", "-q", "--detach")
    operation = landed(pit, {"a": "1\n"})
    assert operation.checkout is None
    assert pit.git("rev-list", "--first-parent", "--count", JOURNAL) == "2"


def test_odd_branch_names_survive_the_journal(pit: Sandpit) -> None:
    odd = "caf\u00e9/\"quo'te"
    pit.git("branch", odd)
    assert landed(pit, {"a": "1\n"}, target=odd).branch == odd
    assert next(journal(repository(pit))).branch == odd
