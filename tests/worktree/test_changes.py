from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from codex_worktree.changes import ChangeSet, FileChange, between
from codex_worktree.git import Git
from codex_worktree.quoting import quoted
from support.repositories import Sandpit
from support.trees import EXECUTABLE, SYMLINK, File, Tree, commit, edited, trees


def changes(pit: Sandpit, old: Tree, new: Tree) -> ChangeSet:
    base = commit(pit, old)
    return between(git_of(pit), base, commit(pit, new, base))


def git_of(pit: Sandpit) -> Git:
    return Git(pit.root / ".git", pit.environment)


def only(found: ChangeSet) -> FileChange:
    (change,) = found.files
    return change


def test_created_modified_and_deleted_files_are_listed_with_their_counts(pit: Sandpit) -> None:
    old = {"gone": File(b"1\n2\n"), "same": File(b"x"), "edit": File(b"a\nb\nc\n")}
    new = {"same": File(b"x"), "edit": File(b"a\nB\nc\nd\n"), "new": File(b"n\n")}
    found = changes(pit, old, new)
    assert [(each.path, each.status, each.added, each.deleted) for each in found.files] == [
        ("edit", "modified", 2, 1),
        ("gone", "deleted", 0, 2),
        ("new", "created", 1, 0),
    ]


def test_the_set_names_both_commits_and_both_trees(pit: Sandpit) -> None:
    base = commit(pit, {"a": File(b"1")})
    result = commit(pit, {"a": File(b"2")}, base)
    found = between(git_of(pit), base, result)
    trees_of = [pit.git("rev-parse", f"{each}^{{tree}}") for each in (base, result)]
    assert (found.base, found.result) == (base, result)
    assert [found.base_tree, found.result_tree] == trees_of


def test_equal_trees_give_no_files(pit: Sandpit) -> None:
    assert changes(pit, {"a": File(b"1")}, {"a": File(b"1")}).files == ()


def test_a_rename_is_a_deletion_and_a_creation_that_knows_its_source(pit: Sandpit) -> None:
    text = b"".join(b"line %d\n" % number for number in range(20))
    new_text = text.replace(b"line 7\n", b"line seven\n")
    gone, made = changes(pit, {"old name": File(text)}, {"z": File(new_text)}).files
    assert (gone.path, gone.status, gone.added, gone.deleted) == ("old name", "deleted", 0, 0)
    assert (made.path, made.status, made.renamed_from) == ("z", "created", "old name")
    assert (made.added, made.deleted) == (1, 1)


def test_a_mode_change_is_a_modification_without_lines(pit: Sandpit) -> None:
    change = only(changes(pit, {"run": File(b"#!")}, {"run": File(b"#!", EXECUTABLE)}))
    assert (change.status, change.added, change.deleted) == ("modified", 0, 0)
    assert (change.old_mode, change.new_mode) == ("100644", "100755")


def test_a_file_that_became_a_symlink_is_a_modification(pit: Sandpit) -> None:
    change = only(changes(pit, {"a": File(b"text\n")}, {"a": File(b"target", SYMLINK)}))
    assert (change.status, change.new_mode) == ("modified", "120000")


def test_a_binary_file_has_no_counts(pit: Sandpit) -> None:
    change = only(changes(pit, {}, {"a.bin": File(b"\0\1\2")}))
    assert (change.added, change.deleted) == (None, None)


def test_a_moved_submodule_is_listed_although_the_hardening_ignores_submodules(
    pit: Sandpit,
) -> None:
    change = only(changes(pit, {"sub": File(b"1", "160000")}, {"sub": File(b"2", "160000")}))
    assert (change.path, change.status, change.new_mode) == ("sub", "modified", "160000")


def test_attributes_of_the_result_cannot_declare_a_change_binary(pit: Sandpit) -> None:
    new = {"a.py": File(b"evil()\n"), ".gitattributes": File(b"* -diff\n")}
    pit.write({".gitattributes": "* -diff\n"})
    attributes, code = changes(pit, {"a.py": File(b"good()\n")}, new).files
    assert (code.added, code.deleted) == (1, 1)
    assert attributes.added == 1


def test_attributes_of_the_base_count(pit: Sandpit) -> None:
    old = {"x/.gitattributes": File(b"*.lock -diff\n"), "x/a.lock": File(b"1\n")}
    change = only(changes(pit, old, {**old, "x/a.lock": File(b"2\n")}))
    assert change.added is None


def test_no_configured_diff_program_runs(pit: Sandpit, tmp_path: Path) -> None:
    witness = tmp_path / "ran"
    pit.git("config", "diff.external", f"touch {witness}")
    pit.git("config", "diff.evil.textconv", f"touch {witness}; cat")
    pit.git("config", "diff.evil.command", f"touch {witness}")
    old = {".gitattributes": File(b"* diff=evil\n"), "a": File(b"1\n")}
    assert only(changes(pit, old, {**old, "a": File(b"2\n")})).added == 1
    assert not witness.exists()


def test_works_with_sha256_ids(tmp_path: Path) -> None:
    pit = Sandpit.create(tmp_path, "--object-format=sha256")
    assert len(only(changes(pit, {}, {"a": File(b"1")})).new_id) == 64


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Sandpit:
    return Sandpit.create(tmp_path_factory.mktemp("shared"))


@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_any_edit_is_listed_as_it_was_made(shared: Sandpit, data: st.DataObject) -> None:
    old = data.draw(trees())
    new = data.draw(edited(old))
    expected = dict.fromkeys(new.keys() - old.keys(), "created")
    expected |= dict.fromkeys(old.keys() - new.keys(), "deleted")
    expected |= {path: "modified" for path in old.keys() & new.keys() if old[path] != new[path]}
    found = changes(shared, old, new)
    assert {change.path: change.status for change in found.files} == expected
    summary = shared.git("diff", "-M", "--shortstat", found.base, found.result)
    counted = [int(number) for number in re.findall(r"(\d+) (?:insertion|deletion)", summary)]
    assert sum(counted) == sum((each.added or 0) + (each.deleted or 0) for each in found.files)


@settings(max_examples=60, deadline=None)
@given(path=st.text(st.characters(exclude_characters="\0/", exclude_categories=["Cs"]), min_size=1))
def test_names_are_quoted_as_git_quotes_them(shared: Sandpit, path: str) -> None:
    odd = f"name {path}"  # never "." or ".git"
    made = commit(shared, {odd: File(b"")})
    assert quoted(odd) == shared.git("ls-tree", "-r", "--name-only", made)
