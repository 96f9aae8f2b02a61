"""Somebody else changes the tree in the worst moment; nothing leaks and nothing is lost."""

from __future__ import annotations

import os
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from codex_task_executor.sandbox.openat import Opener, best_opener, open_by_kernel, open_by_walk
from codex_task_executor.sandbox.paths import Changed, PathError, Root, Version
from codex_task_executor.sandbox.renaming import exchange

OPENERS = pytest.mark.parametrize("opener", [open_by_kernel, open_by_walk], ids=["openat2", "walk"])
ENOUGH = 300
"""How often each outcome of a race must have been seen."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    root = tmp_path / "root"
    (root / "real").mkdir(parents=True)
    (root / "real" / "file").write_bytes(b"inside")
    (root / "app.py").write_bytes(b"original")
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "file").write_bytes(b"outside")
    (root / "link").symlink_to(tmp_path / "outside")
    return root


@contextmanager
def flipping(folder: Path, one: str, other: str) -> Iterator[None]:
    """Swap two names of a folder as fast as possible."""
    stop = threading.Event()
    descriptor = os.open(folder, os.O_RDONLY)

    def flip() -> None:
        while not stop.is_set():
            exchange(descriptor, one, other)

    thread = threading.Thread(target=flip)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()
        os.close(descriptor)


def outcomes(attempt: Callable[[int], str]) -> Counter[str]:
    """Try until success and refusal have both been seen often."""
    seen: Counter[str] = Counter()
    number = 0
    while min(seen["ok"], seen["refused"]) < ENOUGH:
        try:
            seen[attempt(number)] += 1
        except PathError:
            seen["refused"] += 1
        number += 1
    return seen


def need(opener: Opener, folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        if opener is open_by_kernel and best_opener(descriptor) is not open_by_kernel:
            pytest.skip("no openat2 here")
    finally:
        os.close(descriptor)


@OPENERS
def test_a_folder_swapped_for_a_link_never_lets_a_read_out(folder: Path, opener: Opener) -> None:
    need(opener, folder)
    with Root.open(folder, opener) as root, flipping(folder, "real", "link"):

        def read(_: int) -> str:
            return "ok" if root.read("real/file").data == b"inside" else "leaked"

        assert outcomes(read)["leaked"] == 0


@OPENERS
def test_a_folder_swapped_for_a_link_never_lets_a_write_out(folder: Path, opener: Opener) -> None:
    need(opener, folder)
    with Root.open(folder, opener) as root, flipping(folder, "real", "link"):

        def write(number: int) -> str:
            root.create(f"real/deep{number}/new", b"model")
            return "ok"

        outcomes(write)
    assert [found.name for found in (folder.parent / "outside").iterdir()] == ["file"]


class Meddler:
    """An opener that lets somebody else act right after a certain open."""

    def __init__(self, acts: dict[int, Callable[[], object]]) -> None:
        self.acts = acts
        self.reads = 0

    def __call__(self, folder: int, path: str, flags: int) -> int:
        descriptor = open_by_walk(folder, path, flags)
        if not flags & os.O_DIRECTORY:
            self.reads += 1
            self.acts.get(self.reads, lambda: None)()
        return descriptor


def version_of(folder: Path) -> Version:
    with Root.open(folder) as root:
        return root.read("app.py").version


def save(folder: Path, text: bytes) -> None:
    """As editors do: a new file renamed into place."""
    (folder / "editor").write_bytes(text)
    (folder / "editor").replace(folder / "app.py")


def names(folder: Path) -> set[str]:
    return {found.name for found in folder.iterdir()} - {"real", "link"}


def test_an_edit_between_the_check_and_the_exchange_is_given_back(folder: Path) -> None:
    version = version_of(folder)
    meddler = Meddler({1: lambda: save(folder, b"person's")})
    with Root.open(folder, meddler) as root, pytest.raises(Changed):
        root.replace("app.py", b"model's", version)
    assert (folder / "app.py").read_bytes() == b"person's"
    assert names(folder) == {"app.py"}


def test_of_two_edits_in_a_row_the_newest_stays_and_the_other_is_kept(folder: Path) -> None:
    version = version_of(folder)
    meddler = Meddler({1: lambda: save(folder, b"first"), 2: lambda: save(folder, b"second")})
    with Root.open(folder, meddler) as root, pytest.raises(Changed):
        root.replace("app.py", b"model's", version)
    assert (folder / "app.py").read_bytes() == b"second"
    (kept,) = names(folder) - {"app.py"}
    assert kept.startswith(".codex-task-tmp-")
    assert (folder / kept).read_bytes() == b"first"


def test_a_link_put_in_place_of_the_file_is_given_back(folder: Path) -> None:
    version = version_of(folder)

    def relink() -> None:
        (folder / "app.py").unlink()
        (folder / "app.py").symlink_to("/etc/passwd")

    with Root.open(folder, Meddler({1: relink})) as root, pytest.raises(Changed):
        root.replace("app.py", b"model's", version)
    assert (folder / "app.py").readlink() == Path("/etc/passwd")
    assert names(folder) == {"app.py"}


def test_an_edit_between_the_check_and_the_removal_is_given_back(folder: Path) -> None:
    version = version_of(folder)
    meddler = Meddler({1: lambda: save(folder, b"person's")})
    with Root.open(folder, meddler) as root, pytest.raises(Changed):
        root.remove("app.py", version)
    assert (folder / "app.py").read_bytes() == b"person's"
    assert names(folder) == {"app.py"}


def test_a_file_that_grows_while_it_is_read_is_refused(folder: Path) -> None:
    def grow() -> None:
        with (folder / "app.py").open("ab") as file:
            file.write(b"x" * 100)

    class Growing:
        def __call__(self, opened: int, path: str, flags: int) -> int:
            descriptor = open_by_walk(opened, path, flags)
            grow()
            return descriptor

    with Root.open(folder, Growing()) as root, pytest.raises(PathError, match="larger than 50"):
        root.read("app.py", limit=50)


def test_of_many_creations_of_one_name_exactly_one_succeeds(folder: Path) -> None:
    with Root.open(folder) as root:
        done: list[int] = []

        def create(number: int) -> None:
            try:
                root.create("deep/er/new", b"%d" % number)
            except PathError:
                return
            done.append(number)

        threads = [threading.Thread(target=create, args=(number,)) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        (winner,) = done
        assert root.read("deep/er/new").data == b"%d" % winner
    assert [found.name for found in (folder / "deep/er").iterdir()] == ["new"]
