"""What can go wrong in the git half, each error with its facts.

::

    WorktreeError
    ├── GitCommandError       a git command failed: command, code, stdout, stderr
    ├── GitTooOld             found, needed
    ├── NotARepository        path, detail
    ├── BareRepository        path
    ├── NoCommits             path
    ├── UnknownRevision       name
    ├── IdentityMissing       detail
    ├── Busy                  what, pid
    ├── BranchTaken           branch, reason
    ├── UnsupportedRepository path, reason
    ├── UnrelatedHistories    target, result
    ├── TargetMoved           target, expected, found
    ├── CheckoutInTheWay      checkout, paths, reason
    ├── NothingToUndo         reason
    └── PatchMismatch         reason

No error here holds advice: what to do next is said where errors become text. They are not
frozen: ``contextlib`` assigns ``__traceback__`` to an error that passes through it.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


class WorktreeError(Exception):
    """Base of every error of this package."""


@dataclass(eq=False)
class GitCommandError(WorktreeError):
    """A git command ended with a code that its caller did not expect."""

    command: tuple[str, ...]
    code: int
    stdout: bytes
    stderr: bytes

    def __str__(self) -> str:
        message = self.stderr.decode("utf-8", "replace").strip() or "no message"
        return f"{' '.join(self.command)} exited with {self.code}: {message}"


@dataclass(eq=False)
class GitTooOld(WorktreeError):
    """The installed git lacks what this package needs (merge-tree --write-tree: 2.38)."""

    found: tuple[int, ...]
    needed: tuple[int, ...]

    def __str__(self) -> str:
        dotted = [".".join(map(str, version)) for version in (self.found, self.needed)]
        return f"git {dotted[0]} is too old: {dotted[1]} or later is needed"


@dataclass(eq=False)
class NotARepository(WorktreeError):
    """No git repository at or above the path; ``detail`` is what git says about it."""

    path: Path
    detail: str = ""

    def __str__(self) -> str:
        known = "" if "not a git repository" in self.detail else f" ({self.detail})"
        return f"not a git repository: {self.path}{known if self.detail else ''}"


@dataclass(eq=False)
class BareRepository(WorktreeError):
    """A repository without a main worktree."""

    path: Path

    def __str__(self) -> str:
        return f"a bare repository has no checkout to work beside: {self.path}"


@dataclass(eq=False)
class NoCommits(WorktreeError):
    """HEAD is unborn: there is nothing to start from."""

    path: Path

    def __str__(self) -> str:
        return f"the repository has no commit yet: {self.path}"


@dataclass(eq=False)
class UnknownRevision(WorktreeError):
    """A name that git cannot turn into a commit."""

    name: str

    def __str__(self) -> str:
        return f"no commit is named {self.name!r}"


@dataclass(eq=False)
class IdentityMissing(WorktreeError):
    """git knows no author name or e-mail address to commit with."""

    detail: str

    def __str__(self) -> str:
        return f"git has no identity to commit with: {self.detail}"


@dataclass(eq=False)
class Busy(WorktreeError):
    """Another process holds the lock; ``pid`` is None when it left no number."""

    what: str
    pid: int | None

    def __str__(self) -> str:
        holder = f"process {self.pid}" if self.pid else "another process"
        return f"{self.what} is in use by {holder}"


@dataclass(eq=False)
class BranchTaken(WorktreeError):
    """The task's branch cannot be made: one of that name (or in its way) is not ours."""

    branch: str
    reason: str

    def __str__(self) -> str:
        return f"branch {self.branch} cannot be used: {self.reason}"


@dataclass(eq=False)
class UnsupportedRepository(WorktreeError):
    """A repository or worktree in a state that cannot be handled without risk."""

    path: Path
    reason: str

    def __str__(self) -> str:
        return f"{self.path}: {self.reason}"


@dataclass(eq=False)
class UnrelatedHistories(WorktreeError):
    """Two commits without a common ancestor: there is nothing to merge against."""

    target: str
    result: str

    def __str__(self) -> str:
        return f"{self.target} and {self.result} have no common history"


@dataclass(eq=False)
class TargetMoved(WorktreeError):
    """The branch is no longer at the commit that the work was computed for."""

    target: str
    expected: str
    found: str

    def __str__(self) -> str:
        return f"{self.target} moved from {self.expected} to {self.found} meanwhile"


@dataclass(eq=False)
class CheckoutInTheWay(WorktreeError):
    """The target's checkout has something that a landing would overwrite."""

    checkout: Path
    paths: tuple[str, ...]
    reason: str

    def __str__(self) -> str:
        named = f": {', '.join(self.paths)}" if self.paths else ""
        return f"{self.checkout}: {self.reason}{named}"


@dataclass(eq=False)
class NothingToUndo(WorktreeError):
    """No landing that an undo could take back."""

    reason: str

    def __str__(self) -> str:
        return f"nothing to undo: {self.reason}"


@dataclass(eq=False)
class PatchMismatch(WorktreeError):
    """A patch that does not give what its header says."""

    reason: str

    def __str__(self) -> str:
        return f"the patch does not prove itself: {self.reason}"
