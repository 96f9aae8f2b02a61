"""A patch is carried out whole or not at all, whatever fails while it is written."""

from __future__ import annotations

import asyncio
import resource
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from codex_task_executor.sandbox.paths import Root
from codex_task_executor.tools.apply_patch import ApplyPatch, ApplyPatchArguments
from codex_task_executor.tools.base import ToolError
from codex_task_executor.tools.patching.carry_out import WriteFailed, carry_out
from codex_task_executor.tools.patching.parser import parse
from codex_task_executor.tools.patching.plan import plan
from support.patches import contents, fill, patch, refusal

UPDATE_A = ("*** Update File: a.txt", "@@", "-one", "+two")


@contextmanager
def files_of_at_most(size: int) -> Iterator[None]:
    """A disk too full for larger files: the system refuses to write them."""
    usual, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (usual, hard))


TOO_LARGE = "+" + "x" * 100_000


def test_failing_write_takes_back_what_was_written(tmp_path: Path) -> None:
    fill(tmp_path, {"a.txt": "one\n", "gone/x": "x\n", "b": "b\n"})
    (tmp_path / "a.txt").chmod(0o755)
    (tmp_path / "b").chmod(0o600)
    sections = ("*** Add File: new.txt", "+n", *UPDATE_A, "*** Delete File: b")
    with files_of_at_most(50_000):
        said = refusal(tmp_path, patch(*sections, "*** Add File: b/large.txt", TOO_LARGE))
    assert "b/large.txt cannot be accessed: File too large" in said
    assert "Nothing was changed: what had been written was taken back." in said
    assert (tmp_path / "a.txt").stat().st_mode & 0o777 == 0o755
    assert (tmp_path / "b").stat().st_mode & 0o777 == 0o600


def test_modes_come_back_when_a_move_is_taken_back(tmp_path: Path) -> None:
    fill(tmp_path, {"run.sh": "x\n", "there": "y\n"})
    (tmp_path / "run.sh").chmod(0o755)
    (tmp_path / "there").chmod(0o600)
    move = ("*** Update File: run.sh", "*** Move to: there")
    with files_of_at_most(50_000):
        refusal(tmp_path, patch(*move, "*** Add File: large.txt", TOO_LARGE))
    assert (tmp_path / "run.sh").stat().st_mode & 0o777 == 0o755
    assert (tmp_path / "there").stat().st_mode & 0o777 == 0o600


def test_folders_made_for_a_failing_patch_go_again(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    sections = ("*** Add File: x/y/new.txt", "+n", "*** Add File: empty/z/large.txt", TOO_LARGE)
    with files_of_at_most(50_000):
        refusal(tmp_path, patch(*sections))
    assert [path.name for path in tmp_path.rglob("*")] == ["empty"]


class MeddlingRoot(Root):
    """A root in which somebody edits one file just before another one is made."""

    def create(self, name: str, data: bytes, mode: int = 0o644) -> None:
        (self.path / "a.txt").write_bytes(b"a person's edit\n")
        super().create(name, data, mode)


def test_edit_made_during_a_failing_patch_is_kept_and_named(tmp_path: Path) -> None:
    fill(tmp_path, {"a.txt": "one\n"})
    text = patch(*UPDATE_A, "*** Add File: z.txt", TOO_LARGE)
    with (
        MeddlingRoot.open(tmp_path) as root,
        files_of_at_most(50_000),
        pytest.raises(ToolError) as caught,
    ):
        asyncio.run(ApplyPatch(root).run(ApplyPatchArguments(input=text)))
    assert "All was taken back except: a.txt was changed by somebody else" in caught.value.text
    assert contents(tmp_path) == {"a.txt": b"a person's edit\n"}


def test_file_that_changes_after_the_verification_is_not_overwritten(tmp_path: Path) -> None:
    fill(tmp_path, {"a.txt": "one\n"})
    with Root.open(tmp_path) as root:
        planned = plan(parse(patch("*** Add File: n.txt", "+n", *UPDATE_A))[0], root)
        fill(tmp_path, {"a.txt": "saved meanwhile\n"})
        with pytest.raises(WriteFailed) as caught:
            carry_out(planned, root)
    assert "a.txt was changed by somebody else" in str(caught.value.cause)
    assert caught.value.left == ()
    assert contents(tmp_path) == {"a.txt": b"saved meanwhile\n"}


def test_file_that_appears_after_the_verification_is_not_overwritten(tmp_path: Path) -> None:
    with Root.open(tmp_path) as root:
        planned = plan(parse(patch("*** Add File: n.txt", "+n"))[0], root)
        fill(tmp_path, {"n.txt": "a person's\n"})
        with pytest.raises(WriteFailed):
            carry_out(planned, root)
    assert contents(tmp_path) == {"n.txt": b"a person's\n"}


class WaitingRoot(Root):
    """A root that says when it makes its first file, and waits for leave to go on."""

    begun: asyncio.Future[None]
    leave: threading.Event

    def create(self, name: str, data: bytes, mode: int = 0o644) -> None:
        if not self.leave.is_set():
            self.begun.get_loop().call_soon_threadsafe(self.begun.set_result, None)
            assert self.leave.wait(60)
        super().create(name, data, mode)


async def test_call_cancelled_while_it_writes_ends_with_a_whole_patch(tmp_path: Path) -> None:
    text = patch("*** Add File: a.txt", "+a", "*** Add File: b.txt", "+b")
    with WaitingRoot.open(tmp_path) as root:
        assert isinstance(root, WaitingRoot)
        root.begun, root.leave = asyncio.get_running_loop().create_future(), threading.Event()
        call = asyncio.create_task(ApplyPatch(root).run(ApplyPatchArguments(input=text)))
        await root.begun
        call.cancel()
        done, _ = await asyncio.wait([call], timeout=0)
        assert not done
        root.leave.set()
        with pytest.raises(asyncio.CancelledError):
            await call
    assert contents(tmp_path) == {"a.txt": b"a\n", "b.txt": b"b\n"}


async def test_call_cancelled_before_it_writes_writes_nothing(tmp_path: Path) -> None:
    with Root.open(tmp_path) as root:
        arguments = ApplyPatchArguments(input=patch("*** Add File: a.txt", "+a"))
        call = asyncio.create_task(ApplyPatch(root).run(arguments))
        await asyncio.sleep(0)  # it has begun, but its plan is not back yet
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
    assert contents(tmp_path) == {}
