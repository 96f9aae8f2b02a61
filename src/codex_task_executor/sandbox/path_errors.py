"""Why a path cannot be used, each error with a clean line for the model.

::

    PathError
    ├── OutsideRoot     leads out of the root, or into another file system mounted inside
    ├── BadName         cannot be a file's name here
    ├── SecretPath      git's own folder, or a credential file
    ├── NotFound
    ├── NotAFolder      a component on the way is a file
    ├── NotAFile        a folder, a symbolic link, a FIFO ...: ``kind`` says which
    ├── Exists          was to be made, is there already
    ├── TooLarge        over ``limit`` bytes
    ├── Changed         somebody else changed it since it was read
    └── AccessFailed    whatever else the system says
"""

from __future__ import annotations

from dataclasses import dataclass

from codex_task_executor.sandbox.names import shown

_SHOWN = 300
"""Characters of a path that a message repeats: a model may have sent a megabyte."""


def _brief(path: str) -> str:
    return shown(path if len(path) <= _SHOWN else path[:_SHOWN] + "...")


@dataclass(eq=False)
class PathError(Exception):
    """Base of every error about a path. ``path`` is as the model or the walk gave it."""

    path: str

    @property
    def reason(self) -> str:
        """What follows the path in the message."""
        return "cannot be used"

    def __str__(self) -> str:
        return f"{_brief(self.path)} {self.reason}"


@dataclass(eq=False)
class OutsideRoot(PathError):
    """A path that leaves the root."""

    detail: str = "is outside the project folder; use a path relative to it"

    @property
    def reason(self) -> str:
        return self.detail


@dataclass(eq=False)
class BadName(PathError):
    """A name that is empty, over-long, reserved or holds control characters."""

    detail: str

    @property
    def reason(self) -> str:
        return self.detail


@dataclass(eq=False)
class SecretPath(PathError):
    """A name that ``secrets`` refuses. ``name`` is the component that is refused."""

    name: str

    @property
    def reason(self) -> str:
        return f"is off limits: {_brief(self.name)} is git's own or may hold credentials"


@dataclass(eq=False)
class NotFound(PathError):
    """Nothing there."""

    @property
    def reason(self) -> str:
        return "does not exist"


@dataclass(eq=False)
class NotAFolder(PathError):
    """A component that should be a folder is something else."""

    @property
    def reason(self) -> str:
        return "cannot be reached: a part of its path is not a folder"


@dataclass(eq=False)
class NotAFile(PathError):
    """Not a regular file. ``kind`` is 'folder', 'symbolic link', 'FIFO', 'socket' or 'device'."""

    kind: str
    detail: str = ""

    @property
    def reason(self) -> str:
        return self.detail or f"is a {self.kind}, not a file"


@dataclass(eq=False)
class Exists(PathError):
    """Something of that name is there already."""

    @property
    def reason(self) -> str:
        return "exists already"


@dataclass(eq=False)
class TooLarge(PathError):
    """A file over the limit, in bytes."""

    limit: int

    @property
    def reason(self) -> str:
        return f"is larger than {self.limit:,} bytes"


@dataclass(eq=False)
class Changed(PathError):
    """The file is not what was read: another program, or a person, changed it."""

    @property
    def reason(self) -> str:
        return "was changed by somebody else since it was read; read it again"


@dataclass(eq=False)
class AccessFailed(PathError):
    """The system refused; ``detail`` is its text, such as 'Permission denied'."""

    detail: str

    @property
    def reason(self) -> str:
        return f"cannot be accessed: {self.detail}"
