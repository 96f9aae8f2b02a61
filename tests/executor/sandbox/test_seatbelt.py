"""The macOS sandbox as text, and its way of running commands; the kernel part is Apple's."""

from __future__ import annotations

import asyncio
import os
from dataclasses import replace
from pathlib import Path

import pytest

from codex_task_executor.sandbox.launch import Command, SandboxError
from codex_task_executor.sandbox.masks import Masks
from codex_task_executor.sandbox.seatbelt import Seatbelt, profile
from codex_task_executor.sandbox.toolchains import Toolchains
from support.sandboxes import Box

TEMPORARY = Path("/private/var/folders/x")


@pytest.fixture
def box(tmp_path: Path) -> Box:
    return Box.create(tmp_path)


def rules(box: Box, **changes: object) -> list[str]:
    view = replace(box.view(), **changes)  # type: ignore[arg-type]
    return profile(view, TEMPORARY).splitlines()


def test_everything_is_denied_that_no_rule_allows(box: Box) -> None:
    assert rules(box)[:2] == ["(version 1)", "(deny default)"]
    assert not [rule for rule in rules(box) if rule.startswith("(allow default")]


def test_no_rule_allows_the_network(box: Box) -> None:
    assert "network" not in profile(box.view(), TEMPORARY)


def test_only_the_worktree_and_its_temporary_folder_are_written(box: Box) -> None:
    writing = [rule for rule in rules(box) if "file-write*" in rule and "(allow" in rule]
    assert writing == [
        f'(allow file-read* file-write* (subpath "{box.root}") (subpath "{TEMPORARY}"))'
    ]


def test_git_is_denied_at_any_depth_after_the_worktree_is_allowed(box: Box) -> None:
    said = rules(box)
    denied = '(deny file-read* file-write* (regex #"/[.][gG][iI][tT](/|$)"))'
    assert said.index(denied) > max(at for at, rule in enumerate(said) if "(allow" in rule)


def test_secrets_are_denied_last(box: Box) -> None:
    said = rules(box, masks=Masks(files=(".env",), folders=("a/.ssh",), pinned=("a",)))
    assert said[-2] == (
        f'(deny file-read* file-write* (literal "{box.root}/.env") (subpath "{box.root}/a/.ssh"))'
    )
    assert said[-1] == f'(deny file-write-unlink (literal "{box.root}/a"))'


def test_tool_chains_are_read_and_their_tokens_are_not(box: Box) -> None:
    chains = Toolchains(path="", folders=(Path("/opt/x"),), covered=(Path("/opt/x/pip.conf"),))
    said = rules(box, toolchains=chains)
    allowed = said.index('(allow file-read* (subpath "/opt/x"))')
    assert said[allowed + 1] == '(deny file-read* (literal "/opt/x/pip.conf"))'


def test_a_repository_among_system_folders_is_denied(box: Box) -> None:
    assert '(deny file-read* (subpath "/usr/src/app"))' in rules(
        box, invisible=(Path("/usr/src/app"),)
    )


def test_a_path_cannot_add_rules(box: Box) -> None:
    evil = Path('/w/") (allow default) ("\\')
    said = profile(replace(box.view(), root=evil), TEMPORARY)
    assert r'(subpath "/w/\") (allow default) (\"\\")' in said


def test_a_command_gets_its_own_environment(box: Box) -> None:
    started = Seatbelt(Path("/usr/bin/sandbox-exec"), box.view()).launch(
        Command("make", "src"), TEMPORARY
    )
    assert started.arguments[:2] == ("/usr/bin/sandbox-exec", "-p")
    assert started.arguments[3:] == ("/bin/bash", "-c", "make")
    assert started.folder == f"{box.root}/src"
    assert started.environment["HOME"] == started.environment["TMPDIR"] == str(TEMPORARY)
    assert set(started.environment) <= {
        *("PATH", "HOME", "TMPDIR", "LANG", "TERM", "PAGER", "GIT_PAGER", "NO_COLOR"),
        *("BASH_ENV", "RUSTUP_HOME"),
    }


@pytest.fixture
def seatbelt(box: Box) -> Seatbelt:
    """With a program in sandbox-exec's place that starts what it is told, without a sandbox."""
    program = box.above / "sandbox-exec"
    program.write_text('#!/bin/sh\nshift 2\nexec "$@"\n')
    program.chmod(0o755)
    return Seatbelt(program, box.view())


async def test_output_code_and_limits_come_with_a_command(seatbelt: Seatbelt) -> None:
    result = await seatbelt.run(Command("pwd; ulimit -c; echo $BASH_ENV; exit 3"))
    assert (result.code, result.output.decode()) == (3, f"{seatbelt.root}\n0\n\n")


async def test_the_process_group_ends_with_its_command(seatbelt: Seatbelt) -> None:
    os.mkfifo(seatbelt.root / "witness")
    witness = os.open(seatbelt.root / "witness", os.O_RDONLY | os.O_NONBLOCK)
    for line, code in (("sleep 1000 3> witness & echo x", 0), ("exec sleep 9 3> witness", None)):
        assert (await seatbelt.run(Command(line, seconds=0.3))).code == code
        os.set_blocking(witness, True)
        assert os.read(witness, 1) == b""  # returns when nobody holds it any more
    os.close(witness)


async def test_cancelling_ends_it(seatbelt: Seatbelt) -> None:
    call = asyncio.create_task(seatbelt.run(Command("sleep 1000")))
    await asyncio.to_thread(lambda: None)
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call


async def test_what_cannot_be_started_is_an_error(seatbelt: Seatbelt) -> None:
    for command in (Command("true", "gone"), Command("a\0b")):
        with pytest.raises(SandboxError, match="cannot be started"):
            await seatbelt.run(command)


async def test_the_temporary_folder_goes_with_the_command(seatbelt: Seatbelt) -> None:
    result = await seatbelt.run(Command("echo x > $TMPDIR/file; echo $TMPDIR"))
    assert not os.access(result.output.decode().strip(), os.F_OK)
