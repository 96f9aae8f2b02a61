from __future__ import annotations

from pathlib import Path

import pytest

from codex_worktree.changes import between
from codex_worktree.git import Git
from codex_worktree.host_paths import NOTHING, HostPaths, configured
from support.repositories import Sandpit
from support.trees import EXECUTABLE, SUBMODULE, SYMLINK, File, Tree, commit


def git_of(pit: Sandpit) -> Git:
    return Git(pit.root / ".git", pit.environment)


def flags(pit: Sandpit, old: Tree, new: Tree, host: HostPaths = NOTHING) -> dict[str, set[str]]:
    base = commit(pit, old)
    found = between(git_of(pit), base, commit(pit, new, base), host)
    return {change.path: set(change.flags) for change in found.files}


def flags_of_new(pit: Sandpit, path: str, file: File) -> set[str]:
    return flags(pit, {}, {path: file})[path]


@pytest.mark.parametrize(
    ("path", "flag"),
    [
        (".gitattributes", "git"),
        ("deep/.gitmodules", "git"),
        (".husky/pre-commit", "git"),
        (".envrc", "shell-editor"),
        ("mise.toml", "shell-editor"),
        (".tool-versions", "shell-editor"),
        ("app/.vscode/tasks.json", "shell-editor"),
        (".idea/workspace.xml", "shell-editor"),
        (".devcontainer/devcontainer.json", "shell-editor"),
        (".claude/settings.json", "agent"),
        (".codex/config.toml", "agent"),
        (".cursor/rules/x.mdc", "agent"),
        (".gemini/settings.json", "agent"),
        (".mcp.json", "agent"),
        ("docs/AGENTS.md", "agent"),
        ("CLAUDE.md", "agent"),
        (".github/workflows/test.yml", "ci"),
        (".gitlab-ci.yml", "ci"),
        ("Jenkinsfile", "ci"),
        ("Makefile", "build"),
        ("tests/conftest.py", "build"),
        ("lib/evil.pth", "build"),
        ("setup.py", "build"),
        ("pyproject.toml", "build"),
        ("web/package.json", "build"),
        (".npmrc", "build"),
        ("build.rs", "build"),
        ("docker/Dockerfile.dev", "build"),
        ("BUILD", "build"),
    ],
)
def test_a_path_that_a_program_obeys_is_flagged(pit: Sandpit, path: str, flag: str) -> None:
    assert flags_of_new(pit, path, File(b"text\n")) == {flag}


@pytest.mark.parametrize("path", [".GITATTRIBUTES", ".git\u200cattributes", ".GitAttributes."])
def test_a_disguised_name_is_flagged_like_the_real_one(pit: Sandpit, path: str) -> None:
    assert "git" in flags_of_new(pit, path, File(b"text\n"))


@pytest.mark.parametrize("path", ["src/app.py", "build/x.py", "docs/make.md", ".github/CODEOWNERS"])
def test_ordinary_files_have_no_flag(pit: Sandpit, path: str) -> None:
    assert flags_of_new(pit, path, File(b"text\n")) == set()


def test_deleting_what_a_program_obeys_is_flagged_too(pit: Sandpit) -> None:
    assert flags(pit, {"Makefile": File(b"all:\n")}, {}) == {"Makefile": {"build"}}


def test_a_new_exec_bit_is_flagged_and_an_old_one_is_not(pit: Sandpit) -> None:
    old = {"new bit": File(b"1\n"), "old bit": File(b"1\n", EXECUTABLE)}
    new = {"new bit": File(b"1\n", EXECUTABLE), "old bit": File(b"2\n", EXECUTABLE)}
    assert flags(pit, old, new) == {"new bit": {"executable"}, "old bit": set()}


def test_a_binary_file_is_flagged_unless_it_is_deleted(pit: Sandpit) -> None:
    found = flags(pit, {"gone": File(b"\0x")}, {"made": File(b"\0y")})
    assert found == {"gone": set(), "made": {"binary"}}


