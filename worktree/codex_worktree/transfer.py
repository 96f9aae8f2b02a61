"""Objects between the shadow's store and the user's, so that no ``gc`` can lose one."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from codex_worktree import shadow
from codex_worktree.files import read_if_there
from codex_worktree.git import Git
from codex_worktree.repository import Repository

_KEPT = "codex-task"
"""What our ``.keep`` files say."""


def own(git: Git, ids: Iterable[str]) -> None:
    """Make sure that the shadow's own store has these objects.

    git writes no object that an alternate has. But what the user's store has and no ref of
    theirs reaches, say a tree of an abandoned commit, their next ``gc`` deletes.
    """
    suspects = [found for found in ids if found.strip("0") and not _loose(git, found).is_file()]
    if not suspects:
        return
    asked = "".join(f"{suspect}\n" for suspect in suspects).encode()
    answers = shadow.own(git).text("cat-file", "--batch-check", stdin=asked).split("\n")
    for answer in answers:
        name, state = answer.split(" ")[:2]
        if state == "missing":
            _copy(git, name)


@contextmanager
def delivered(repository: Repository, git: Git, tip: str, haves: Iterable[str]) -> Iterator[None]:
    """Put into the user's store what ``tip`` reaches and ``haves`` do not, as one kept pack.

    ``git`` sees all these objects: a shadow, or a scratch git dir.

    The pack is kept by a ``.keep`` file while the caller makes a ref hold the tip. Called
    under the writer lock: a ``.keep`` of ours that is there before is a killed run's.
    """
    revisions = "".join([f"{tip}\n", *(f"^{have}\n" for have in haves)]).encode()
    with tempfile.TemporaryDirectory(dir=git.git_dir, prefix="pack-") as folder:
        git.run(
            *("pack-objects", "-q", "--revs", "--non-empty", "--delta-base-offset"),
            f"{folder}/out",
            stdin=revisions,
        )
        for pack in Path(folder).glob("*.pack"):
            with pack.open("rb") as content:
                repository.git.run("index-pack", "--stdin", f"--keep={_KEPT}", stdin=content)
    try:
        yield
    finally:
        _let_go(repository.common_dir / "objects/pack")


def _let_go(packs: Path) -> None:
    for keep in packs.glob("pack-*.keep"):
        if read_if_there(keep).strip() == _KEPT.encode():
            keep.unlink(missing_ok=True)


def _loose(git: Git, name: str) -> Path:
    return git.git_dir / "objects" / name[:2] / name[2:]


def _copy(git: Git, name: str) -> None:
    kind = git.text("cat-file", "-t", name)
    content = git.run("cat-file", kind, name).stdout
    shadow.own(git).run("hash-object", "-w", "-t", kind, "--stdin", stdin=content)
