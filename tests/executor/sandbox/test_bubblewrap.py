"""What a sandbox is made of, and how commands in it run."""

from __future__ import annotations

import asyncio
import os
from dataclasses import replace
from pathlib import Path

import pytest

from codex_task_executor.sandbox.bubblewrap import Numbers, arguments, copied
from codex_task_executor.sandbox.capture import LIMIT
from codex_task_executor.sandbox.launch import Command, SandboxError
from codex_task_executor.sandbox.view import Surroundings, View, look
from support.sandboxes import PATH, Box, bubblewrap

FIRST_ON_PATH = os.path.realpath(PATH.split(":")[0])


@pytest.fixture
def box(tmp_path: Path) -> Box:
    return Box.create(tmp_path)


def words(view: View, folder: str = ".") -> list[str]:
    files = tuple(range(100, 100 + len(copied(view, alive=10))))
    return arguments(view, folder, Numbers(seccomp=7, info=8, status=9, files=files))


def mounts(view: View) -> list[tuple[str, str, str]]:
    """(option, source, target) of every bind, in order."""
    said = words(view)
    options = ("--bind", "--ro-bind")
    found = [at for at, word in enumerate(said) if word in options]
    return [(said[at], said[at + 1], said[at + 2]) for at in found]


def test_isolation_comes_before_anything_is_shown(box: Box) -> None:
    said = words(box.view())
    first = min(said.index("--ro-bind"), said.index("--bind"))
    for option in (
        *("--unshare-user", "--unshare-pid", "--unshare-net", "--unshare-ipc", "--unshare-uts"),
        *("--unshare-cgroup-try", "--disable-userns", "--die-with-parent", "--new-session"),
        *("--cap-drop", "--clearenv", "--seccomp"),
    ):
        assert said.index(option) < first


def test_only_the_worktree_is_bound_writable(box: Box) -> None:
    writable = [target for option, _, target in mounts(box.view()) if option == "--bind"]
    assert writable == [str(box.root)]


def test_the_root_is_read_only_in_the_end(box: Box) -> None:
    said = words(box.view(), "src")
    assert said[-4:] == ["--remount-ro", "/", "--chdir", f"{box.root}/src"]


def test_memory_file_systems_have_a_size(box: Box) -> None:
    said = words(box.view())
    for at in (at for at, word in enumerate(said) if word == "--tmpfs"):
        assert "--size" in said[at - 4 : at]


def test_writable_parts_of_the_kernel_lie_over_the_fresh_proc(box: Box) -> None:
    said = words(box.view())
    fresh = said.index("--proc")
    for path in box.view().machine.proc:
        assert said.index(path) > fresh
    if Path("/proc/sys").is_dir():
        assert ("--ro-bind", "/proc/sys", "/proc/sys") in mounts(box.view())


def test_nothing_that_does_not_exist_is_covered(box: Box) -> None:
    box.write({".env": "KEY=1"})
    view = box.view()
    (box.root / ".env").unlink()
    (box.root / ".git").unlink()
    assert not {f"{box.root}/.env", f"{box.root}/.git"} & set(words(view))


def test_a_git_dir_that_became_a_link_stops_everything(box: Box) -> None:
    view = box.view()
    (box.root / ".git").unlink()
    (box.root / ".git").symlink_to(box.home)
    with pytest.raises(SandboxError, match="symbolic link"):
        words(view)
    with pytest.raises(SandboxError, match="symbolic link"):
        box.view()


def test_a_repository_in_a_folder_that_shows_is_covered(box: Box) -> None:
    view = replace(box.view(), invisible=(Path("/usr/src/app"),))
    said = words(view)
    covered, bound = said.index("/usr/src/app"), said.index(str(box.root))
    assert said[covered - 1] == "--tmpfs"
    assert covered < bound
    assert said[-6:-4] == ["--remount-ro", "/usr/src/app"]


@pytest.mark.parametrize("root", ["/", "/usr", "/tmp", "/proc/self", "/dev/shm"])
def test_a_system_folder_is_no_worktree(root: str, tmp_path: Path) -> None:
    with pytest.raises(SandboxError):
        look(Path(root), Surroundings(PATH, tmp_path))


def test_neither_the_home_folder_nor_the_repository_is_a_worktree(box: Box) -> None:
    for around in (Surroundings(PATH, box.root), Surroundings(PATH, box.home, (box.root,))):
        with pytest.raises(SandboxError, match="contains"):
            look(box.root, around)


def test_too_many_secrets_to_mask_stop_everything(box: Box) -> None:
    for number in range(2_001):
        (box.root / f"{number}.pem").touch()
    with pytest.raises(SandboxError, match="secret names"):
        box.view()


def open_descriptors() -> list[str]:
    return sorted(path.name for path in Path("/proc/self/fd").iterdir())


