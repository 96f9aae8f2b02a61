from __future__ import annotations

import os
from pathlib import Path

import pytest

from codex_worktree.errors import GitCommandError, GitTooOld, UnsupportedRepository
from codex_worktree.git import Git, require_version, version
from support.repositories import Sandpit


@pytest.fixture
def git(pit: Sandpit) -> Git:
    return Git(pit.root / ".git", pit.environment)


def test_the_child_sees_only_the_environment_it_was_given(
    git: Git, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "secret")
    monkeypatch.setenv("GIT_INDEX_FILE", "/nowhere")
    seen = git.run("-c", "alias.show-env=!env", "show-env").text
    assert "OPENAI_API_KEY" not in seen
    assert "GIT_INDEX_FILE" not in seen
    assert "HOME=" in seen


def test_a_failing_command_raises_with_its_facts(git: Git) -> None:
    with pytest.raises(GitCommandError) as caught:
        git.run("cat-file", "-t", "nothing")
    assert caught.value.code == 128
    assert b"nothing" in caught.value.stderr


def test_an_expected_exit_code_is_a_value(git: Git) -> None:
    assert git.run("config", "--get", "no.such", ok=(0, 1)).code == 1


def test_a_folder_that_does_not_exist_is_refused(git: Git, tmp_path: Path) -> None:
    gone = Git(git.git_dir, git.environment, work_tree=tmp_path / "gone")
    with pytest.raises(UnsupportedRepository):
        gone.run("status")


def test_bytes_go_in_and_out_unchanged(git: Git, tmp_path: Path) -> None:
    content = bytes(range(256)) + b"\r\n\n"
    name = git.text("hash-object", "-w", "--stdin", stdin=content)
    assert git.run("cat-file", "blob", name).stdout == content


def test_a_file_can_be_the_input(git: Git, tmp_path: Path) -> None:
    (tmp_path / "input").write_bytes(b"from a file")
    with (tmp_path / "input").open("rb") as file:
        name = git.text("hash-object", "-w", "--stdin", stdin=file)
    assert git.run("cat-file", "blob", name).stdout == b"from a file"


def test_hooks_of_the_repository_do_not_run(pit: Sandpit, git: Git) -> None:
    pit.git("config", "core.hooksPath", "hooks")
    pit.write({"hooks/reference-transaction": "#!/bin/sh\ntouch ran\n"})
    (pit.root / "hooks/reference-transaction").chmod(0o755)
    git.run("update-ref", "refs/heads/other", pit.git("rev-parse", "HEAD"))
    assert not list(pit.root.rglob("ran"))


def test_a_command_runs_in_a_process_group_of_its_own(git: Git) -> None:
    group = git.run("-c", "alias.group=!ps -o pgid= -p $$", "group").text
    assert int(group) != os.getpgrp()


def test_a_command_inherits_the_locks_it_is_to_hold(git: Git, tmp_path: Path) -> None:
    show = ("-c", "alias.opened=!readlink /proc/self/fd/* || true", "opened")
    with (tmp_path / "lock").open("w") as lock:
        assert str(tmp_path / "lock") not in git.run(*show).text
        assert str(tmp_path / "lock") in git.holding(lock.fileno()).run(*show).text


def test_finds_the_version_of_the_installed_git(pit: Sandpit) -> None:
    assert version(pit.environment) >= (2, 38)


def test_refuses_a_git_without_merge_tree(pit: Sandpit, tmp_path: Path) -> None:
    old = tmp_path / "bin" / "git"
    old.parent.mkdir()
    old.write_text("#!/bin/sh\necho git version 2.37.9\n")
    old.chmod(0o755)
    with pytest.raises(GitTooOld, match=r"2\.37\.9 is too old"):
        require_version({**pit.environment, "PATH": str(old.parent)})
