"""Fixtures that every test may use."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.repositories import Sandpit


@pytest.fixture
def pit(tmp_path: Path) -> Sandpit:
    """A repository with one commit on main."""
    sandpit = Sandpit.create(tmp_path)
    sandpit.commit({"README.md": "hello\n", "src/app.py": "print('hello')\n"}, "first")
    return sandpit
