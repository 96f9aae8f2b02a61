"""What a sandboxed command sees, gathered once for a worktree and then only read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from codex_task_executor.sandbox.launch import SandboxError
from codex_task_executor.sandbox.machine import Machine, survey
from codex_task_executor.sandbox.masks import Masks, find_masks
from codex_task_executor.sandbox.toolchains import Toolchains, find_toolchains

MOST_MASKS = 2_000
"""bubblewrap takes 9,000 words of arguments (bubblewrap.c, MAX_ARGS), a mount is three."""

FILE_SIZE = 4 << 30
"""Bytes that one file may grow to (RLIMIT_FSIZE)."""

HOME = "/tmp/home"  # noqa: S108 - in the sandbox's own /tmp
"""The home folder inside: empty, gone with the command."""

_KERNEL = (Path("/proc"), Path("/dev"), Path("/sys"))
_SYSTEM = (Path("/usr"), Path("/etc"), Path("/tmp"), *_KERNEL)  # noqa: S108

FIXED_VARIABLES = {
    "HOME": HOME,
    "LANG": "C.UTF-8",
    "TERM": "dumb",
    "PAGER": "cat",
    "GIT_PAGER": "cat",
    "NO_COLOR": "1",
}


@dataclass(frozen=True)
class Surroundings:
    """The user whose commands these are; nothing is read from the environment here.

    ``path`` is the user's PATH. ``home`` and the folders of ``hidden`` (the repository) stay
    invisible wherever they lie. ``variables`` is an allow-list with values (LANG, TZ): all
    else of the user's environment stays out.
    """

    path: str
    home: Path
    hidden: tuple[Path, ...] = ()
    variables: Mapping[str, str] | None = None

    @property
    def invisible(self) -> tuple[Path, ...]:
        """All folders that a command must not see as a whole."""
        return (self.home.resolve(), *(folder.resolve() for folder in self.hidden))


@dataclass(frozen=True)
class View:
    """The world of a command: the worktree, the machine, tool chains, what is covered."""

    root: Path
    machine: Machine
    toolchains: Toolchains
    masks: Masks
    invisible: tuple[Path, ...]
    variables: Mapping[str, str]

    @property
    def environment(self) -> dict[str, str]:
        """The whole environment of a command."""
        return {
            **FIXED_VARIABLES,
            **self.variables,
            **self.toolchains.variables,
            "HOME": HOME,
            "PATH": self.toolchains.path,
        }

    @property
    def covered(self) -> tuple[Path, ...]:
        """Invisible folders that would show because they lie in a folder that is bound."""
        bound = (*map(Path, self.machine.folders), *self.toolchains.folders)
        return tuple(folder for folder in self.invisible if any(map(folder.is_relative_to, bound)))


def look(root: Path, around: Surroundings) -> View:
    """Gather the view of a worktree; its path is resolved. Raises SandboxError."""
    root = root.resolve()
    _require_own_folder(root, around.invisible)
    masks = find_masks(root)
    if masks.size > MOST_MASKS:
        raise SandboxError(f"more than {MOST_MASKS} files of the worktree have secret names")
    return View(
        root=root,
        machine=survey(),
        toolchains=find_toolchains(around.path, root, around.invisible),
        masks=masks,
        invisible=around.invisible,
        variables=dict(around.variables or {}),
    )


def _require_own_folder(root: Path, invisible: Iterable[Path]) -> None:
    """A worktree is bound read-write: nothing that must be protected may lie in it."""
    if (root / ".git").is_symlink():
        raise SandboxError(f"{root}/.git is a symbolic link")
    for folder in (*_SYSTEM, *invisible):
        if folder.is_relative_to(root):
            raise SandboxError(f"{root} is, or contains, {folder}")
    if any(map(root.is_relative_to, _KERNEL)):
        raise SandboxError(f"{root} is no ordinary folder")
