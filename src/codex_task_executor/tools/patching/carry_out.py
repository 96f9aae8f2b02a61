"""A plan carried out: all of it, or, when a write fails, none of it."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from itertools import takewhile

from codex_task_executor.sandbox.paths import Changed, PathError, Root
from codex_task_executor.tools.patching.draft import PERMISSIONS, folders_of
from codex_task_executor.tools.patching.plan import Plan, Step, Write


@dataclass(eq=False)
class WriteFailed(Exception):
    """A write that failed after the verification; what had been written is taken back.

    ``left`` are the paths that could not be taken back, because somebody else has changed
    them since or the system refused that too; each with the reason.
    """

    cause: PathError
    left: tuple[str, ...]


@dataclass(frozen=True)
class _Folder:
    """A folder that was not there before."""

    path: str


def carry_out(plan: Plan, root: Root) -> None:
    """Make every write of a plan. Raises WriteFailed."""
    done: list[Step | _Folder] = []
    try:
        for step in plan.steps:
            done += _missing_folders(step, root)
            _do(step, root)
            done.append(step)
    except PathError as error:
        raise WriteFailed(error, _take_back(done, root)) from error


def _missing_folders(step: Step, root: Root) -> list[_Folder]:
    """The folders that a step will have to make, the outermost first."""
    if not isinstance(step, Write) or step.original:
        return []
    missing = takewhile(lambda folder: not root.exists(folder), folders_of(step.path))
    return [_Folder(folder) for folder in reversed(list(missing))]


def _do(step: Step, root: Root) -> None:
    if not isinstance(step, Write):
        root.remove(step.path, step.original.version)
    elif step.original is None:
        root.create(step.path, step.data, step.mode)
    else:
        root.replace(step.path, step.data, step.original.version, step.mode)


def _take_back(done: list[Step | _Folder], root: Root) -> tuple[str, ...]:
    left = []
    for one in reversed(done):
        try:
            _undo(one, root)
        except PathError as error:
            left.append(str(error))
    return tuple(left)


def _undo(one: Step | _Folder, root: Root) -> None:
    """Reverse one step, unless somebody else has had the file since. Raises PathError."""
    if isinstance(one, _Folder):
        with suppress(PathError):  # never made, or somebody uses it: no file is lost by it
            root.remove_folder(one.path)
    elif isinstance(one, Write):
        _undo_write(one, root)
    else:
        root.create(one.path, one.original.data, one.original.mode & PERMISSIONS)


def _undo_write(step: Write, root: Root) -> None:
    current = root.read(step.path)
    if current.data != step.data:
        raise Changed(step.path)
    if step.original is None:
        root.remove(step.path, current.version)
    else:
        root.replace(step.path, step.original.data, current.version, step.original.mode)
