"""The repositories of fixtures/repos, imported from their fast-export streams."""

from __future__ import annotations

from pathlib import Path

from support.repositories import Sandpit

FIXTURES = Path(__file__).parents[2] / "fixtures" / "repos"


def import_repository(name: str, folder: Path) -> Sandpit:
    """The repository ``name`` in ``folder/repo``, ``main`` checked out."""
    pit = Sandpit.create(folder)
    pit.git("fast-import", "--quiet", stdin=(FIXTURES / f"{name}.fi").read_bytes())
    pit.git("reset", "-q", "--hard", "main")
    return pit
