"""The files that a patch names, as they were and as they become, before anything is written."""

from __future__ import annotations

import posixpath
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Protocol

from codex_task_executor.sandbox.paths import FileContent, NotAFolder, NotFound, PathError
from codex_task_executor.tools.patching.sections import (
    AddFile,
    DeleteFile,
    Section,
    UpdateFile,
)
from codex_task_executor.tools.patching.update import HunksRejected, update

NEW_MODE = 0o644
"""Permissions of a file that was not there before."""
PERMISSIONS = 0o777
"""What is kept of a file's mode: no setuid, setgid or sticky bit."""


class Reader(Protocol):
    """What planning needs of a file system; ``sandbox.paths.Root`` is one."""

    def relative(self, name: str) -> str:
        """A name as a clean path relative to the root. Raises PathError."""
        ...

    def read(self, name: str) -> FileContent:
        """A file's content. Raises PathError."""
        ...


@dataclass(frozen=True)
class File:
    """A file as it will be."""

    data: bytes
    mode: int


@dataclass
class Draft:
    """What the sections so far make of the files; a path maps to None where no file is.

    ``originals`` is what was read. ``respelled`` are paths that go because their file gets
    another spelling of the same name (see ``_is_respelling``). Paths of sections are relative
    to ``folder``.
    """

    reader: Reader
    folder: str
    originals: dict[str, FileContent | None] = field(default_factory=dict)
    files: dict[str, File | None] = field(default_factory=dict)
    respelled: set[str] = field(default_factory=set)
    problems: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def take(self, section: Section) -> None:
        """Do what a section says, here only. A problem is kept and leaves its file alone."""
        try:
            self._do(section, self._loaded(section.path))
        except HunksRejected as error:
            self.problems += error.problems
        except PathError as error:
            self.problems.append(f"{error}{_advice(error, section)}")

    def _do(self, section: Section, path: str) -> None:
        before = self.files[path]
        if isinstance(section, AddFile):
            mode = before.mode if before else NEW_MODE
            self.files[path] = File(section.text.encode(), mode)
        elif before is None:
            raise NotFound(path)
        elif isinstance(section, DeleteFile):
            self.files[path] = None
        else:
            self._update(section, path, before)

    def _update(self, section: UpdateFile, path: str, before: File) -> None:
        updated = update(path, before.data, section.hunks)
        self.notes += updated.notes
        self.files[path] = None
        target = path if section.move_to is None else self._loaded(section.move_to)
        if self._is_respelling(path, target):
            self.originals[target] = None
            self.respelled.add(path)
        self.files[target] = File(updated.data, before.mode)

    def _is_respelling(self, path: str, target: str) -> bool:
        """Whether a move's target is the moved file itself, as on macOS (Readme, README)."""
        source, there = self.originals[path], self.originals[target]
        same_name = _as_macos_compares(path) == _as_macos_compares(target)
        if path == target or not same_name or source is None or there is None:
            return False
        return source.version == there.version

    def _loaded(self, name: str) -> str:
        """A section's path, clean, its file read unless an earlier section has it."""
        path = self.reader.relative(joined(self.folder, name))
        if path not in self.files:
            content = self._read(path)
            self.originals[path] = content
            self.files[path] = None
            if content:
                self.files[path] = File(content.data, content.mode & PERMISSIONS)
        return path

    def _read(self, path: str) -> FileContent | None:
        try:
            return self.reader.read(path)
        except NotFound:
            return None
        except NotAFolder:  # unless the file in the way goes with this patch
            if any(above in self.files and not self.files[above] for above in folders_of(path)):
                return None
            raise


def joined(folder: str, name: str) -> str:
    """A section's path as seen from the root; an absolute one stays as it is."""
    return name if folder == "." else posixpath.join(folder, name)


def folders_of(path: str) -> Iterator[str]:
    """The folders that a path lies in, the innermost first."""
    while path := path.rpartition("/")[0]:
        yield path


def _as_macos_compares(path: str) -> str:
    """A path without case and composition, which its file systems ignore."""
    return unicodedata.normalize("NFD", path).casefold()


def _advice(error: PathError, section: Section) -> str:
    """What the model can do about a path that cannot be used."""
    if not isinstance(error, NotFound):
        return ""
    if isinstance(section, DeleteFile):
        return "; leave its section out"
    return f"; look for its path, or make it with '*** Add File: {section.path}'"
