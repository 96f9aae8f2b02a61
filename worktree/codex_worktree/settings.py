"""The few of the user's git settings that decide what bytes a file has in a commit."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from codex_worktree.repository import Repository

COPIED = (
    "core.autocrlf",
    "core.eol",
    "core.filemode",
    "core.ignorecase",
    "core.precomposeunicode",
    "core.sparsecheckout",
    "core.sparsecheckoutcone",
    "core.symlinks",
)
"""Settings that a shadow git dir takes over. None of them names a program."""

_WANTED = "|".join(
    (
        *(re.escape(name) for name in COPIED),
        r"core\.(excludesfile|attributesfile)",
        r"extensions\.partialclone",
        r"remote\..*\.promisor",
        r"filter\..*\.(clean|process)",
    )
)


@dataclass(frozen=True)
class Settings:
    """What was found; ``excludes`` and ``attributes`` are files that need not exist."""

    copied: Mapping[str, str]
    excludes: Path | None
    attributes: Path | None
    filters: frozenset[str]
    partial: bool


def read(repository: Repository) -> Settings:
    """The effective settings of the checkout, the system's and the user's files included."""
    found = _entries(repository)
    return Settings(
        copied={name: found[name] for name in COPIED if name in found},
        excludes=_file(repository, found.get("core.excludesfile"), "ignore"),
        attributes=_file(repository, found.get("core.attributesfile"), "attributes"),
        filters=frozenset(
            name.removeprefix("filter.").rpartition(".")[0]
            for name, value in found.items()
            if name.startswith("filter.") and value
        ),
        partial=any(_promises(name, value) for name, value in found.items()),
    )


def _entries(repository: Repository) -> dict[str, str]:
    listed = repository.reading_git.run(
        "config", "-z", "--includes", "--get-regexp", f"^({_WANTED})$", ok=(0, 1)
    )
    pairs = [entry.partition("\n") for entry in listed.fields]
    return {name: value if newline else "true" for name, newline, value in pairs}


def _promises(name: str, value: str) -> bool:
    promisor = name.startswith("remote.") and value.lower() not in ("false", "no", "off", "0", "")
    return promisor or name == "extensions.partialclone"


def _file(repository: Repository, named: str | None, default: str) -> Path | None:
    """As git finds it: the setting, else ``$XDG_CONFIG_HOME/git`` or ``~/.config/git``."""
    environment = repository.git.environment
    home = environment.get("HOME")
    if named is not None:
        tilde = named.startswith("~/") and home
        return repository.root / (f"{home}/{named[2:]}" if tilde else named)
    config = environment.get("XDG_CONFIG_HOME") or (f"{home}/.config" if home else None)
    return Path(config, "git", default) if config else None
