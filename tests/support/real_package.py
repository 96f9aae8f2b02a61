"""A published package as real input: the source tree of an sdist, in a new repository.

``scripts/setup.sh`` downloads it; pip holds it against the digest in real_package.txt.
unidiff: Python without dependencies, a suite of 69 unittest tests that needs nothing but
the standard library, and sample files with CR line ends, byte soup and odd names.
"""

from __future__ import annotations

import tarfile
from pathlib import Path

import pytest

from support.repositories import Sandpit

SDISTS = Path(__file__).parents[2] / ".venv" / "sdists"
TEST_COMMAND = "python3 -m unittest discover -q -s tests -t ."
TESTS = 69
"""How many tests the suite has, so that a run that finds none is noticed."""


def real_repository(folder: Path) -> Sandpit:
    """The package's tree as the first commit of ``folder/repo``."""
    pit = Sandpit.create(folder)
    pit.commit({".gitignore": "__pycache__/\n", **_files()}, "Import the sdist")
    return pit


def _files() -> dict[str, bytes]:
    """Content by path, without the archive's one top folder."""
    with tarfile.open(_sdist()) as archive:
        members = [member for member in archive if member.isfile()]
        return {
            member.name.partition("/")[2]: file.read()
            for member in members
            if (file := archive.extractfile(member))
        }


def _sdist() -> Path:
    found = sorted(SDISTS.glob("*.tar.gz"))
    if not found:
        pytest.fail("no sdist to test with: `make test` downloads it (scripts/setup.sh dev)")
    return found[0]
