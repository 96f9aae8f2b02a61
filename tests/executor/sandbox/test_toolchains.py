from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import pytest

from codex_task_executor.sandbox.launch import Command
from codex_task_executor.sandbox.toolchains import Toolchains, find_toolchains
from codex_task_executor.sandbox.view import Surroundings, look
from support.sandboxes import Box, bubblewrap


@dataclass(frozen=True)
class User:
    """A home folder to grow tool chains in, and a worktree."""

    home: Path

    @property
    def root(self) -> Path:
        return self.home / "project" / ".codex-sessions" / "worktrees" / "t1"

    def program(self, name: str, text: str = "#!/bin/sh\necho $0\n") -> Path:
        path = self.home / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(0o755)
        return path

    def folder(self, name: str) -> Path:
        (self.home / name).mkdir(parents=True, exist_ok=True)
        return self.home / name

    def link(self, name: str, target: str | Path) -> None:
        self.folder(name).rmdir()
        (self.home / name).symlink_to(target)

    def finds(self, *path: str) -> Toolchains:
        joined = ":".join(str(self.home / entry) for entry in path)
        hidden = (self.home, self.home / "project")
        return find_toolchains(joined, self.root, hidden)

    def chain(self, prefix: str) -> Path:
        """A prefix with a program and a library."""
        self.program(f"{prefix}/bin/tool")
        self.folder(f"{prefix}/lib")
        return self.home / prefix


@pytest.fixture
def user(tmp_path: Path) -> User:
    user = User(tmp_path.resolve() / "home")
    user.root.mkdir(parents=True)
    return user


def test_the_system_needs_nothing(user: User) -> None:
    found = find_toolchains("/usr/bin:/bin", user.root, (user.home,))
    assert (found.folders, found.links) == ((), ())
    assert found.path == "/usr/bin:/usr/local/bin:/bin"


def test_the_standard_folders_are_always_searched(user: User) -> None:
    assert user.finds().path == "/usr/local/bin:/usr/bin:/bin"


def test_a_prefix_with_bin_and_lib_is_shown_whole(user: User) -> None:
    prefix = user.chain(".nvm/versions/node/v22")
    found = user.finds(".nvm/versions/node/v22/bin")
    assert found.folders == (prefix,)
    assert found.path.split(":")[0] == f"{prefix}/bin"


def test_the_order_of_path_is_kept_and_doubles_go(user: User) -> None:
    user.chain("a")
    user.chain("b")
    found = user.finds("b/bin", "a/bin", "b/bin")
    assert found.path.split(":")[:2] == [f"{user.home}/b/bin", f"{user.home}/a/bin"]


@pytest.mark.parametrize("entry", ["", ".", "bin", "node_modules/.bin"])
def test_a_relative_entry_never_counts(user: User, entry: str) -> None:
    assert find_toolchains(entry, user.root, ()).path == "/usr/local/bin:/usr/bin:/bin"


def test_a_missing_folder_is_left_out(user: User) -> None:
    assert "gone" not in user.finds("gone/bin").path


@pytest.mark.parametrize(
    "prefix",
    [
        ".",  # the home folder itself
        "project",  # the user's repository: it contains the worktree
        ".local",  # its share/ holds key rings and histories
        "checkout",  # a .git lies in it
        "secret",  # a .env lies in it
    ],
)
def test_a_prefix_that_is_not_clearly_a_tool_chain_is_not_shown(user: User, prefix: str) -> None:
    user.program("checkout/.git/config")
    user.program("secret/.env")
    user.chain(prefix)
    found = user.finds(f"{prefix}/bin")
    assert found.folders == ()
    assert str(user.home) not in found.path


def test_a_folder_of_scripts_is_not_shown(user: User) -> None:
    user.program("bin/deploy", "#!/bin/sh\ncurl -H 'Authorization: token'\n")
    assert user.finds("bin").folders == ()


def test_the_worktrees_own_folders_need_no_mount(user: User) -> None:
    inside = user.root / ".venv"
    user.chain(str(inside.relative_to(user.home)))
    found = find_toolchains(f"{inside}/bin", user.root, (user.home,))
    assert found.folders == ()
    assert found.path.startswith(f"{inside}/bin:")


