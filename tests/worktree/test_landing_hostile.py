"""Nothing of a task's tree runs on this machine while it lands."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from codex_worktree.drivers import configured, silenced
from codex_worktree.errors import CheckoutInTheWay
from codex_worktree.git import Git
from codex_worktree.landing import land
from codex_worktree.undo import undo_last
from support.landings import everything, landed, repository, result
from support.repositories import Sandpit
from support.trees import EXECUTABLE, File

HONEST = "#!/bin/sh\nexec cat\n"


@pytest.fixture
def witness(tmp_path: Path) -> Path:
    return tmp_path / "ran"


@pytest.fixture
def evil(witness: Path) -> File:
    """What a task makes of a script that the user's configuration names."""
    return File(f"#!/bin/sh\necho $0 >> {witness}\nexec cat\n".encode(), EXECUTABLE)


@pytest.fixture
def filtered(pit: Sandpit) -> Sandpit:
    """``*.txt`` goes through scripts that lie in the tree."""
    pit.commit({".gitattributes": "*.txt filter=tools\n", "a.txt": "1\n", "tools/run": HONEST})
    (pit.root / "tools/run").chmod(0o755)
    pit.commit({}, "executable")
    pit.git("config", "filter.tools.smudge", "./tools/run")
    pit.git("config", "filter.tools.clean", "./tools/run")
    pit.git("config", "filter.tools.required", "true")
    return pit


def test_a_rewritten_smudge_script_never_runs(filtered: Sandpit, evil: File, witness: Path) -> None:
    made = result(filtered, {"tools/run": evil, "a.txt": "2\n"})
    before = everything(filtered)
    with pytest.raises(CheckoutInTheWay) as caught:
        land(repository(filtered), "t", made, "main", "Merge\n")
    assert caught.value.paths == ("a.txt",)
    assert "filter tools" in caught.value.reason
    assert everything(filtered) == before
    assert not witness.exists()


def test_a_rewritten_script_lands_without_running_where_no_filtered_file_changes(
    filtered: Sandpit, evil: File, witness: Path
) -> None:
    os.utime(filtered.root / "a.txt")  # what status and merge would look at again
    landed(filtered, {"tools/run": evil, "b.py": "x\n"})
    undo_last(repository(filtered))
    assert not witness.exists()


def test_a_filter_that_the_task_attaches_to_its_files_never_runs(
    filtered: Sandpit, evil: File, witness: Path
) -> None:
    attributes = "*.txt filter=tools\n*.py filter=tools\n"
    made = result(filtered, {"tools/run": evil, ".gitattributes": attributes, "b.py": "x\n"})
    with pytest.raises(CheckoutInTheWay):
        land(repository(filtered), "t", made, "main", "Merge\n")
    assert not witness.exists()


def test_a_filtered_file_lands_where_the_target_is_not_checked_out(
    filtered: Sandpit, evil: File, witness: Path
) -> None:
    filtered.git("checkout", "-q", "--detach")
    landed(filtered, {"tools/run": evil, "a.txt": "2\n"})
    assert not witness.exists()


def test_a_deleted_filtered_file_needs_no_filter(filtered: Sandpit, witness: Path) -> None:
    landed(filtered, {"a.txt": None})
    assert not (filtered.root / "a.txt").exists()
    assert not witness.exists()


@pytest.mark.parametrize("folder", [".git/hooks", ".githooks"])
def test_no_hook_runs_be_it_in_git_or_in_the_tree(
    pit: Sandpit, evil: File, witness: Path, folder: str
) -> None:
    names = "post-merge post-checkout post-index-change reference-transaction pre-merge-commit"
    pit.commit({f".githooks/{name}": HONEST for name in names.split()})
    made = result(pit, {f".githooks/{name}": evil for name in names.split()})
    pit.git("config", "core.hooksPath", folder)
    for name in names.split():
        hook = pit.root / folder / name
        hook.write_bytes(evil.data if folder == ".git/hooks" else hook.read_bytes())
        hook.chmod(0o755)
    pit.git("config", "core.fileMode", "false")
    land(repository(pit), "t", made, "main", "Merge\n")
    undo_last(repository(pit))
    assert not witness.exists()


def test_no_monitor_and_no_merge_driver_runs(pit: Sandpit, evil: File, witness: Path) -> None:
    pit.commit({".gitattributes": "* merge=evil diff=evil\n", "tools/run": HONEST})
    (pit.root / "tools/run").chmod(0o755)
    pit.commit({}, "executable")
    for key in ("core.fsmonitor", "merge.evil.driver", "diff.evil.command", "diff.evil.textconv"):
        pit.git("config", key, "./tools/run")
    landed(pit, {"tools/run": evil, "README.md": "landed\n"})
    undo_last(repository(pit))
    assert not witness.exists()


@pytest.mark.parametrize("name", ["plain", "with = sign", 'with "quote'])
def test_every_configured_driver_is_switched_off_by_its_name(pit: Sandpit, name: str) -> None:
    for section, key in (("filter", "process"), ("hook", "event")):
        pit.git("config", f"{section}.{name}.{key}", "value")
    git = Git(pit.root / ".git", pit.environment)
    quiet = silenced(git, configured(git))
    assert quiet.text("config", f"filter.{name}.process") == ""
    assert quiet.text("config", f"hook.{name}.event") == ""
    assert quiet.text("config", f"hook.{name}.enabled") == "false"
    assert configured(quiet).filters == frozenset()
