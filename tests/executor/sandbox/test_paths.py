"""Reading, making, replacing and removing files beneath a root, with both openers."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from codex_task_executor.sandbox.openat import Opener, best_opener, open_by_kernel, open_by_walk
from codex_task_executor.sandbox.paths import (
    READ_LIMIT,
    BadName,
    Changed,
    Exists,
    NotAFile,
    NotAFolder,
    NotFound,
    OutsideRoot,
    PathError,
    Root,
    SecretPath,
    TooLarge,
    Version,
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "far.txt").write_bytes(b"outside")
    root = tmp_path / "root"
    (root / "src").mkdir(parents=True)
    (root / "src" / "app.py").write_bytes(b"print('hello')\n")
    return root


@pytest.fixture(params=[open_by_kernel, open_by_walk], ids=["openat2", "walk"])
def root(request: pytest.FixtureRequest, folder: Path) -> Iterator[Root]:
    opener: Opener = request.param
    if opener is open_by_kernel and not kernel_has_openat2(folder):
        pytest.skip("no openat2 here")
    with Root.open(folder, opener) as opened:
        yield opened


def kernel_has_openat2(folder: Path) -> bool:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        return best_opener(descriptor) is open_by_kernel
    finally:
        os.close(descriptor)


def leftovers(folder: Path) -> list[str]:
    return [name for _, _, names in os.walk(folder) for name in names if "tmp-" in name]


@pytest.mark.parametrize(
    ("spelling", "clean"),
    [
        ("src/app.py", "src/app.py"),
        ("./src//app.py", "src/app.py"),
        ("src/../src/./app.py", "src/app.py"),
        ("missing/../src/app.py", "src/app.py"),
        (".", "."),
        ("src/", "src"),
        ("a b/ü.py", "a b/ü.py"),
    ],
)
def test_spellings_become_clean_relative_paths(root: Root, spelling: str, clean: str) -> None:
    assert root.relative(spelling) == clean
    assert root.relative(f"{root.path}/{spelling}") == clean


def test_an_absolute_path_through_a_linked_root_is_inside(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(folder)
    with Root.open(tmp_path / "link") as root:
        assert root.relative(f"{tmp_path}/link/src/app.py") == "src/app.py"
        assert root.relative(f"{folder}/src/app.py") == "src/app.py"


@pytest.mark.parametrize(
    "name", ["..", "../outside/far.txt", "src/../../x", "/etc/passwd", "/", "~", "~/x"]
)
def test_paths_that_leave_the_root_are_refused(root: Root, name: str) -> None:
    with pytest.raises(OutsideRoot):
        root.relative(name)


def test_a_sibling_that_shares_the_roots_prefix_is_outside(root: Root) -> None:
    with pytest.raises(OutsideRoot):
        root.relative(f"{root.path}-other/file")


@pytest.mark.parametrize(
    "name",
    ["", " ", "a\0b", "a\nb", "a\rb", "a\x1b[31m", "a\x7f", "\ud800", "x/" * 3000 + "y",
     ".codex-task-tmp-1", "src/.CODEX-task-tmp-1"],
)  # fmt: skip
def test_odd_names_are_refused_in_one_line(root: Root, name: str) -> None:
    for call in (root.read, root.exists, lambda bad: root.create(bad, b"x")):
        with pytest.raises(BadName) as raised:
            call(name)
        assert str(raised.value).isprintable()
        assert len(str(raised.value)) < 2000


def test_a_component_over_255_bytes_is_refused(root: Root) -> None:
    with pytest.raises(BadName):
        root.read("x" * 256)
    with pytest.raises(BadName):
        root.create("src/" + "x" * 256, b"")


@pytest.mark.parametrize(
    "name",
    [".git", ".git/config", "sub/.GIT/hooks/x", ".env", "src/id_rsa", ".ssh/config", "git~1/x"],
)
def test_git_and_secrets_are_refused_for_everything(root: Root, name: str) -> None:
    path = root.path / name
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        path.write_bytes(b"token")
    version = Version(path.stat().st_ino, b"")
    for call in (
        lambda: root.read(name),
        lambda: root.create(name, b""),
        lambda: root.replace(name, b"", version),
        lambda: root.remove(name, version),
        lambda: root.exists(name),
        lambda: list(root.walk(name)),
    ):
        with pytest.raises(SecretPath, match="off limits"):
            call()


def test_reading_gives_bytes_mode_and_version(root: Root) -> None:
    (root.path / "src" / "app.py").chmod(0o755)
    content = root.read("src/app.py")
    assert content.data == b"print('hello')\n"
    assert content.mode & 0o7777 == 0o755
    assert content.version.inode == (root.path / "src" / "app.py").stat().st_ino


def test_what_is_missing_or_no_file_is_said(root: Root) -> None:
    with pytest.raises(NotFound):
        root.read("nothing")
    with pytest.raises(NotAFolder):
        root.read("src/app.py/deeper")
    with pytest.raises(NotAFile) as raised:
        root.read("src")
    assert raised.value.kind == "folder"


def test_special_files_are_refused_without_waiting(root: Root) -> None:
    os.mkfifo(root.path / "fifo")
    with pytest.raises(NotAFile) as raised:
        root.read("fifo")
    assert raised.value.kind == "FIFO"
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(root.path / "socket"))
        with pytest.raises(NotAFile) as raised:
            root.read("socket")
    assert raised.value.kind == "socket"


@pytest.mark.skipif(os.geteuid() != 0, reason="making a device needs root")
def test_a_device_is_refused(root: Root) -> None:
    os.mknod(root.path / "zero", 0o20666, os.makedev(1, 5))
    with pytest.raises(NotAFile) as raised:
        root.read("zero")
    assert raised.value.kind == "device"


def test_a_sparse_giant_is_refused_without_reading(root: Root) -> None:
    with (root.path / "giant").open("wb") as file:
        file.truncate(1 << 40)
    with pytest.raises(TooLarge):
        root.read("giant")


def test_the_limit_is_a_callers_and_never_more_than_ours(root: Root) -> None:
    assert root.read("src/app.py", limit=15).data
    with pytest.raises(TooLarge):
        root.read("src/app.py", limit=14)
    with (root.path / "big").open("wb") as file:
        file.truncate(READ_LIMIT + 1)
    with pytest.raises(TooLarge):
        root.read("big", limit=READ_LIMIT * 2)


def test_links_are_not_followed_and_the_target_is_named(root: Root) -> None:
    (root.path / "CLAUDE.md").symlink_to("src/app.py")
    (root.path / "away").symlink_to("../outside")
    with pytest.raises(NotAFile, match=r"symbolic link to src/app\.py"):
        root.read("CLAUDE.md")
    with pytest.raises(NotAFile, match=r"goes through a symbolic link, away, to \.\./outside"):
        root.read("away/far.txt")
    for name in ("away/new.txt", "away/deep/new.txt"):
        with pytest.raises(NotAFile):
            root.create(name, b"leak")
    assert [path.name for path in (root.path.parent / "outside").iterdir()] == ["far.txt"]


def test_creating_makes_folders_and_ignores_the_umask(root: Root) -> None:
    previous = os.umask(0o077)
    try:
        root.create("a/b/c.txt", b"x" * 100_000)
        root.create("a/b/run.sh", b"", mode=0o4755)
    finally:
        os.umask(previous)
    assert root.read("a/b/c.txt").data == b"x" * 100_000
    assert (root.path / "a/b/c.txt").stat().st_mode & 0o7777 == 0o644
    assert (root.path / "a/b/run.sh").stat().st_mode & 0o7777 == 0o755
    assert not leftovers(root.path)


def test_creating_never_overwrites(root: Root) -> None:
    (root.path / "dangling").symlink_to("nowhere")
    for name in ("src/app.py", "src", "dangling", "."):
        with pytest.raises(Exists):
            root.create(name, b"new")
    with pytest.raises(NotAFolder):
        root.create("src/app.py/x", b"new")
    assert root.read("src/app.py").data == b"print('hello')\n"
    assert not leftovers(root.path)


def test_replacing_keeps_permissions_and_strips_setuid(root: Root) -> None:
    path = root.path / "src" / "app.py"
    path.chmod(0o6751)
    root.replace("src/app.py", b"new", root.read("src/app.py").version)
    assert path.read_bytes() == b"new"
    assert path.stat().st_mode & 0o7777 == 0o751
    root.replace("src/app.py", b"newer", root.read("src/app.py").version, mode=0o7600)
    assert path.stat().st_mode & 0o7777 == 0o600
    assert not leftovers(root.path)


def test_replacing_leaves_hard_links_elsewhere_alone(root: Root) -> None:
    outside = root.path.parent / "outside" / "far.txt"
    os.link(outside, root.path / "linked")
    root.replace("linked", b"mine", root.read("linked").version)
    assert outside.read_bytes() == b"outside"


def test_an_edit_in_place_since_the_reading_is_kept(root: Root) -> None:
    version = root.read("src/app.py").version
    with (root.path / "src" / "app.py").open("r+b") as file:
        file.write(b"PRINT")
    with pytest.raises(Changed):
        root.replace("src/app.py", b"model's", version)
    with pytest.raises(Changed):
        root.remove("src/app.py", version)
    assert root.read("src/app.py").data == b"PRINT('hello')\n"
    assert not leftovers(root.path)


def test_a_file_put_in_place_of_the_one_read_is_kept_even_if_equal(root: Root) -> None:
    version = root.read("src/app.py").version
    (root.path / "other").write_bytes(b"print('hello')\n")
    (root.path / "other").replace(root.path / "src" / "app.py")
    with pytest.raises(Changed):
        root.replace("src/app.py", b"model's", version)


def test_removing_takes_the_file_that_was_read(root: Root) -> None:
    root.remove("src/app.py", root.read("src/app.py").version)
    assert not root.exists("src/app.py")
    assert not leftovers(root.path)
    with pytest.raises(NotAFile):
        root.remove("src", Version(0, b""))
    with pytest.raises(NotFound):
        root.remove("nothing", Version(0, b""))


def test_exists_is_true_for_anything_and_false_below_a_file(root: Root) -> None:
    (root.path / "dangling").symlink_to("nowhere")
    assert all(map(root.exists, ("src", "src/app.py", "dangling", ".")))
    assert not any(map(root.exists, ("nothing", "src/app.py/x", "no/where")))


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read_is_said(root: Root) -> None:
    (root.path / "src" / "app.py").chmod(0)
    with pytest.raises(PathError, match="Permission denied"):
        root.read("src/app.py")