def test_pyenv_is_shown_without_its_checkout(user: User) -> None:
    for name in ("shims/python", "versions/3.12/bin/python", "libexec/pyenv", "bin/pyenv"):
        user.program(f".pyenv/{name}")
    user.program(".pyenv/.git/config")
    user.program(".pyenv/version", "3.12\n")
    found = user.finds(".pyenv/shims", ".pyenv/bin")
    names = {path.relative_to(user.home / ".pyenv").as_posix() for path in found.folders}
    assert names == {"shims", "versions", "libexec", "bin", "version"}
    assert found.path.startswith(f"{user.home}/.pyenv/shims:{user.home}/.pyenv/bin:")


def test_rustup_is_shown_without_cargos_credentials(user: User) -> None:
    user.program(".cargo/bin/rustup")
    user.program(".cargo/credentials.toml")
    user.program(".rustup/toolchains/stable/bin/cargo")
    user.program(".rustup/settings.toml")
    found = user.finds(".cargo/bin")
    shown = {path.relative_to(user.home).as_posix() for path in found.folders}
    assert shown == {".cargo/bin", ".rustup/toolchains", ".rustup/settings.toml"}
    assert found.variables == {"RUSTUP_HOME": f"{user.home}/.rustup"}


def test_links_to_a_tool_chain_are_made_anew(user: User) -> None:
    venv = user.chain(".local/share/pipx/venvs/ruff")
    user.program(".local/bin/own-script")
    user.link(".local/bin/ruff", venv / "bin" / "tool")
    user.link(".local/bin/alias", "ruff")
    found = user.finds(".local/bin")
    assert found.folders == (venv,)
    assert {str(path): target for target, path in found.links} == {
        f"{user.home}/.local/bin/ruff": f"{venv}/bin/tool",
        f"{user.home}/.local/bin/alias": "ruff",
    }
    assert found.path.startswith(f"{user.home}/.local/bin:")


def test_the_interpreter_behind_a_virtual_environment_is_shown_too(user: User) -> None:
    base = user.chain(".local/share/uv/python/cpython-3.12")
    user.chain("venv")
    user.link("venv/bin/python", base / "bin" / "tool")
    found = user.finds("venv/bin")
    assert set(found.folders) == {user.home / "venv", base}
    assert found.links == ()


def test_links_in_a_circle_and_dead_ones_are_left_out(user: User) -> None:
    user.folder("bin")
    user.link("bin/a", "b")
    user.link("bin/b", "a")
    user.link("bin/dead", "/nowhere/bin/x")
    assert user.finds("bin").links == ()


def test_a_tool_chain_within_another_is_mounted_once(user: User) -> None:
    outer = user.chain("conda")
    user.chain("conda/envs/x")
    assert user.finds("conda/envs/x/bin", "conda/bin").folders == (outer,)


def test_files_that_may_hold_a_token_are_covered(user: User) -> None:
    prefix = user.chain("node")
    token = user.program("node/etc/npmrc", "//registry/:_authToken=x\n")
    assert user.finds("node/bin").covered == (token,)
    assert user.finds("node/bin").folders == (prefix,)


@pytest.mark.skipif(os.geteuid() == 0, reason="root can look into every folder")
def test_a_folder_of_somebody_else_is_left_out(user: User) -> None:
    shut = user.chain("shut")
    shut.chmod(0)
    try:
        assert user.finds("shut/bin").folders == ()
    finally:
        shut.chmod(0o755)


@pytest.mark.bubblewrap
async def test_programs_run_inside_and_nothing_else_of_the_home_shows(tmp_path: Path) -> None:
    box = Box.create(tmp_path)
    user = User(box.home)
    user.chain("opt/node")
    user.program("opt/node/etc/npmrc", "TOKEN")
    user.program("venvs/x/bin/linked")
    user.folder("venvs/x/lib")
    user.link(".local/bin/linked", user.home / "venvs/x/bin/linked")
    path = f"{box.home}/opt/node/bin:{box.home}/.local/bin"
    sandbox = bubblewrap(look(box.root, Surroundings(path, box.home)))
    line = "tool; linked; cat ~/../home/opt/node/etc/npmrc; : > $(command -v tool); ls -A {}"
    said = (await sandbox.run(Command(line.format(box.home)))).output.decode().splitlines()
    assert said[:2] == [f"{box.home}/opt/node/bin/tool", f"{box.home}/.local/bin/linked"]
    assert "TOKEN" not in said
    assert "Read-only file system" in said[3]
    assert said[4:] == [".local", "opt", "venvs"]
