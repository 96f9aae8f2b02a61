from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from codex_worktree.changes import between
from codex_worktree.errors import PatchMismatch
from codex_worktree.git import Git
from codex_worktree.patch import Patch, prove, write
from support.repositories import Sandpit
from support.trees import EXECUTABLE, REGULAR, SUBMODULE, SYMLINK, File, Tree, commit, edited, trees


def git_of(pit: Sandpit) -> Git:
    return Git(pit.root / ".git", pit.environment)


def patch_of(pit: Sandpit, old: Tree, new: Tree) -> Patch:
    git, base = git_of(pit), commit(pit, old)
    return write(git, between(git, base, commit(pit, new, base)))


def files_below(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ({}, {"a": File(b"\0\xff\1")}),
        ({"a": File(b"\0" * 999)}, {"a": File(b"\0" * 998 + b"\1")}),
        ({"a": File(b"x\n")}, {"a": File(b"x\n", EXECUTABLE)}),
        ({"a": File(b"x\n")}, {"a": File(b"../x", SYMLINK)}),
        ({"a": File(b"x", SYMLINK)}, {"a": File(b"y", SYMLINK)}),
        ({"a b": File(b"1\n2\n3\n")}, {"c\td": File(b"1\n2\n3\n")}),
        ({"a": File(b"1\n")}, {}),
        ({"a": File(b"")}, {"a": File(b"1")}),
        ({"a": File(b"1")}, {"a": File(b"")}),
        ({"a": File(b"1\n")}, {"a": File(b"1")}),
        ({"a": File(b"1\r\n2\n")}, {"a": File(b"1\n2\r\n\r")}),
        ({"a": File(b"1\n")}, {"a/b": File(b"1\n")}),
        ({"s": File(b"1", SUBMODULE)}, {"s": File(b"2", SUBMODULE)}),
        ({"s": File(b"1", SUBMODULE)}, {"s": File(b"text\n", REGULAR)}),
        ({"\udcff": File(b"1\n")}, {'"\n\\': File(b"1\n")}),
    ],
)
def test_a_patch_gives_exactly_the_result_tree(pit: Sandpit, old: Tree, new: Tree) -> None:
    patch = patch_of(pit, old, new)
    pit.git("read-tree", patch.base)
    pit.git("apply", "--cached", "-", stdin=patch.data)
    assert pit.git("write-tree") == patch.result_tree


def test_equal_trees_give_an_empty_patch(pit: Sandpit) -> None:
    assert patch_of(pit, {"a": File(b"1")}, {"a": File(b"1")}).data == b""


def test_a_patch_with_one_byte_changed_does_not_prove_itself(pit: Sandpit) -> None:
    patch = patch_of(pit, {"a": File(b"old\n")}, {"a": File(b"new\n")})
    with pytest.raises(PatchMismatch, match="SHA-256"):
        prove(git_of(pit), replace(patch, data=patch.data.replace(b"+new", b"+New")))


def test_a_patch_for_another_tree_does_not_prove_itself(pit: Sandpit) -> None:
    patch = patch_of(pit, {"a": File(b"old\n")}, {"a": File(b"new\n")})
    with pytest.raises(PatchMismatch, match="instead of"):
        prove(git_of(pit), replace(patch, result_tree=pit.git("rev-parse", "HEAD^{tree}")))


def test_a_patch_on_another_base_does_not_prove_itself(pit: Sandpit) -> None:
    patch = patch_of(pit, {"a": File(b"old\n")}, {"a": File(b"new\n")})
    with pytest.raises(PatchMismatch, match="a: does not exist in index"):
        prove(git_of(pit), replace(patch, base=pit.git("rev-parse", "HEAD")))


def test_the_users_diff_settings_do_not_change_the_bytes(pit: Sandpit) -> None:
    old, new = {"a": File(b"1\n2\n3\n\n4\n")}, {"b/c": File(b"1\n2\n\n4\n5\n")}
    plain = patch_of(pit, old, new)
    for setting in ["noprefix=true", "algorithm=patience", "renames=false", "context=0"]:
        pit.git("config", *f"diff.{setting}".split("="))
    pit.git("config", "color.diff", "always")
    pit.git("config", "diff.suppressBlankEmpty", "true")
    assert patch_of(pit, old, new) == plain


def test_writing_and_proving_leave_no_object_behind(pit: Sandpit) -> None:
    git, base = git_of(pit), commit(pit, {"a": File(b"1\n")})
    changes = between(git, base, commit(pit, {"b": File(b"1\n2\n")}, base))
    before = files_below(pit.root / ".git")
    write(git, changes)
    assert files_below(pit.root / ".git") == before


def test_works_with_sha256_ids(tmp_path: Path) -> None:
    pit = Sandpit.create(tmp_path, "--object-format=sha256")
    assert len(patch_of(pit, {}, {"a": File(b"1")}).result_tree) == 64


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Sandpit:
    return Sandpit.create(tmp_path_factory.mktemp("shared"))


@settings(max_examples=50, deadline=None)
@given(data=st.data())
def test_any_edit_survives_the_round_trip_through_plain_git(
    shared: Sandpit, data: st.DataObject
) -> None:
    old = data.draw(trees())
    patch = patch_of(shared, old, data.draw(edited(old)))
    shared.git("read-tree", patch.base)
    if patch.data:
        shared.git("apply", "--cached", "-", stdin=patch.data)
    assert shared.git("write-tree") == patch.result_tree
