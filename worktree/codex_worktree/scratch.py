"""A throw-away git dir that reads another's objects and writes only its own.

What is computed there (merges, trees of a patch under proof, commits not yet published)
leaves nothing behind in the user's repository, and nothing that the user configured runs:
no drivers, no hooks, no replacement refs.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from codex_worktree.files import empty_folder
from codex_worktree.git import Git
from codex_worktree.quoting import path_bytes, quoted
from codex_worktree.repository import Repository

_PLACES = ("--git-path", "objects", "--git-path", "shallow", "--show-object-format")
_DROPPED = ("GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY")
_VARIABLES = {
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_ATTR_NOSYSTEM": "1",
}


@contextmanager
def borrowing(git: Git, within: Path | None = None) -> Iterator[Git]:
    """Git on a new git dir with ``git``'s objects as alternates; deleted afterwards.

    It has no refs, no index and no work tree. Of a shallow clone it knows the boundary.
    ``within`` is an existing folder to make it in, instead of the system's for such things.
    """
    places = git.text("rev-parse", "--path-format=absolute", *_PLACES).split("\n")
    objects, shallow, object_format = places
    with TemporaryDirectory(prefix="codex-task-scratch-", dir=within) as name:
        place = Path(name)
        _make(place, objects, object_format)
        if Path(shallow).is_file():
            shutil.copyfile(shallow, place / "shallow")
        kept = {name: value for name, value in git.variables.items() if name not in _DROPPED}
        variables = {**kept, **_VARIABLES, "GIT_INDEX_FILE": str(place / "index")}
        yield replace(git, git_dir=place, work_tree=None, cwd=place, variables=variables)


def folder(repository: Repository) -> Path:
    """A folder for the one throw-away git dir of whoever holds the writer lock.

    What a killed one left there is deleted.
    """
    return empty_folder(repository.private / "scratch")


def lending(view: Git, git: Git) -> Git:
    """``git`` that sees the objects of ``view`` too."""
    objects = str(view.git_dir / "objects").replace("\\", "\\\\").replace('"', '\\"')
    return git.with_variables(GIT_ALTERNATE_OBJECT_DIRECTORIES=f'"{objects}"')


def _make(place: Path, objects: str, object_format: str) -> None:
    for name in ("objects/info", "objects/pack", "refs"):
        (place / name).mkdir(parents=True)
    (place / "HEAD").write_text("ref: refs/heads/none\n")
    (place / "config").write_text(
        "[core]\n\trepositoryformatversion = 1\n\tbare = false\n\tattributesFile = /dev/null\n"
        f"[extensions]\n\tobjectFormat = {object_format}\n"
    )
    (place / "objects/info/alternates").write_bytes(path_bytes(quoted(objects)) + b"\n")
