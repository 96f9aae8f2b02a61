"""Writing whole files."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from codex_task_executor.events import ToolUsed
from codex_task_executor.sandbox.paths import Root
from codex_task_executor.tools.base import ToolError
from codex_task_executor.tools.write import WRITE_LIMIT, Write, WriteArguments


@pytest.fixture
def root(tmp_path: Path) -> Iterator[Root]:
    with Root.open(tmp_path) as opened:
        yield opened


async def write(root: Root, path: str, content: str) -> str:
    return (await Write(root).run(WriteArguments(path=path, content=content))).text


def test_writes_are_exclusive_and_shown(root: Root) -> None:
    tool = Write(root)
    assert tool.exclusive
    assert tool.lines(WriteArguments(path="a.py", content="")) == (ToolUsed("Write", "a.py"),)


async def test_a_new_file_comes_with_its_folders(root: Root) -> None:
    assert await write(root, "./a/b/c.txt", "hä\n") == "Created a/b/c.txt (4 bytes)."
    assert (root.path / "a/b/c.txt").read_bytes() == "hä\n".encode()


async def test_an_old_file_is_replaced_and_keeps_its_permissions(root: Root) -> None:
    path = root.path / "run.sh"
    path.write_bytes(b"old")
    path.chmod(0o750)
    assert await write(root, "run.sh", "newer") == "Replaced run.sh (5 bytes, 3 before)."
    assert path.read_bytes() == b"newer"
    assert path.stat().st_mode & 0o7777 == 0o750


async def test_equal_content_leaves_the_file_alone(root: Root) -> None:
    (root.path / "same").write_bytes(b"same")
    before = (root.path / "same").stat()
    assert "nothing was changed" in await write(root, "same", "same")
    assert (root.path / "same").stat() == before


@pytest.mark.parametrize(
    ("path", "content", "reason"),
    [
        (".git/config", "x", "off limits"),
        ("sub/.env", "x", "off limits"),
        ("../x", "x", "outside"),
        ("folder", "x", "is a folder"),
        ("file/below", "x", "not a folder"),
        ("link", "x", "symbolic link"),
        ("link/x", "x", "symbolic link"),
        ("a\nb", "x", "control character"),
        ("surrogate", "\ud800", "surrogate"),
        ("big", "x" * (WRITE_LIMIT + 1), "at most 10,485,760 bytes"),
    ],
)
async def test_what_must_not_be_written_is_refused(
    root: Root, path: str, content: str, reason: str
) -> None:
    (root.path / "folder").mkdir()
    (root.path / "file").write_bytes(b"file")
    (root.path / "link").symlink_to("folder")
    with pytest.raises(ToolError, match=reason):
        await write(root, path, content)
    assert sorted(found.name for found in root.path.rglob("*")) == ["file", "folder", "link"]


async def test_a_cancelled_write_is_over_when_the_cancelling_is(root: Root) -> None:
    writing = asyncio.create_task(write(root, "new", "x" * 5_000_000))
    await asyncio.sleep(0)
    writing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await writing
    found = {path.name: path.stat() for path in root.path.iterdir()}
    assert set(found) <= {"new"}
    await asyncio.sleep(0)
    assert {path.name: path.stat() for path in root.path.iterdir()} == found
