from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from support.fixtures import FIXTURES, import_repository
from support.real_package import TEST_COMMAND, TESTS, real_repository
from support.repositories import Sandpit

TIPS = {
    "greeter": "3fb7ead108e6b9fcac6c10d6cec3369d78f9e1fa",
    "notes": "7fd08beae2bd763c37e71fdfdb38e4cf04136162",
}


def run(pit: Sandpit, command: str) -> str:
    """Output of a shell command that must succeed, with nothing but system folders on PATH."""
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(pit.root), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        command, shell=True, cwd=pit.root, env=environment, capture_output=True, check=False
    )
    output = (done.stdout + done.stderr).decode()
    assert done.returncode == 0, output
    return output


def test_every_stream_has_its_tip_written_down() -> None:
    assert {path.stem for path in FIXTURES.glob("*.fi")} == set(TIPS)


@pytest.mark.parametrize("name", TIPS)
def test_a_stream_imports_to_the_same_ids_every_time(name: str, tmp_path: Path) -> None:
    pit = import_repository(name, tmp_path)
    assert pit.git("rev-parse", "main") == TIPS[name]
    assert pit.git("status", "--porcelain") == ""
    pit.git("fsck", "--strict")
    exported = os.fsencode(pit.git("fast-export", "--all", "-M")) + b"\n"
    assert exported == (FIXTURES / f"{name}.fi").read_bytes()


@pytest.mark.parametrize("name", TIPS)
def test_the_suite_of_a_fixture_passes_with_nothing_but_python(name: str, tmp_path: Path) -> None:
    assert "OK" in run(import_repository(name, tmp_path), "python3 -m unittest -q")


def test_notes_has_every_kind_of_file_that_a_change_can_carry(tmp_path: Path) -> None:
    pit = import_repository("notes", tmp_path)
    modes = {line.split()[0] for line in pit.git("ls-files", "--stage").splitlines()}
    assert modes == {"100644", "100755", "120000"}
    assert b"\r\n" in (pit.root / "templates/letter.txt").read_bytes()
    assert b"\0" in (pit.root / "samples/logo.png").read_bytes()
    assert (pit.root / 'samples/été "draft"\tv2.md').is_file()
    assert (pit.root / "samples/empty.md").stat().st_size == 0
    assert not (pit.root / "samples/apples.md").read_bytes().endswith(b"\n")


def test_the_real_package_passes_its_own_tests(tmp_path: Path) -> None:
    assert f"Ran {TESTS} tests" in run(real_repository(tmp_path), TEST_COMMAND)
