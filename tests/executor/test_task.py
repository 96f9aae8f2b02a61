from __future__ import annotations

import os
from pathlib import Path

import pytest

from codex_task_executor.errors import BadDescription, BadTaskId, PlanProblem
from codex_task_executor.task import check_case, check_description, check_id, read_plan


@pytest.mark.parametrize("good", ["task-3-1738224567-a3f9", "a", "0", "A.b_c-d", "x" * 64])
def test_ids_of_the_seed_rule_are_accepted(good: str) -> None:
    check_id(good)


BAD_IDS = ["-a", ".a", "_a", "a/b", "ä", "a..b", "a.", "a.lock", "a.json", "a.Json", "../x", "@{"]


@pytest.mark.parametrize("bad", ["", "a b", "task\n", "a\0b", "x" * 65, *BAD_IDS])
def test_other_ids_are_refused(bad: str) -> None:
    with pytest.raises(BadTaskId):
        check_id(bad)


def test_an_id_that_differs_only_by_case_is_refused() -> None:
    check_case("task-1", ["task-1", "task-2"])
    with pytest.raises(BadTaskId, match="TASK-1"):
        check_case("task-1", ["TASK-1"])


@pytest.mark.parametrize("bad", ["", "  \n", "a\0b", "\udcff"])
def test_descriptions_that_cannot_be_sent_are_refused(bad: str) -> None:
    with pytest.raises(BadDescription):
        check_description(bad)


def test_a_plan_is_read_relative_to_the_folder(tmp_path: Path) -> None:
    (tmp_path / "plan.md").write_bytes("\ufeff# Plän\n".encode())
    assert read_plan("plan.md", tmp_path).text == "# Plän\n"


def test_a_missing_plan_is_named(tmp_path: Path) -> None:
    with pytest.raises(PlanProblem, match=r"Plan file not found: nowhere\.md"):
        read_plan("nowhere.md", tmp_path)


def test_plans_that_cannot_be_text_are_refused(tmp_path: Path) -> None:
    (tmp_path / "latin").write_bytes(b"caf\xe9")
    (tmp_path / "large").write_bytes(b"x" * ((1 << 20) + 1))
    os.mkfifo(tmp_path / "fifo")
    reasons = {
        "latin": "not UTF-8",
        "large": "1 MiB",
        "fifo": "not a regular file",
        ".": "a folder",
        "a\0b": "cannot be read",
        "x" * 300: "cannot be read",
    }
    for name, reason in reasons.items():
        with pytest.raises(PlanProblem, match=reason):
            read_plan(name, tmp_path)
