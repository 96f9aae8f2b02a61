"""A git dir of the tool's own for each task, in which nothing the user configured runs.

Lists of ``-c`` flags on the user's git dir still ran a filter under a hostile
configuration; here there is nothing to run: a generated config with a few settings copied
in (settings.py), no hooks folder, no drivers, no remotes. The work tree is the task's.

- HEAD is the base commit, detached, and so is the index: what a snapshot holds depends on
  the base and the worktree alone. (git leaves the CRs of a file alone where the index's
  content has some; with an index that followed the snapshots the way there would count.)
- New objects go to the shadow's own store, because a ``gc --prune=now`` of the user's
  deletes objects that no ref of theirs holds yet. The user's objects are an alternate,
  named by a variable and not by ``info/alternates``, so that a command can be run without
  it: git does not write an object that an alternate has, even where nothing keeps it there.
- Attributes come from the base commit (attributes.py), ignore rules from the work tree's
  ``.gitignore`` files and the user's own.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from codex_worktree import attributes, locks, refs, settings
from codex_worktree.contents import blobs
from codex_worktree.errors import UnknownRevision, UnsupportedRepository
from codex_worktree.files import read_if_there, write_atomically
from codex_worktree.git import Git
from codex_worktree.repository import Repository
from codex_worktree.tree_attributes import values

CHECKPOINT = "refs/codex/checkpoint"
"""The last snapshot, in the shadow; unpublished until a run ends."""

_ENVIRONMENT = {
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_ATTR_NOSYSTEM": "1",
    "GIT_OPTIONAL_LOCKS": "1",  # the index is ours: let status save what it learned
}
_NO_FILTER = ("unspecified", "unset", "set")
_FROM_USER = ("PATH", "TZ", "GIT_AUTHOR_DATE", "GIT_COMMITTER_DATE")


def folder(repository: Repository, task_id: str) -> Path:
    """Where the tool keeps what belongs to one task, in the common dir."""
    return repository.private / "tasks" / task_id


def path(repository: Repository, task_id: str) -> Path:
    """The task's shadow git dir."""
    return folder(repository, task_id) / "shadow.git"


def git(repository: Repository, task_id: str, work_tree: Path | None = None) -> Git:
    """Git on the shadow: its own objects and the user's. It must have been prepared."""
    user = repository.git.environment
    return Git(
        path(repository, task_id),
        {name: user[name] for name in _FROM_USER if name in user},
        work_tree=work_tree,
    ).with_variables(
        GIT_ALTERNATE_OBJECT_DIRECTORIES=_quoted(str(repository.common_dir / "objects")),
        **_ENVIRONMENT,
    )


def own(shadow: Git) -> Git:
    """The shadow without the user's objects: what is written here is really here."""
    variables = dict(shadow.variables)
    variables.pop("GIT_ALTERNATE_OBJECT_DIRECTORIES")
    return replace(shadow, variables=variables)


@contextmanager
def working(repository: Repository, task_id: str, work_tree: Path | None = None) -> Iterator[Git]:
    """Git on the shadow, alone: waits for others, then clears locks that a kill left.

    Commands inherit the lock; one that survived its killed parent is waited for.
    """
    with locks.tree(repository, task_id) as lock:
        for stale in ("index.lock", "snapshot.index.lock"):
            (path(repository, task_id) / stale).unlink(missing_ok=True)
        yield git(repository, task_id, work_tree).holding(lock.descriptor)


def require_complete(repository: Repository, found: settings.Settings) -> None:
    """Raise UnsupportedRepository for a partial clone: objects could be missing midway."""
    if found.partial:
        reason = "a partial clone, which may lack objects that a task needs"
        raise UnsupportedRepository(repository.root, reason)


def checkpoint(repository: Repository, task_id: str) -> str | None:
    """The task's last snapshot, published or not."""
    if not (path(repository, task_id) / "HEAD").is_file():
        return None
    found = git(repository, task_id).run("rev-parse", "-q", "--verify", CHECKPOINT, ok=(0, 1))
    return found.text or None


def scratch_index(git: Git) -> Path:
    """An index to build trees in; the shadow's own stays at the base."""
    return git.git_dir / "snapshot.index"


def with_scratch_index(git: Git) -> Git:
    """Git on a copy of the shadow's index, its time included: git compares it with files'."""
    shutil.copy2(git.git_dir / "index", scratch_index(git))
    return git.with_variables(GIT_INDEX_FILE=str(scratch_index(git)))


def latest(repository: Repository, task_id: str) -> str:
    """Where the task's work stands: its last snapshot, else its last result, else its base.

    Raises UnknownRevision where the task was never made.
    """
    found = (
        checkpoint(repository, task_id)
        or repository.reference(refs.result(task_id))
        or repository.reference(refs.base(task_id))
    )
    if found is None:
        raise UnknownRevision(refs.base(task_id))
    return found


