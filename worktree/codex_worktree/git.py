"""The only place that starts git: GitPython's command layer, hardened, bytes in and out.

Every call names its git dir; nothing is guessed from the current folder. The child
gets exactly the environment given here (``env -i``): GitPython merges ``os.environ``
and cannot unset, so an inherited GIT_INDEX_FILE or an API key would reach git. The
assignments are arguments of ``env`` and visible to ``ps`` for a moment: the environment
handed in must hold no secret.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from subprocess import PIPE
from typing import BinaryIO

import git as gitpython

from codex_worktree.errors import GitCommandError, GitTooOld, UnsupportedRepository

MINIMUM_GIT = (2, 38)
"""First version with ``merge-tree --write-tree``."""

HARDENING = (
    "core.hooksPath=/dev/null",
    "core.fsmonitor=false",
    "protocol.allow=never",
    "submodule.recurse=false",
    "diff.ignoreSubmodules=all",
    "safe.bareRepository=explicit",
    "core.protectHFS=true",
    "core.protectNTFS=true",
    "core.quotePath=true",
    "advice.detachedHead=false",
    "gc.auto=0",
    "maintenance.auto=false",
)
"""Configuration given on every command line: no hook, monitor, transport or background job."""

FIXED_ENVIRONMENT = {
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_NO_REPLACE_OBJECTS": "1",  # an object is what its id says, not what a local ref says
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_PAGER": "cat",
    "LC_ALL": "C",
}


@dataclass(frozen=True)
class Completed:
    """What a git command left behind; bytes, because paths and blobs are bytes."""

    command: tuple[str, ...]
    code: int
    stdout: bytes
    stderr: bytes

    @property
    def text(self) -> str:
        """stdout without its last newline, undecodable bytes as surrogates (``os.fsdecode``)."""
        return self.stdout.decode("utf-8", "surrogateescape").removesuffix("\n")

    @property
    def fields(self) -> list[str]:
        """stdout of a ``-z`` command, split at NUL."""
        return self.stdout.decode("utf-8", "surrogateescape").split("\0")[:-1]


@dataclass(frozen=True)
class Git:
    """A git dir and the surroundings in which commands on it run.

    ``environment`` is the whole environment of the child (PATH, HOME ...), as handed in
    by the application; ``variables`` are git's own (GIT_INDEX_FILE ...) on top of it.
    ``held`` are descriptors of locks that every command inherits, so that a lock outlives
    this process for as long as a command it protects still runs.
    """

    git_dir: Path
    environment: Mapping[str, str]
    work_tree: Path | None = None
    cwd: Path | None = None
    variables: Mapping[str, str] = field(default_factory=dict)
    config: tuple[str, ...] = ()
    held: tuple[int, ...] = ()

    def run(
        self,
        *arguments: str,
        stdin: bytes | BinaryIO = b"",
        ok: Collection[int] = (0,),
    ) -> Completed:
        """Run one git command to its end, in a process group of its own.

        ``stdin`` is the input itself, or an open file that the command reads from.

        Raises GitCommandError for any exit code not in ``ok``.
        """
        completed = self._execute(self._command(arguments), self._folder(), stdin)
        if completed.code not in ok:
            raise GitCommandError(
                completed.command, completed.code, completed.stdout, completed.stderr
            )
        return completed

    def text(self, *arguments: str, stdin: bytes | BinaryIO = b"") -> str:
        """stdout of a command that must succeed."""
        return self.run(*arguments, stdin=stdin).text

    def discover(self, start: Path, *questions: str) -> Completed:
        """``rev-parse`` in a folder whose git dir is not known yet, whatever its exit code."""
        return self._execute(("git", "-C", str(start), "rev-parse", *questions), start)

    def with_variables(self, **variables: str) -> Git:
        """The same surroundings with further GIT_* variables."""
        return replace(self, variables={**self.variables, **variables})

    def holding(self, *descriptors: int) -> Git:
        """The same surroundings, every command inheriting these lock descriptors."""
        return replace(self, held=(*self.held, *descriptors))

    def _execute(
        self, command: tuple[str, ...], folder: Path, stdin: bytes | BinaryIO = b""
    ) -> Completed:
        given = stdin if isinstance(stdin, bytes) else None
        process = gitpython.Git(str(folder)).execute(
            ["/usr/bin/env", "-i", *self._assignments(), *command],
            as_process=True,
            istream=PIPE if isinstance(stdin, bytes) else stdin,
            start_new_session=True,  # a Ctrl-C meant for us must not kill git half-way
            pass_fds=self.held,
        )
        stdout, stderr = process.communicate(given)
        return Completed(command, process.returncode, stdout, stderr)

    def _command(self, arguments: tuple[str, ...]) -> tuple[str, ...]:
        places = [f"--git-dir={self.git_dir}"]
        if self.work_tree is not None:
            places.append(f"--work-tree={self.work_tree}")
        settings = [part for entry in (*HARDENING, *self.config) for part in ("-c", entry)]
        return ("git", *places, *settings, *arguments)

    def _assignments(self) -> list[str]:
        merged = {**self.environment, **FIXED_ENVIRONMENT, **self.variables}
        return [f"{name}={value}" for name, value in merged.items()]

    def _folder(self) -> Path:
        folder = self.cwd or self.work_tree or self.git_dir
        if not folder.is_dir():  # GitPython would silently run in the process's own folder
            raise UnsupportedRepository(folder, "the folder does not exist")
        return folder


def version(environment: Mapping[str, str]) -> tuple[int, ...]:
    """The installed git's version as numbers, such as (2, 39, 5)."""
    here = Git(Path("/"), environment)
    found = re.search(r"\d+(?:\.\d+)+", here.text("version"))
    return tuple(int(part) for part in found.group().split(".")) if found else (0,)


def require_version(environment: Mapping[str, str]) -> None:
    """Raise GitTooOld unless git is at least MINIMUM_GIT."""
    found = version(environment)
    if found < MINIMUM_GIT:
        raise GitTooOld(found, MINIMUM_GIT)