@pytest.mark.bubblewrap
class TestCommands:
    async def test_output_and_exit_code_come_back(self, box: Box) -> None:
        result = await box.run("echo out; echo err >&2; exit 3")
        assert (result.code, result.output, result.output_bytes) == (3, b"out\nerr\n", 8)
        assert not result.timed_out

    async def test_a_signal_is_128_and_its_number(self, box: Box) -> None:
        assert (await box.run("kill -9 $$")).code == 137

    async def test_bytes_come_back_as_they_are(self, box: Box) -> None:
        assert (await box.run(r"printf '\xff\0\r\n'")).output == b"\xff\0\r\n"

    async def test_it_runs_in_the_folder_that_was_named(self, box: Box) -> None:
        box.write({"a b/x": ""})
        assert (await box.run("pwd", folder="a b")).output.decode() == f"{box.root}/a b\n"

    async def test_a_missing_folder_is_an_error_with_its_name(self, box: Box) -> None:
        with pytest.raises(SandboxError, match=r"chdir to .*/gone"):
            await box.run("pwd", folder="gone")

    async def test_files_of_the_worktree_change_on_the_host(self, box: Box) -> None:
        await box.run("mkdir new && echo hi > new/file && chmod 755 new/file")
        assert (box.root / "new" / "file").read_text() == "hi\n"
        assert (box.root / "new" / "file").stat().st_uid == os.getuid()

    async def test_the_environment_is_the_stated_one(self, box: Box) -> None:
        around = replace(box.around, variables={"LANG": "C", "TZ": "UTC", "HOME": "/elsewhere"})
        result = await bubblewrap(look(box.root, around)).run(Command("env"))
        said = dict(line.split("=", 1) for line in result.output.decode().splitlines())
        path = said.pop("PATH").split(":")
        assert path[0] == FIRST_ON_PATH
        assert {"/usr/bin", "/bin"} <= set(path)
        said.pop("RUSTUP_HOME", None)
        assert said == {
            **{"LANG": "C", "TZ": "UTC", "HOME": "/tmp/home", "TERM": "dumb", "NO_COLOR": "1"},
            **{"PAGER": "cat", "GIT_PAGER": "cat"},
            **{"PWD": str(box.root), "SHLVL": said["SHLVL"], "_": said["_"]},
        }

    async def test_home_and_tmp_are_empty_and_writable(self, box: Box) -> None:
        said = await box.says("ls -A ~; echo x > ~/a && echo y > /tmp/b && cat ~/a /tmp/b")
        assert said == "x\ny"
        assert await box.says("ls -A ~ /tmp/b") == (
            "ls: cannot access '/tmp/b': No such file or directory\n/tmp/home:"
        )

    async def test_there_is_no_input(self, box: Box) -> None:
        assert (await box.run("cat; read x; echo $?")).output == b"1\n"

    async def test_the_python_that_the_user_has_on_path_runs(self, box: Box) -> None:
        assert await box.python("import json, ssl, sqlite3; print(json.dumps(1))") == "1"

    async def test_files_have_a_largest_size(self, box: Box) -> None:
        result = await box.run("truncate -s 5G big; ulimit -c")
        assert b"File too large" in result.output or b"File size limit" in result.output
        assert result.output.endswith(b"0\n")
        assert (box.root / "big").stat().st_size <= 4 << 30

    async def test_memory_file_systems_fill_up(self, box: Box) -> None:
        said = await box.says("fallocate -l 300M /dev/shm/x; fallocate -l 3G /tmp/x; : > /dev/x")
        assert said.count("No space left on device") == 2
        assert "/dev/x: Read-only file system" in said

    async def test_a_flood_is_counted_and_cut(self, box: Box) -> None:
        result = await box.run("echo first; yes | head -c 30000000; echo; echo last")
        assert result.output_bytes == 30_000_012
        assert len(result.output) == LIMIT
        assert result.output.startswith(b"first\ny\n")
        assert result.output.endswith(b"y\n\nlast\n")

    async def test_sixteen_at_once_do_not_mix(self, box: Box) -> None:
        sandbox = bubblewrap(box.view())
        lines = [f"echo {number}; echo {number} > file{number}" for number in range(16)]
        results = await asyncio.gather(*(sandbox.run(Command(line)) for line in lines))
        assert [result.output for result in results] == [b"%d\n" % n for n in range(16)]

    async def test_a_running_command_holds_few_descriptors(self, box: Box) -> None:
        before = len(open_descriptors())
        call = asyncio.create_task(box.run("sleep 1000"))
        await asyncio.to_thread(lambda: None)
        held = len(open_descriptors()) - before
        call.cancel()
        await asyncio.wait([call])
        assert 0 < held <= 6

    @pytest.mark.parametrize("line", ["x" * 200_000, "a\0b", "echo \ud800"])
    async def test_a_command_that_cannot_be_started_is_an_error(self, box: Box, line: str) -> None:
        with pytest.raises(SandboxError, match="cannot be started"):
            await box.run(line)

    async def test_no_descriptor_is_left_open(self, box: Box) -> None:
        before = open_descriptors()
        await box.run("true")
        with pytest.raises(SandboxError):
            await box.run("a\0b")
        assert open_descriptors() == before