@pytest.mark.parametrize(
    "target", ["/etc/passwd", "../../outside", "sub/../../..", "../.git/hooks"]
)
def test_a_symlink_out_of_the_tree_has_a_flag_of_its_own(pit: Sandpit, target: str) -> None:
    found = flags_of_new(pit, "folder/link", File(target.encode(), SYMLINK))
    assert found == {"symlink", "symlink-outside"}


@pytest.mark.parametrize("target", ["file", "../file", "..", "sub/../file"])
def test_a_symlink_within_the_tree_is_flagged_as_a_symlink(pit: Sandpit, target: str) -> None:
    assert flags_of_new(pit, "folder/link", File(target.encode(), SYMLINK)) == {"symlink"}


def test_a_submodule_is_flagged(pit: Sandpit) -> None:
    assert flags_of_new(pit, "sub", File(b"1", SUBMODULE)) == {"submodule"}


@pytest.mark.parametrize("control", ["\u202e", "\u2066", "\u200f"])
def test_added_bidirectional_controls_are_flagged(pit: Sandpit, control: str) -> None:
    old, new = File(b"a = 1\n"), File(f"a = 1\nb = '{control}'\n".encode())
    assert flags(pit, {"a.py": old}, {"a.py": new}) == {"a.py": {"bidi"}}


def test_bidirectional_controls_that_were_there_before_are_not_flagged(pit: Sandpit) -> None:
    kept = "b = '\u202e'\n".encode()
    assert flags(pit, {"a.py": File(kept)}, {"a.py": File(kept + b"c\n")}) == {"a.py": set()}


def test_a_bidirectional_control_in_a_name_is_flagged(pit: Sandpit) -> None:
    assert flags_of_new(pit, "a\u202eyp.txt", File(b"x\n")) == {"bidi"}


def test_what_lies_in_the_effective_hooks_folder_is_flagged(pit: Sandpit) -> None:
    pit.git("config", "core.hooksPath", "tools/hooks")
    host = configured(git_of(pit), pit.root)
    new = {"tools/hooks/post-merge": File(b"#!\n"), "tools/other": File(b"x\n")}
    assert flags(pit, {}, new, host) == {"tools/hooks/post-merge": {"hook"}, "tools/other": set()}


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("filter.x.smudge", "./tools/run %f"),
        ("filter.x.process", "python3 tools/run --serve"),
        ("diff.x.textconv", "sh -c 'tools/../tools/run'"),
        ("merge.x.driver", "env A=1 CONFIG=tools/run %O %A %B"),
        ("alias.go", "!tools/run"),
        ("core.fsmonitor", "{root}/tools/run"),
        ("include.path", "../tools/run"),
        ("includeIf.onbranch:main.path", "../tools/run"),
        ("hook.lint.command", "tools/run 'unfinished"),
    ],
)
def test_what_the_configuration_names_inside_the_tree_is_flagged(
    pit: Sandpit, key: str, value: str
) -> None:
    pit.git("config", key, value.replace("{root}", str(pit.root)))
    host = configured(git_of(pit), pit.root)
    new = {"tools/run": File(b"#!\n"), "tools/other": File(b"x\n")}
    assert flags(pit, {}, new, host) == {"tools/run": {"command"}, "tools/other": set()}


def test_our_own_hardening_is_no_configuration_of_the_user(pit: Sandpit) -> None:
    assert configured(git_of(pit), pit.root) == NOTHING


def test_what_a_configuration_names_outside_the_tree_is_nobodys_change(
    pit: Sandpit, tmp_path: Path
) -> None:
    pit.git("config", "core.hooksPath", str(tmp_path / "elsewhere"))
    pit.git("config", "filter.lfs.process", "git-lfs filter-process")
    host = configured(git_of(pit), pit.root)
    assert host.hook_folders == frozenset()
    assert flags(pit, {}, {"src/a.py": File(b"x\n")}, host) == {"src/a.py": set()}
