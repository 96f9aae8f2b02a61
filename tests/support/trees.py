"""Trees made up by hypothesis, and commits made of them without touching a work tree."""

from __future__ import annotations

import hashlib
import string
from collections.abc import Mapping
from dataclasses import dataclass

from hypothesis import strategies as st

from codex_worktree.quoting import quoted
from support.repositories import FIRST_TICK, Sandpit

REGULAR, EXECUTABLE, SYMLINK, SUBMODULE = "100644", "100755", "120000", "160000"


@dataclass(frozen=True)
class File:
    """One entry of a tree; of a submodule, ``data`` only decides its commit id."""

    data: bytes
    mode: str = REGULAR


Tree = Mapping[str, File]

_ODD_NAMES = ["a b", ' b"c', "tab\there", "new\nline", "caf\u00e9", "raw\udcff", "-dash", ":colon"]
_NAMES = st.sampled_from([*string.ascii_lowercase[:6], *_ODD_NAMES, "back\\slash", "*", "b.py"])
_PATHS = st.lists(_NAMES, min_size=1, max_size=3).map("/".join)

_LINES = st.sampled_from(
    [
        *(b"one", b"two", b"", b"\t indented", b"\xe9t\xe9", b"\xe2\x80\xa8", b"cr\r", b"a\rb"),
        *(b"-- a/x", b"++ b/x", b"@@ -1 +1 @@", b"diff --git a/x b/x"),
        *(b"\\ No newline", b"GIT binary patch"),
    ]
)
_TEXTS = st.tuples(
    st.lists(_LINES, max_size=12).map(b"\n".join), st.sampled_from([b"", b"\n", b"\r\n"])
).map(b"".join)
_CONTENTS = st.one_of(_TEXTS, _TEXTS, st.binary(max_size=40).map(lambda data: data + b"\0"))
_TARGETS = st.sampled_from([b"a", b"../a", b"/etc/passwd", b"b.py", b"no\xffwhere", b"x\ny"])
_FILES = st.one_of(
    _CONTENTS.map(File),
    _CONTENTS.map(lambda data: File(data, EXECUTABLE)),
    _TARGETS.map(lambda data: File(data, SYMLINK)),
    st.binary(max_size=1).map(lambda data: File(data, SUBMODULE)),
)


@st.composite
def trees(draw: st.DrawFn, max_size: int = 6) -> Tree:
    """A tree in which no file is also a folder."""
    return _sound(draw(st.dictionaries(_PATHS, _FILES, max_size=max_size)))


@st.composite
def edited(draw: st.DrawFn, tree: Tree) -> Tree:
    """``tree`` after some creations, changes, chmods, renames and deletions."""
    files = dict(tree)
    for path in draw(st.lists(st.sampled_from(sorted(tree)), unique=True)) if tree else []:
        _edit(draw, files, path)
    return _sound({**draw(trees(3)), **files})


def _edit(draw: st.DrawFn, files: dict[str, File], path: str) -> None:
    file = files.pop(path)
    match draw(st.sampled_from(["change", "append", "chmod", "rename", "delete"])):
        case "change":
            files[path] = draw(_FILES)
        case "append":
            files[path] = File(draw(_LINES) + b"\n" + file.data, file.mode)
        case "chmod":
            flipped = {REGULAR: EXECUTABLE, EXECUTABLE: REGULAR}
            files[path] = File(file.data, flipped.get(file.mode, file.mode))
        case "rename":
            files[draw(_PATHS)] = file


def _sound(tree: Tree) -> Tree:
    folders = {path[:end] for path in tree for end in range(len(path)) if path[end] == "/"}
    return {path: file for path, file in tree.items() if path not in folders}


def commit(pit: Sandpit, tree: Tree, *parents: str) -> str:
    """A commit with exactly these files, held by a ref of its own; returns its id."""
    pit.ticks += 1
    lines = [f"commit refs/made/{pit.ticks}", f"committer T <t@example.com> {FIRST_TICK} +0000"]
    stream = "\n".join([*lines, "data 0", ""]).encode()
    for word, parent in zip(["from", *["merge"] * len(parents)], parents, strict=False):
        stream += f"{word} {parent}\n".encode()
    stream += b"deleteall\n" + b"".join(entry(path, tree[path]) for path in tree)
    pit.git("fast-import", "--quiet", "--force", stdin=stream)
    return pit.git("rev-parse", f"refs/made/{pit.ticks}")


def entry(path: str, file: File) -> bytes:
    """The file for git-fast-import(1)."""
    name = quoted(path).encode()
    name = name if name.startswith(b'"') else b'"%s"' % name
    if file.mode == SUBMODULE:
        commit_id = hashlib.sha1(file.data).hexdigest().encode()
        return b"M 160000 %s %s\n" % (commit_id, name)
    header = b"M %s inline %s\n" % (file.mode.encode(), name)
    return header + b"data %d\n%s\n" % (len(file.data), file.data)
