"""A patch and a reader -> every write that the patch means, verified before any is made."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from codex_task_executor.sandbox.names import shown
from codex_task_executor.sandbox.paths import FileContent
from codex_task_executor.tools.patching.draft import PERMISSIONS, Draft, Reader, folders_of
from codex_task_executor.tools.patching.sections import Patch


@dataclass(frozen=True)
class Write:
    """A file to be made, or, where there is an ``original``, to be replaced."""

    path: str
    data: bytes
    mode: int
    original: FileContent | None


@dataclass(frozen=True)
class Remove:
    """A file to be removed."""

    path: str
    original: FileContent


Step = Write | Remove


@dataclass(frozen=True)
class Plan:
    """What to do, in an order that works, no path twice.

    ``unchanged`` are the paths that the patch names and leaves as they are; ``notes`` are
    lines for the model.
    """

    steps: tuple[Step, ...]
    unchanged: tuple[str, ...]
    notes: tuple[str, ...]


@dataclass(eq=False)
class PatchRejected(Exception):
    """A patch that does not fit the files; each problem tells the model what to do."""

    problems: tuple[str, ...]


def plan(patch: Patch, reader: Reader, folder: str = ".") -> Plan:
    """Plan a patch whose paths are relative to ``folder``. Raises PatchRejected."""
    draft = Draft(reader, folder)
    for section in patch.sections:
        draft.take(section)
    problems = (*draft.problems, *_clashes(draft))
    if problems:
        raise PatchRejected(problems)
    unchanged = tuple(path for path, file in draft.files.items() if file and _same(draft, path))
    return Plan(_steps(draft), unchanged, tuple(draft.notes))


def _clashes(draft: Draft) -> Iterator[str]:
    """Files that would lie in a folder of the name of another file."""
    for path, file in draft.files.items():
        for above in folders_of(path) if file else ():
            if draft.files.get(above):
                yield f"{shown(above)} cannot be a file and the folder of {shown(path)}"


def _steps(draft: Draft) -> tuple[Step, ...]:
    """Files that are in the way go first, then all is written, then the rest goes.

    So a moved file exists twice for a moment, never not at all.
    """
    writes = tuple(_writes(draft))
    in_the_way = draft.respelled | {above for step in writes for above in folders_of(step.path)}
    removals = tuple(_removals(draft))
    first = tuple(step for step in removals if step.path in in_the_way)
    return (*first, *writes, *(step for step in removals if step.path not in in_the_way))


def _writes(draft: Draft) -> Iterator[Write]:
    for path, file in draft.files.items():
        if file and not _same(draft, path):
            yield Write(path, file.data, file.mode, draft.originals[path])


def _removals(draft: Draft) -> Iterator[Remove]:
    for path, original in draft.originals.items():
        if original and not draft.files[path]:
            yield Remove(path, original)


def _same(draft: Draft, path: str) -> bool:
    file, original = draft.files[path], draft.originals[path]
    if file is None or original is None:
        return False
    return (file.data, file.mode) == (original.data, original.mode & PERMISSIONS)
