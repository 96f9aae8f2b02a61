"""scripts/setup.sh where something is missing: one clear line, on machines without apt."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from support.source import CHECKOUT

TOOLS = ("sh", "dirname", "id", "uname", "cmp")


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout whose environment is made at once: it only says with what."""
    folder = tmp_path / "checkout"
    for name in ("scripts", "bin"):
        (folder / name).mkdir(parents=True)
    shutil.copy2(CHECKOUT / "scripts" / "setup.sh", folder / "scripts")
    (folder / "bin" / "environment.py").write_text("import sys\nprint('made', sys.argv[1:])\n")
    return folder


def setup(checkout: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run it with a PATH on which there is no apt-get and no bubblewrap."""
    tools = checkout.parent / "tools"
    tools.mkdir()
    for name in TOOLS:
        (tools / name).symlink_to(str(shutil.which(name)))
    environment = {"PATH": str(tools), "PYTHON": sys.executable} | variables
    script = checkout / "scripts" / "setup.sh"
    return subprocess.run([script], env=environment, capture_output=True, text=True, check=False)


def test_without_python_it_says_so_and_ends_with_2(checkout: Path) -> None:
    done = setup(checkout, PYTHON="/nonexistent/python3")
    assert done.returncode == 2
    assert done.stderr.startswith("setup: Python 3.11 or later is needed")
    assert done.stderr.count("\n") == 1
    assert done.stdout == ""


def test_without_venv_it_names_the_package(checkout: Path) -> None:
    partial = checkout.parent / "python"
    partial.write_text(
        f'#!/bin/sh\ncase "$2" in *ensurepip*) exit 1 ;; esac\nexec {sys.executable} "$@"\n'
    )
    partial.chmod(0o755)
    done = setup(checkout, PYTHON=str(partial))
    assert done.returncode == 2
    assert done.stderr.endswith("install it (Debian: apt install python3-venv)\n")
    assert done.stderr.count("\n") == 1


@pytest.mark.skipif(sys.platform != "linux", reason="bubblewrap is Linux's")
def test_without_bubblewrap_it_says_so_and_goes_on(checkout: Path) -> None:
    done = setup(checkout)
    assert (done.returncode, done.stdout) == (0, "made []\n")
    assert done.stderr.endswith("install it (Debian: apt install bubblewrap)\n")
    assert done.stderr.count("\n") == 1
