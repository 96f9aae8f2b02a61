"""Repositories that are not plain, and results that would run here: said, and nothing runs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from support.program import PLAN, Program, Ran
from support.repositories import Sandpit
from support.scripted import scripted


def turns(*patches: str) -> list[dict[str, Any]]:
    """One edit a turn, then the end."""
    edits = [
        {"item": [{"type": "call", "tool": "apply_patch", "input": patch}]} for patch in patches
    ]
    return [*edits, {"item": [{"type": "message", "text": "Done."}]}]


def add(path: str, *lines: str) -> str:
    """A patch that adds a file."""
    body = "\n".join(f"+{line}" for line in lines)
    return f"*** Begin Patch\n*** Add File: {path}\n{body}\n*** End Patch\n"


def played(pit: Sandpit, *patches: str, check: bool = True) -> tuple[Program, Ran]:
    """Run one task that makes these edits."""
    (pit.root.parent / "plan.md").write_text(PLAN)
    script = {"conversation": [{"match": "Do it", "turn": turns(*patches)}]}
    with scripted(script, check=check) as server:
        program = Program(pit, server.base_url)
        return program, program.execute("task-1", "Do it", "../plan.md")


def test_no_hook_of_the_repository_runs(pit: Sandpit) -> None:
    hooks = pit.root / ".git" / "hooks"
    for name in (
        "post-checkout",
        "pre-commit",
        "post-commit",
        "post-merge",
        "reference-transaction",
    ):
        (hooks / name).write_text(f"#!/bin/sh\ntouch {pit.root.parent}/ran-{name}\n")
        (hooks / name).chmod(0o755)
    program, ran = played(pit, add("new.txt", "text"))
    assert ran.code == 0, ran.stdout
    assert program.run("merge", "task-1").code == 0
    assert program.run("undo").code == 0
    assert program.run("clean", "task-1").code == 0
    assert [path.name for path in pit.root.parent.glob("ran-*")] == []


def test_files_that_run_here_are_named_and_land_only_on_a_persons_word(pit: Sandpit) -> None:
    program, ran = played(pit, add(".envrc", "touch /tmp/x"), add("Makefile", "all:"))
    assert ran.code == 0, ran.stdout
    assert "[REVIEW] look at these before merging: .envrc" in ran.stdout
    refused = program.run("merge", "task-1")
    assert refused.code == 3
    assert "--accept-flags" in refused.stderr
    assert not (pit.root / ".envrc").exists()
    assert program.run("merge", "task-1", "--accept-flags").code == 0
    assert (pit.root / ".envrc").exists()


def test_a_smudge_filter_that_lies_in_the_tree_never_runs(pit: Sandpit) -> None:
    pit.commit({"filter.sh": "#!/bin/sh\ncat\n", ".gitattributes": "*.dat filter=mine\n"}, "filter")
    pit.git("config", "filter.mine.smudge", "sh filter.sh")
    pit.git("config", "filter.mine.clean", "sh filter.sh")
    evil = f"touch {pit.root.parent}/ran-filter"
    change = f"*** Begin Patch\n*** Update File: filter.sh\n@@\n-cat\n+{evil}; cat\n*** End Patch\n"
    program, ran = played(pit, change, add("a.dat", "data"))
    assert ran.code == 0, ran.stdout
    assert "[PROGRESS] not included: a.dat" in ran.stdout
    program.run("merge", "task-1", "--accept-flags")
    assert not (pit.root.parent / "ran-filter").exists()


def test_an_empty_submodule_is_named(pit: Sandpit, tmp_path: Path) -> None:
    other = Sandpit.create(tmp_path / "other")
    other.commit({"lib.txt": "lib\n"})
    pit.git("-c", "protocol.file.allow=always", "submodule", "add", "-q", str(other.root), "lib")
    pit.git("commit", "-q", "-m", "submodule")
    _, ran = played(pit, add("new.txt", "text"))
    assert ran.code == 0, ran.stdout
    assert "[PROGRESS] submodules are empty in the worktree: lib" in ran.stdout
    assert ran.seen.files == [("new.txt", "created")]


def test_a_linked_worktree_gives_its_own_head_as_base(pit: Sandpit) -> None:
    linked = pit.root.parent / "linked"
    pit.git("worktree", "add", "-q", "-b", "side", str(linked))
    pit.git("commit", "-q", "--allow-empty", "-m", "on side", cwd=linked)
    (pit.root.parent / "plan.md").write_text(PLAN)
    script = {"conversation": [{"match": "Do it", "turn": turns(add("new.txt", "text"))}]}
    with scripted(script) as server:
        program = Program(pit, server.base_url)
        ran = program.execute("task-1", "Do it", "../plan.md", REPO_ROOT=str(linked))
    assert ran.code == 0, ran.stdout + ran.stderr
    assert "of side)" in ran.stdout
    assert "clean into side" in ran.stdout
    assert program.worktree("task-1").is_dir()


def test_a_detached_head_has_no_target_until_one_is_named(pit: Sandpit) -> None:
    pit.git("switch", "-q", "--detach")
    program, ran = played(pit, add("new.txt", "text"))
    assert ran.code == 0, ran.stdout
    assert "[MERGE_RESULT] not known: no branch to merge into: use --into BRANCH" in ran.stdout
    assert program.run("merge", "task-1").code == 2
    assert program.run("merge", "task-1", "--into", "main").code == 0
    assert pit.git("show", "main:new.txt") == "text"


def test_a_sha256_repository_works(tmp_path: Path) -> None:
    pit = Sandpit.create(tmp_path, "--object-format=sha256")
    pit.commit({"README.md": "hello\n"}, "first")
    program, ran = played(pit, add("new.txt", "text"))
    assert ran.code == 0, ran.stdout + ran.stderr
    assert program.run("merge", "task-1").code == 0


def test_odd_names_are_quoted_as_git_quotes_them(pit: Sandpit) -> None:
    _, ran = played(pit, add("sp ace/ümlaut.txt", "text"), add('q"uote.txt', "text"))
    assert ran.code == 0, ran.stdout
    assert ran.seen.files == [
        ('"q\\"uote.txt"', "created"),
        ('"sp ace/\\303\\274mlaut.txt"', "created"),
    ]


@pytest.mark.bubblewrap
def test_the_test_command_is_read_from_the_base_commit_and_never_from_the_task(
    pit: Sandpit,
) -> None:
    pit.commit({"codex-task.toml": 'test = "grep -q hello README.md"\n'}, "settings")
    change = (
        "*** Begin Patch\n*** Update File: codex-task.toml\n@@\n"
        '-test = "grep -q hello README.md"\n+test = "false"\n*** End Patch\n'
    )
    _, ran = played(pit, change)
    assert ran.code == 0, ran.stdout
    assert "[TEST_RESULTS] passed: grep -q hello README.md" in ran.stdout


def test_broken_project_settings_are_named(pit: Sandpit) -> None:
    pit.commit({"codex-task.toml": "test = 3\n"}, "settings")
    _, ran = played(pit, check=False)
    assert ran.code == 2
    assert "codex-task.toml" in ran.stderr
    assert len(ran.stderr.splitlines()) == 1


def test_a_file_that_the_task_made_git_ignore_is_named(pit: Sandpit) -> None:
    _, ran = played(pit, add(".gitignore", "hidden.py"), add("hidden.py", "print()"))
    assert ran.code == 0, ran.stdout
    assert ran.seen.files == [(".gitignore", "created")]
    assert "[PROGRESS] not included: hidden.py: ignored by a rule" in ran.stdout


def test_a_hooks_git_variables_lead_no_call_astray(pit: Sandpit, tmp_path: Path) -> None:
    other = Sandpit.create(tmp_path / "other")
    other.commit({"other.txt": "other\n"})
    (pit.root.parent / "plan.md").write_text(PLAN)
    script = {"conversation": [{"match": "Do it", "turn": turns(add("new.txt", "text"))}]}
    with scripted(script) as server:
        program = Program(pit, server.base_url)
        ran = program.execute(
            "task-1",
            "Do it",
            "../plan.md",
            GIT_DIR=str(other.root / ".git"),
            GIT_WORK_TREE=str(other.root),
            GIT_INDEX_FILE=str(other.root / ".git" / "index"),
        )
    assert ran.code == 0, ran.stdout + ran.stderr
    assert pit.git("show", "codex/task-1:new.txt") == "text"
    assert other.git("for-each-ref", "--format=%(refname)") == "refs/heads/main"