def set_checkpoint(git: Git, commit: str) -> None:
    """Record the last snapshot. The shadow is ours, with loose refs: no process is needed."""
    write_atomically(git.git_dir / CHECKPOINT, f"{commit}\n".encode())


def filtered(git: Git, paths: list[str]) -> dict[str, str]:
    """Path -> the name of its filter, by the base's attributes; only those that have one."""
    if b"filter=" not in (git.git_dir / "info/attributes").read_bytes():
        return {}
    found = values(git, "filter", paths)
    return {path: name for path, name in found.items() if name not in _NO_FILTER}


def prepare(repository: Repository, task_id: str, base: str, found: settings.Settings) -> None:
    """Make the shadow, or bring its settings up to date."""
    here = path(repository, task_id)
    for name in ("objects/info", "objects/pack", "refs"):
        (here / name).mkdir(mode=0o700, parents=True, exist_ok=True)
    write_atomically(here / "config", _config(repository, found))
    _follow(repository, task_id, base)
    _take_over(repository, here)
    write_atomically(here / "info/attributes", _attributes(repository, task_id, base, found))


def _follow(repository: Repository, task_id: str, base: str) -> None:
    """HEAD and index are the base's; the index moves first, for a kill in between."""
    here = path(repository, task_id)
    if (here / "index").exists() and read_if_there(here / "HEAD").decode().strip() != base:
        git(repository, task_id).run("read-tree", "--reset", base)
    write_atomically(here / "HEAD", f"{base}\n".encode())


def _take_over(repository: Repository, here: Path) -> None:
    write_atomically(here / "info/exclude", read_if_there(repository.common_dir / "info/exclude"))
    _mirror(repository.common_dir / "shallow", here / "shallow")
    sparse = "info/sparse-checkout"
    _mirror(repository.checkout_git_dir / sparse, here / sparse)


def _mirror(source: Path, copy: Path) -> None:
    """Make the copy's content and existence those of the source."""
    if source.is_file():
        write_atomically(copy, source.read_bytes())
    else:
        copy.unlink(missing_ok=True)


def _config(repository: Repository, found: settings.Settings) -> bytes:
    core = {name.removeprefix("core."): value for name, value in found.copied.items()}
    core |= {
        "bare": "false",
        "repositoryformatversion": "0" if repository.object_format == "sha1" else "1",
        "excludesfile": str(found.excludes or "/dev/null"),
        "attributesfile": "/dev/null",
        "safecrlf": "false",
        "untrackedcache": "true",
        "logallrefupdates": "false",
    }
    sections: dict[str, Mapping[str, str]] = {"core": core}
    if repository.object_format != "sha1":
        sections["extensions"] = {"objectformat": repository.object_format}
    # since git 2.37 the untracked cache serves `status -uall` only where that is configured
    sections["status"] = {"showuntrackedfiles": "all"}
    return "".join(_section(name, pairs) for name, pairs in sections.items()).encode(
        "utf-8", "surrogateescape"
    )


def _section(name: str, pairs: Mapping[str, str]) -> str:
    lines = [f"\t{key} = {_quoted(value)}\n" for key, value in pairs.items()]
    return f"[{name}]\n{''.join(lines)}"


def _quoted(value: str) -> str:
    """In double quotes, as git's config files and its lists of object folders have it."""
    escapes = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\t": "\\t"}
    return f'"{"".join(escapes.get(letter, letter) for letter in value)}"'


def _attributes(repository: Repository, task_id: str, base: str, found: settings.Settings) -> bytes:
    user = read_if_there(found.attributes) if found.attributes else b""
    tree = _attribute_files(git(repository, task_id), base)
    return attributes.compose(user, tree, read_if_there(repository.common_dir / "info/attributes"))


def _attribute_files(shadow: Git, base: str) -> dict[bytes, bytes]:
    listed = shadow.run("ls-tree", "-r", "-z", "--full-tree", base).stdout.split(b"\0")[:-1]
    entries = [entry.split(b"\t", 1) for entry in listed if entry.endswith(b".gitattributes")]
    ids = {
        name.removesuffix(b".gitattributes"): described.split(b" ")[2].decode()
        for described, name in entries
        if not described.startswith(b"120000")  # git follows no link here (since 2.32)
    }
    wanted = {folder: found for folder, found in ids.items() if folder[-1:] in (b"", b"/")}
    contents = blobs(shadow, wanted.values())
    return {folder.removesuffix(b"/"): contents[found] for folder, found in wanted.items()}
