"""A repository as found: its root, its common dir, its names for commits, what is dirty."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from codex_worktree.errors import (
    BareRepository,
    IdentityMissing,
    NoCommits,
    NotARepository,
    UnknownRevision,
)
from codex_worktree.git import Git, require_version

PRIVATE_FOLDER = "codex-task"
"""Folder in the common dir for locks and shadow git dirs."""


@dataclass(frozen=True)
class Head:
    """Where a checkout stands; ``branch`` is the short name, None when detached."""

    branch: str | None
    commit: str

    @property
    def name(self) -> str:
        """What to call it in a message."""
        return self.branch or f"detached HEAD {self.commit[:7]}"


@dataclass(frozen=True)
class Identity:
    """Who commits: the user's author and committer, as git resolves them."""

    author_name: str
    author_email: str
    committer_name: str
    committer_email: str

    def __str__(self) -> str:
        return f"{self.committer_name} <{self.committer_email}>"

    @property
    def variables(self) -> dict[str, str]:
        """For commit-tree where the user's configuration is not read."""
        return {
            "GIT_AUTHOR_NAME": self.author_name,
            "GIT_AUTHOR_EMAIL": self.author_email,
            "GIT_COMMITTER_NAME": self.committer_name,
            "GIT_COMMITTER_EMAIL": self.committer_email,
        }


@dataclass(frozen=True)
class Repository:
    """A repository with a checkout and at least one commit.

    ``root`` is the main worktree, also when opened from a linked one; where the main one is
    bare, its git dir. ``checkout`` is the worktree it was opened from, whose HEAD is the
    default base. ``git`` works on the common dir with the user's own configuration.
    """

    root: Path
    common_dir: Path
    checkout: Path
    checkout_git_dir: Path
    object_format: str
    git: Git

    @classmethod
    def open(cls, path: Path, environment: Mapping[str, str]) -> Repository:
        """Find the repository that holds ``path``.

        Raises GitTooOld, NotARepository, BareRepository, NoCommits.
        """
        require_version(environment)
        found = _discover(path, environment)
        git = Git(found.common_dir, environment)
        linked = found.git_dir != found.common_dir
        repository = cls(
            root=_main_worktree(git) if linked else found.top,
            common_dir=found.common_dir,
            checkout=found.top,
            checkout_git_dir=found.git_dir,
            object_format=found.object_format,
            git=git,
        )
        repository.head()
        return repository

    @property
    def private(self) -> Path:
        """The tool's own folder in the common dir; survives ``git clean -ffdx``."""
        return self.common_dir / PRIVATE_FOLDER

    @property
    def checkout_git(self) -> Git:
        """git in the worktree that the repository was opened from."""
        return Git(self.checkout_git_dir, self.git.environment, work_tree=self.checkout)

    def commit(self, name: str) -> str:
        """The id of the commit that ``name`` stands for. Raises UnknownRevision."""
        found = self.checkout_git.run(
            "rev-parse", "-q", "--verify", "--end-of-options", f"{name}^{{commit}}", ok=(0, 1, 128)
        )
        if found.code:
            raise UnknownRevision(name)
        return found.text

    def head(self) -> Head:
        """Where the checkout stands. Raises NoCommits."""
        branch = self.checkout_git.run("symbolic-ref", "-q", "HEAD", ok=(0, 1)).text
        try:
            return Head(branch.removeprefix("refs/heads/") or None, self.commit("HEAD"))
        except UnknownRevision as error:
            raise NoCommits(self.checkout) from error

    def reference(self, name: str) -> str | None:
        """The object id that the full ref name points at, or None."""
        found = self.git.run("rev-parse", "-q", "--verify", "--end-of-options", name, ok=(0, 1))
        return found.text or None

    def dirty(self) -> tuple[str, ...]:
        """Paths of the checkout that differ from HEAD, untracked ones included."""
        status = self.checkout_git.run(
            "status", "--porcelain=v1", "-z", "-uall", "--no-renames", "--ignore-submodules=dirty"
        )
        return tuple(entry[3:] for entry in status.fields)

    def identity(self) -> Identity:
        """Who commits, from the environment and all of git's configuration files.

        Raises IdentityMissing where git would have to guess from the machine's name.
        """
        found = [self._ident(f"GIT_{role}_IDENT") for role in ("AUTHOR", "COMMITTER")]
        return Identity(*found[0], *found[1])

    def require_identity(self) -> str:
        """The committer as ``Name <mail>``. Raises IdentityMissing."""
        return str(self.identity())

    def _ident(self, variable: str) -> tuple[str, str]:
        strict = replace(self.reading_git, config=("user.useConfigOnly=true",))
        found = strict.run("var", variable, ok=(0, 128))
        if found.code:
            raise IdentityMissing(found.stderr.decode("utf-8", "replace").strip().split("\n")[-1])
        name, _, rest = found.text.partition(" <")
        return name, rest.rpartition(">")[0]

    @property
    def reading_git(self) -> Git:
        """git for reading settings: the system's configuration file counts too."""
        system = self.git.environment.get("GIT_CONFIG_NOSYSTEM", "0")
        return self.checkout_git.with_variables(GIT_CONFIG_NOSYSTEM=system)


@dataclass(frozen=True)
class _Found:
    git_dir: Path
    common_dir: Path
    top: Path
    object_format: str


def _discover(path: Path, environment: Mapping[str, str]) -> _Found:
    """One path a question: a path may have a newline in it."""
    kind = _ask(path, environment, "--is-bare-repository", "--show-object-format", "--git-dir")
    bare, object_format, git_dir = kind.split("\n", 2)
    if bare == "true":
        raise BareRepository(Path(git_dir))
    return _Found(
        git_dir=Path(git_dir),
        common_dir=Path(_ask(path, environment, "--git-common-dir")),
        top=Path(_ask(path, environment, "--show-toplevel")),  # fails inside .git itself
        object_format=object_format,
    )


def _ask(path: Path, environment: Mapping[str, str], *questions: str) -> str:
    if not path.is_dir():
        raise NotARepository(path)
    found = Git(path, environment).discover(path, "--path-format=absolute", *questions)
    if found.code:
        raise NotARepository(path, found.stderr.decode("utf-8", "replace").strip().split("\n")[0])
    return found.text


def _main_worktree(git: Git) -> Path:
    """As git lists it first; in a submodule's git dir only ``core.worktree`` knows it."""
    configured = git.run("config", "--get", "core.worktree", ok=(0, 1)).text
    if configured:
        return Path(os.path.normpath(git.git_dir / configured))
    first = git.run("worktree", "list", "--porcelain", "-z").fields[0]
    return Path(first.removeprefix("worktree "))
