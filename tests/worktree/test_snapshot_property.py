"""Random edits: the snapshot's tree is the one that ``git add -A`` gives."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st

from support.repositories import Sandpit
from support.tasks import Task

BASE: dict[str, str | bytes] = {
    ".gitattributes": "* text=auto\n*.crlf text eol=crlf\n*.bin -text\n*.id ident\n",
    ".gitignore": "*.log\n",
    "a": "one\n",
    "dos": b"one\r\ntwo\r\n",  # stored with its CRs: it was committed before the attributes
    "d/b.crlf": "one\ntwo\n",
    "d/e/c.bin": b"\x00\r\n\xff",
    "d/e/x.id": "$Id$\n",
    "empty": "",
}
PATHS = [*BASE, "new", "d/new", "a/below", "d/e", "d", "x.log", "od\nd", "-n", "d/\u00fc", "n.crlf"]
del PATHS[0]
CONTENTS = (
    b"",
    b"one\n",
    b"one\r\ntwo\r\n",
    b"mixed\r\nends\n",
    b"\x00\x01\r\n",
    b"no end",
    b"$Id: x $\n",
)

Edit = Callable[[Path], None]


def write(name: str, content: bytes) -> Edit:
    def edit(root: Path) -> None:
        clear(root, name)
        (root / name).write_bytes(content)

    return edit


def remove(name: str) -> Edit:
    return lambda root: delete(root / name)


def chmod(name: str, mode: int) -> Edit:
    def edit(root: Path) -> None:
        if (root / name).is_file() and not (root / name).is_symlink():
            (root / name).chmod(mode)

    return edit


def link(name: str, target: str) -> Edit:
    def edit(root: Path) -> None:
        clear(root, name)
        (root / name).symlink_to(target)

    return edit


def rename(name: str, other: str) -> Edit:
    def edit(root: Path) -> None:
        source, aside = root / name, root / "aside"
        if source.exists() or source.is_symlink():
            source.rename(aside)
            clear(root, other)
            aside.rename(root / other)

    return edit


def folder(name: str) -> Edit:
    def edit(root: Path) -> None:
        clear(root, name)
        (root / name).mkdir()

    return edit


def delete(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    elif path.parent.is_dir():
        path.unlink(missing_ok=True)


def clear(root: Path, name: str) -> None:
    """Make way for something of this name, whatever is there or above it."""
    for parent in reversed(Path(name).parents[:-1]):
        if (root / parent).is_symlink() or not (root / parent).is_dir():
            delete(root / parent)
            (root / parent).mkdir()
    delete(root / name)


names = st.sampled_from(PATHS)
edits = st.one_of(
    st.builds(write, names, st.sampled_from(CONTENTS)),
    st.builds(remove, names),
    st.builds(chmod, names, st.sampled_from([0o755, 0o644, 0o700])),
    st.builds(link, names, st.sampled_from(["a", "d", "/etc/passwd", "nowhere"])),
    st.builds(rename, names, names),
    st.builds(folder, names),
)
rounds = st.lists(st.lists(edits, min_size=1, max_size=6), min_size=1, max_size=3)


def plain_tree(task: Task) -> str:
    """What the user's own git would commit."""
    pit = task.pit
    index = {
        "GIT_INDEX_FILE": str(pit.root.parent / "plain-index"),
        "GIT_DIR": str(pit.root / ".git"),
    }
    plain = Sandpit(task.path, {**pit.environment, **index, "GIT_WORK_TREE": str(task.path)})
    plain.git("read-tree", task.worktree.base)
    plain.git("add", "-A")
    return plain.git("write-tree")


@settings(max_examples=30, deadline=None)
@given(rounds)
def test_random_edits_give_the_tree_that_git_add_gives(found: list[list[Edit]]) -> None:
    with TemporaryDirectory() as name:
        pit = Sandpit.create(Path(name))
        pit.commit({"dos": BASE["dos"]})
        pit.commit({path: content for path, content in BASE.items() if path != "dos"})
        task = Task.create(pit)
        for step in found:
            for edit in step:
                edit(task.path)
            assert task.take().tree == plain_tree(task)
