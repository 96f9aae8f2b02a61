"""What a walk shows: everything once, in order, nothing secret, nothing through a link."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from codex_task_executor.sandbox.openat import open_by_walk
from codex_task_executor.sandbox.paths import NotAFile, NotFound, PathError, Root


@pytest.fixture
def root(tmp_path: Path) -> Iterator[Root]:
    folder = tmp_path / "root"
    folder.mkdir()
    with Root.open(folder) as opened:
        yield opened


def make(root: Root, *names: str) -> None:
    for name in names:
        path = root.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x")


def paths(root: Root, start: str = ".") -> list[str]:
    return [entry.path for entry in root.walk(start)]


def test_folders_come_before_what_they_hold_and_names_are_sorted(root: Root) -> None:
    make(root, "b/z", "b/a/x", "a", "c", "b.txt")
    assert paths(root) == ["a", "b", "b/a", "b/a/x", "b/z", "b.txt", "c"]
    assert paths(root, "b") == ["b/a", "b/a/x", "b/z"]
    assert paths(root, "b/a/x") == ["b/a/x"]


def test_entries_tell_kind_size_and_time(root: Root) -> None:
    make(root, "file")
    (root.path / "folder").mkdir()
    (root.path / "link").symlink_to("/etc")
    os.mkfifo(root.path / "pipe")
    kinds = {e.path: (e.is_dir, e.is_file, e.is_symlink) for e in root.walk()}
    assert kinds == {
        "file": (False, True, False),
        "folder": (True, False, False),
        "link": (False, False, True),
        "pipe": (False, False, False),
    }
    entry = root.entry("file")
    assert (entry.size, entry.mtime_ns) == (1, (root.path / "file").stat().st_mtime_ns)


def test_git_secrets_and_our_own_leftovers_are_not_yielded(root: Root) -> None:
    make(root, ".git/config", "s/.GIT/x", "s/git~1/x", ".env", ".ssh/key", "a.pem", "s/ok")
    make(root, ".codex-task-tmp-00", ".gitignore", "s/.g\u200cit/x")
    assert paths(root) == [".gitignore", "s", "s/ok"]


def test_a_refused_folder_is_yielded_but_not_entered(root: Root) -> None:
    make(root, "a/x", "b/y")
    entered = [entry.path for entry in root.walk(enter=lambda folder: folder.path != "a")]
    assert entered == ["a", "b", "b/y"]


def test_links_are_neither_entered_nor_taken_as_a_start(root: Root) -> None:
    make(root, "real/x")
    (root.path / "link").symlink_to("real")
    assert paths(root) == ["link", "real", "real/x"]
    with pytest.raises(NotAFile, match="symbolic link to real"):
        paths(root, "link")
    with pytest.raises(NotFound):
        paths(root, "nothing")


def test_a_folder_that_goes_away_meanwhile_is_no_error(root: Root) -> None:
    make(root, "a/x", "b/y")
    walk = root.walk()
    assert next(walk).path == "a"
    (root.path / "a" / "x").unlink()
    (root.path / "a").rmdir()
    assert [entry.path for entry in walk] == ["b", "b/y"]


@pytest.fixture
def deep(root: Root) -> Iterator[int]:
    """A tree deeper than the usual limit on open descriptors, removed by a tool that can."""
    depth, folder = 1100, os.open(root.path, os.O_RDONLY)
    for _ in range(depth):
        os.mkdir("d", dir_fd=folder)
        below = os.open("d", os.O_RDONLY, dir_fd=folder)
        os.close(folder)
        folder = below
    os.close(folder)
    yield depth
    subprocess.run(["rm", "-rf", root.path / "d"], check=True)


def test_any_depth_works_with_few_descriptors(root: Root, deep: int) -> None:
    assert sum(1 for _ in root.walk()) == deep
    with Root.open(root.path, open_by_walk) as slow:
        assert sum(1 for _ in slow.walk("/".join("d" * (deep - 50)))) == 50


NAMES = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="/\0"), min_size=1, max_size=12
)


@settings(max_examples=60, deadline=None)
@given(st.lists(NAMES, min_size=1, max_size=4))
def test_a_path_that_is_taken_leads_below_the_root_and_means_itself(
    tmp_path_factory: pytest.TempPathFactory, names: list[str]
) -> None:
    with Root.open(tmp_path_factory.getbasetemp()) as root:
        try:
            clean = root.relative("/".join(names))
        except PathError as error:
            assert str(error).isprintable()
            return
        assert ".." not in clean.split("/")
        assert not clean.startswith("/")
        assert root.relative(clean) == clean
        assert root.relative(f"{root.path}/{clean}") == clean


@settings(max_examples=30, deadline=None)
@given(st.dictionaries(NAMES, st.binary(max_size=40), max_size=4))
def test_what_is_written_is_read_and_walked(
    tmp_path_factory: pytest.TempPathFactory, files: dict[str, bytes]
) -> None:
    with Root.open(tmp_path_factory.mktemp("files")) as root:
        written = {}
        for name, data in files.items():
            try:
                root.create(name, data)
            except PathError:
                continue
            written[root.relative(name)] = data
        found = {entry.path: root.read(entry.path).data for entry in root.walk()}
        assert found == written
