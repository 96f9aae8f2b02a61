"""Objects between the shadow's store and the user's, so that no ``gc`` can lose one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import BinaryIO

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
    alone = shadow.own(git)
    answers = alone.text("cat-file", "--batch-check", stdin=_lines(suspects)).split("\n")
    missing = [answer.split(" ")[0] for answer in answers if answer.endswith(" missing")]
    if missing:
        with _packed(git, _lines(missing)) as packs:
            for pack in packs:
                alone.run("index-pack", "--stdin", stdin=pack)


@contextmanager
def delivered(repository: Repository, git: Git, tip: str, haves: Iterable[str]) -> Iterator[None]:
    """Put into the user's store what ``tip`` reaches and ``haves`` do not, as one kept pack.

    ``git`` sees all these objects: a shadow, or a scratch git dir. The pack is kept by a
    ``.keep`` file while the caller makes a ref hold the tip. Called under the writer lock: a
    ``.keep`` of ours that is there before is a killed run's.
    """
    revisions = _lines([tip, *(f"^{have}" for have in haves)])
    with _packed(git, revisions, "--revs", "--delta-base-offset") as packs:
        for pack in packs:
            repository.git.run("index-pack", "--stdin", f"--keep={_KEPT}", stdin=pack)
    try:
        yield
    finally:
        _let_go(repository.common_dir / "objects/pack")


@contextmanager
def _packed(git: Git, wanted: bytes, *options: str) -> Iterator[list[BinaryIO]]:
    """What pack-objects makes of its input, as open files; none where there is nothing."""
    with TemporaryDirectory(dir=git.git_dir, prefix="pack-") as folder, ExitStack() as opened:
        git.run("pack-objects", "-q", "--non-empty", *options, f"{folder}/out", stdin=wanted)
        yield [opened.enter_context(pack.open("rb")) for pack in Path(folder).glob("*.pack")]


def _let_go(packs: Path) -> None:
    for keep in packs.glob("pack-*.keep"):
        if read_if_there(keep).strip() == _KEPT.encode():
            keep.unlink(missing_ok=True)


def _loose(git: Git, name: str) -> Path:
    return git.git_dir / "objects" / name[:2] / name[2:]


def _lines(names: Iterable[str]) -> bytes:
    return "".join(f"{name}\n" for name in names).encode()
