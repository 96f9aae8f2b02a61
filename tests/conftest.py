"""Fixtures that every test may use."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from support.repositories import Sandpit
from support.sandboxes import why_no_bubblewrap


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip what needs bubblewrap where there is none, except in CI, where it must be there."""
    if item.get_closest_marker("bubblewrap") and (reason := why_no_bubblewrap()):
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)


@pytest.fixture
def pit(tmp_path: Path) -> Sandpit:
    """A repository with one commit on main."""
    sandpit = Sandpit.create(tmp_path)
    sandpit.commit({"README.md": "hello\n", "src/app.py": "print('hello')\n"}, "first")
    return sandpit
