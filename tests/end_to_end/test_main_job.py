"""The main job through the installed program: one task, from description to merge result."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from support.program import PLAN, Program, user_state
from support.repositories import Sandpit
from support.scripted import scripted

ADD = """
*** Begin Patch
*** Add File: src/greet.py
+def greet():
+    return "hello"
*** Update File: README.md
@@
-hello
+hello there
*** End Patch
"""

SCRIPT: dict[str, Any] = {
    "conversation": [
        {
            "match": "Add a greeting",
            "turn": [
                {
                    "item": [
                        {"type": "reasoning"},
                        {
                            "type": "message",
                            "text": "Looking around.\nMore.",
                            "phase": "commentary",
                        },
                        {"type": "call", "tool": "glob", "arguments": {"pattern": "**/*.py"}},
                        {"type": "call", "tool": "read", "arguments": {"path": "src/app.py"}},
                    ]
                },
                {"item": [{"type": "call", "tool": "apply_patch", "input": ADD}]},
                {
                    "expect": ["src/greet.py"],
                    "item": [{"type": "message", "text": "Added a greeting.\n[CODEX_COMPLETE] no"}],
                },
            ],
        }
    ]
}

FINAL_BLOCK = [
    "SUMMARY",
    "TEST_RESULTS",
    "WORKTREE",
    "FILES_MODIFIED",
    "PATCH",
    "MERGE_RESULT",
    "USAGE",
    "CODEX_COMPLETE",
]


@pytest.fixture
def program(pit: Sandpit) -> Iterator[Program]:
    (pit.root / "plan.md").write_text(PLAN)
    pit.commit({}, "plan")
    with scripted(SCRIPT) as server:
        yield Program(pit, server.base_url)


@pytest.fixture
def done(program: Program) -> Program:
    ran = program.execute("task-1", "Add a greeting", "plan.md")
    assert ran.code == 0, ran.stdout + ran.stderr
    return program


def test_a_task_ends_with_the_final_block_of_the_design(program: Program) -> None:
    ran = program.execute("task-1", "Add a greeting", "plan.md")
    assert ran.code == 0, ran.stdout + ran.stderr
    seen = ran.seen
    assert seen.markers[0] == "WORKTREE"
    assert seen.markers[-8:] == FINAL_BLOCK
    assert seen.files == [("README.md", "modified"), ("src/greet.py", "created")]
    assert seen.complete == ["Task completed in 3 iterations"]
    assert seen.tools == [
        "Glob **/*.py",
        "Read src/app.py",
        "Write src/greet.py",
        "Edit README.md",
    ]
    assert "Looking around." in seen.progress
    assert ran.stderr == ""


def test_the_users_state_is_what_it_was(program: Program) -> None:
    before = user_state(program.pit)
    branches = program.pit.git("branch", "--list")
    assert program.execute("task-1", "Add a greeting", "plan.md").code == 0
    assert user_state(program.pit) == before
    assert program.pit.git("status", "--porcelain") == ""
    assert program.pit.git("branch", "--list").replace("+ codex/task-1\n", "") == branches


def test_the_branch_holds_the_result_and_the_worktree_is_clean(done: Program) -> None:
    git = done.pit.git
    assert git("show", "codex/task-1:README.md") == "hello there"
    assert git("rev-parse", "codex/task-1^") == git("rev-parse", "main")
    assert git("log", "-1", "--format=%an <%ae>", "codex/task-1") == "A U Thor <author@example.com>"
    assert git("status", "--porcelain", cwd=done.worktree("task-1")) == ""


def test_the_patch_applied_to_the_base_gives_the_result(done: Program, tmp_path: Path) -> None:
    (tmp_path / "patch").write_text(done.run("patch", "task-1").stdout)
    clone = tmp_path / "clone"
    done.pit.git("clone", "-q", str(done.pit.root), str(clone))
    done.pit.git("apply", "--index", str(tmp_path / "patch"), cwd=clone)
    assert done.pit.git("write-tree", cwd=clone) == done.pit.git("rev-parse", "codex/task-1^{tree}")


def test_landing_and_undoing_move_the_branch_and_the_checkout(done: Program) -> None:
    before = done.pit.git("rev-parse", "main")
    landed = done.run("merge", "task-1")
    assert landed.code == 0, landed.stderr
    assert (done.pit.root / "README.md").read_text() == "hello there\n"
    assert done.pit.git("rev-parse", "main^1") == before
    assert done.pit.git("status", "--porcelain") == ""
    undone = done.run("undo")
    assert undone.code == 0, undone.stderr
    assert done.pit.git("rev-parse", "main") == before
    assert (done.pit.root / "README.md").read_text() == "hello\n"
    assert not (done.pit.root / "src/greet.py").exists()


def test_a_conflict_is_explained_and_changes_nothing(done: Program) -> None:
    done.pit.commit({"README.md": "goodbye\n"}, "in the way")
    before = user_state(done.pit)
    ran = done.run("merge", "task-1")
    assert (ran.code, ran.stdout.startswith("[MERGE_RESULT] conflicts with main: README.md")) == (
        5,
        True,
    )
    assert user_state(done.pit) == before


def test_the_same_id_and_text_again_repeats_the_report_without_a_request(done: Program) -> None:
    again = done.execute("task-1", "Add a greeting", "plan.md")
    assert again.code == 0
    assert again.seen.complete == ["Task completed in 3 iterations"]


def test_json_is_a_line_an_event_and_ends_with_the_result(program: Program) -> None:
    ran = program.run("run", "--json", "task-1", "Add a greeting", "plan.md")
    kinds = [event["type"] for event in ran.events]
    assert kinds[0] == "worktree"
    assert kinds[-1] == "result"
    assert ran.events[-1]["exit_code"] == ran.code == 0
    assert [file["path"] for file in ran.events[-1]["report"]["files"]] == [
        "README.md",
        "src/greet.py",
    ]


def test_looking_commands_answer_in_text_and_json(done: Program) -> None:
    assert "task-1  complete" in done.run("list").stdout
    assert done.run("list", "--json").json["tasks"][0]["state"] == "complete"
    assert "clean into main" in done.run("show", "task-1").stdout
    assert done.run("show", "task-1", "--json").json["report"]["status"] == "complete"
    assert "apply_patch" in done.run("log", "task-1").stdout
    assert len(done.run("log", "task-1", "--json").json["steps"]) > 5
    assert "+hello there" in done.run("diff", "task-1").stdout
    assert "src/greet.py" in done.run("diff", "task-1", "--stat").stdout
    assert len(done.run("diff", "task-1", "--json").json["files"]) == 2


def test_cleaning_removes_the_worktree_and_keeps_the_result(done: Program) -> None:
    cleaned = done.run("clean", "task-1")
    assert cleaned.code == 0, cleaned.stderr
    assert not done.worktree("task-1").exists()
    assert done.pit.git("show", "codex/task-1:README.md") == "hello there"
    assert done.run("diff", "task-1").code == 0


def test_a_task_can_start_from_another_tasks_result(done: Program) -> None:
    script = {
        "conversation": [
            {
                "match": "Greet twice",
                "turn": [
                    {"item": [{"type": "call", "tool": "apply_patch", "input": TWICE}]},
                    {"item": [{"type": "message", "text": "Greets twice."}]},
                ],
            }
        ]
    }
    with scripted(script) as server:
        ran = Program(done.pit, server.base_url).execute(
            "task-2", "Greet twice", "plan.md", BASE="task-1"
        )
    assert ran.code == 0, ran.stdout + ran.stderr
    assert "of task-1)" in ran.stdout
    git = done.pit.git
    assert git("rev-parse", "codex/task-2^") == git("rev-parse", "codex/task-1")
    assert ran.seen.files == [("src/greet.py", "modified")]


def test_cleaning_keeps_a_persons_edits_under_a_hidden_ref(done: Program) -> None:
    (done.worktree("task-1") / "notes.txt").write_text("mine\n")
    assert done.run("clean", "task-1").code == 0
    (kept,) = done.pit.git("for-each-ref", "--format=%(refname)", "refs/codex-tasks/kept").split()
    assert done.pit.git("show", f"{kept}:notes.txt") == "mine"
    done.pit.git("gc", "-q", "--prune=now")
    assert done.pit.git("show", f"{kept}:notes.txt") == "mine"


def test_cleaning_lists_what_it_cannot_keep_and_deletes_it_only_on_a_word(done: Program) -> None:
    (done.pit.root / ".git" / "info" / "exclude").write_text("*.o\n")
    (done.worktree("task-1") / "a.o").write_text("built")
    refused = done.run("clean", "task-1")
    assert refused.code == 3
    assert "a.o" in refused.stderr
    assert (done.worktree("task-1") / "a.o").exists()
    assert done.run("clean", "task-1", "--discard-ignored").code == 0
    assert not done.worktree("task-1").exists()


def test_a_follow_up_after_cleaning_brings_the_worktree_back(done: Program) -> None:
    assert done.run("clean", "task-1").code == 0
    script = {
        "conversation": [
            {
                "match": "Add a greeting",
                "turn": [
                    *SCRIPT["conversation"][0]["turn"],
                    {"item": [{"type": "call", "tool": "apply_patch", "input": TWICE}]},
                    {"item": [{"type": "message", "text": "Greets twice."}]},
                ],
            }
        ]
    }
    with scripted(script, check=False) as server:
        again = Program(done.pit, server.base_url).execute("task-1", "Greet twice", "plan.md")
        assert server.failures == []
    assert again.code == 0, again.stdout + again.stderr
    assert again.seen.files == [("README.md", "modified"), ("src/greet.py", "created")]
    assert done.pit.git("show", "codex/task-1:src/greet.py").endswith('"hello hello"')


def test_what_git_clean_deletes_is_restored(done: Program) -> None:
    tasks = done.pit.root / ".codex-sessions" / "tasks"
    before = {path.name: path.read_bytes() for path in tasks.rglob("*") if path.is_file()}
    done.pit.git("clean", "-fdxq")
    assert not (tasks / "task-1.json").exists()
    again = done.execute("task-1", "Add a greeting", "plan.md")
    assert again.code == 0
    assert again.seen.complete == ["Task completed in 3 iterations"]
    assert "restored the files of task task-1" in again.stdout
    after = {path.name: path.read_bytes() for path in tasks.rglob("*") if path.is_file()}
    del before["log"], after["log"]
    assert after == before
    assert done.pit.git("status", "--porcelain") == ""


TWICE = """
*** Begin Patch
*** Update File: src/greet.py
@@
-    return "hello"
+    return "hello hello"
*** End Patch
"""
