"""Attributes as one commit has them, whatever lies in a folder on disk.

git reads .gitattributes from the work tree. A task's worktree is the model's, and there
``* -diff`` would hide every change from review; a merge needs those of the target. As
``--attr-source`` came with git 2.41, the files of the wanted commit are written into a
private folder that becomes the work tree.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

from codex_worktree.contents import blobs
from codex_worktree.git import Git
from codex_worktree.quoting import path_bytes

_ATTRIBUTE_FILE = re.compile(
    r"(?:^|\0)100(?:644|755) blob ([0-9a-f]+)\t((?:[^\0]*/)?\.gitattributes)(?=\0)"
)
"""In the output of ``ls-tree -r -z``, which is long: one search is quicker than a loop."""


@dataclass(frozen=True)
class _TreeFile:
    object_id: str
    path: str


@contextmanager
def of_commit(git: Git, commit: str) -> Iterator[Git]:
    """``git`` in a folder that holds the .gitattributes files of ``commit`` and nothing else.

    The index is an absent one, since git falls back to the index for attributes.
    """
    with TemporaryDirectory(prefix="codex-task-attributes-") as name:
        folder = Path(name, "tree")
        folder.mkdir()
        _write(git, _attribute_files(git, commit), folder)
        located = replace(git, work_tree=folder, cwd=folder)
        yield located.with_variables(GIT_INDEX_FILE=str(Path(name, "index")))


def values(git: Git, attribute: str, paths: list[str]) -> dict[str, str]:
    """The attribute's value for each path, as ``check-attr`` names it.

    That is ``unspecified``, ``set``, ``unset`` or the value itself.
    """
    if not paths:
        return {}
    stdin = b"".join(path_bytes(path) + b"\0" for path in paths)
    found = git.run("check-attr", "-z", "--stdin", attribute, stdin=stdin).fields
    return dict(zip(found[0::3], found[2::3], strict=True))


def _attribute_files(git: Git, commit: str) -> list[_TreeFile]:
    """Regular files only: git follows no symbolic link called .gitattributes (since 2.32)."""
    listed = git.run("ls-tree", "-r", "-z", "--full-tree", commit).text
    found = [_TreeFile(*match) for match in _ATTRIBUTE_FILE.findall(listed)]
    return [file for file in found if ".." not in file.path.split("/")]


def _write(git: Git, files: list[_TreeFile], folder: Path) -> None:
    contents = blobs(git, [file.object_id for file in files])
    for file in files:
        place = folder / file.path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(contents[file.object_id])
