"""What the user's own git configuration runs, or obeys, out of the tree.

``core.hooksPath=.githooks`` or ``filter.x.smudge=./tools/smudge`` make files of the
repository into programs of the user's machine: a change to them is flagged.
"""

from __future__ import annotations

import os.path
import re
import shlex
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from codex_worktree.git import Git

HOOK = "hook"
COMMAND = "command"

_COMMANDS = re.compile(
    r"core\.(fsmonitor|editor|pager|sshcommand|askpass|gitproxy|attributesfile|excludesfile)"
    r"|(include\.|includeif\..*\.)path"
    r"|(diff\.external|sequence\.editor|interactive\.difffilter|init\.templatedir)"
    r"|(alias|browser|credential|diff|difftool|filter|gpg|guitool|hook|man|merge|mergetool|pager"
    r"|remote|submodule|trailer|uploadpack)\..*"
)
"""Keys (lower case, as git lists them) whose values are commands or further configuration."""


@dataclass(frozen=True)
class HostPaths:
    """Paths below the root of the worktree, in posix form."""

    hook_folders: frozenset[str] = frozenset()
    commands: frozenset[str] = frozenset()

    def flags(self, path: str) -> list[str]:
        """``hook`` and ``command`` where the path is, or lies below, one of them."""
        named = {HOOK: self.hook_folders, COMMAND: self.commands}
        return [flag for flag, places in named.items() if places & set(_self_and_above(path))]


NOTHING = HostPaths()


@dataclass(frozen=True)
class _Setting:
    origin: str
    key: str
    value: str


def configured(git: Git, root: Path) -> HostPaths:
    """Read the configuration that ``git`` sees, the system's included.

    ``root`` is the worktree that relative paths are taken from: git starts hooks and
    drivers there.
    """
    system = git.environment.get("GIT_CONFIG_NOSYSTEM", "0")
    settings = list(_settings(git.with_variables(GIT_CONFIG_NOSYSTEM=system)))
    hooks = {place for entry in settings for place in _hook_folders(entry, root, git)}
    commands = {place for entry in settings for place in _commands(entry, root)}
    return HostPaths(frozenset(hooks), frozenset(commands))


def _settings(git: Git) -> Iterable[_Setting]:
    fields = git.run("config", "--list", "--includes", "--show-origin", "-z").fields
    for origin, entry in zip(fields[0::2], fields[1::2], strict=True):
        key, _, value = entry.partition("\n")
        if not origin.startswith("command line:"):  # our own hardening
            yield _Setting(origin.removeprefix("file:"), key, value)


def _hook_folders(entry: _Setting, root: Path, git: Git) -> list[str]:
    if entry.key != "core.hookspath":
        return []
    home = git.environment.get("HOME", "")
    return _inside(root, re.sub(r"^~(?=/)", lambda _: home, entry.value))


def _commands(entry: _Setting, root: Path) -> list[str]:
    if not _COMMANDS.fullmatch(entry.key):
        return []
    if entry.key.endswith(".path") and entry.key.startswith("include"):
        return _inside(root, str(Path(entry.origin).parent / entry.value))
    return [place for word in _words(entry.value) for place in _inside(root, word)]


def _words(command: str) -> list[str]:
    """The words of a shell command, and what stands behind ``=`` in one of them."""
    try:
        words = shlex.split(command.removeprefix("!"))
    except ValueError:  # an unfinished quote
        words = command.split()
    return [part for word in words for part in {word, word.rpartition("=")[2]}]


def _inside(root: Path, name: str) -> list[str]:
    """``name`` relative to the root, if it names something below it."""
    place = os.path.normpath(root / name)
    for top in {str(root), os.path.realpath(root)}:
        if place.startswith(top + os.sep):
            return [Path(place[len(top) + 1 :]).as_posix()]
    return []


def _self_and_above(path: str) -> list[str]:
    parts = path.split("/")
    return ["/".join(parts[:count]) for count in range(1, len(parts) + 1)]
