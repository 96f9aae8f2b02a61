"""The public scenarios of apply_patch: input/, patch.txt, expected/, on real folders.

They are not part of this repository; where they lie beside it they are run.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from codex_task_executor.tools.base import ToolError
from support.patches import apply, contents

SCENARIOS = Path(__file__).resolve().parents[4] / "shared" / "apply_patch_scenarios"
CASES = sorted(path.parent for path in SCENARIOS.glob("*/patch.txt"))
HALF_APPLIED = "015_failure_after_partial_success_leaves_changes"
"""Expects a half applied patch; ours writes all or nothing."""

pytestmark = pytest.mark.skipif(not CASES, reason=f"no {SCENARIOS.name} beside the repository")


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_scenario_gives_the_expected_files(case: Path, tmp_path: Path) -> None:
    folder = tmp_path / "root"
    folder.mkdir()
    if (case / "input").is_dir():
        shutil.copytree(case / "input", folder, dirs_exist_ok=True)
    before = contents(folder)
    try:
        apply(folder, (case / "patch.txt").read_bytes().decode())
    except ToolError:
        assert contents(folder) == before
    if case.name == HALF_APPLIED:
        assert contents(folder) == before
    else:
        assert contents(folder) == contents(case / "expected")
