"""Places beneath a root: descriptors that are open for one step and closed after it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from codex_task_executor.sandbox.openat import FOLDER_FLAGS, READ_FLAGS, Opener
from codex_task_executor.sandbox.path_errors import PathError
from codex_task_executor.sandbox.reading import FileContent, Version, content_of


@dataclass(frozen=True)
class Place:
    """Where a file is or will be: its folder's descriptor, its name there, its path to show."""

    folder: int
    name: str
    path: str
    opener: Opener

    def read(self, name: str | None = None) -> FileContent:
        """The file, or another name in its folder, as it is now. Raises PathError, OSError."""
        descriptor = self.opener(self.folder, name or self.name, READ_FLAGS)
        try:
            return content_of(descriptor, self.path)
        finally:
            os.close(descriptor)

    def holds(self, name: str, expected: Version) -> bool:
        """Whether a name in the folder stands for exactly that version."""
        try:
            return self.read(name).version == expected
        except (PathError, OSError):
            return False

    def status(self, name: str | None = None) -> os.stat_result:
        """What lstat says about the file, or another name in its folder. Raises OSError."""
        return os.stat(name or self.name, dir_fd=self.folder, follow_symlinks=False)

    def unlink(self, name: str | None = None) -> None:
        """Remove the file, or another name in its folder. Raises OSError."""
        os.unlink(name or self.name, dir_fd=self.folder)


@dataclass(frozen=True)
class Beneath:
    """A root's descriptor and how to open what lies beneath it. Paths are clean ones."""

    descriptor: int
    opener: Opener

    @contextmanager
    def opened(self, path: str, flags: int) -> Iterator[int]:
        """A descriptor of what a path stands for. Raises OSError."""
        descriptor = self.opener(self.descriptor, path, flags)
        try:
            yield descriptor
        finally:
            os.close(descriptor)

    @contextmanager
    def place(self, path: str) -> Iterator[Place]:
        """A path's place in its folder, which must exist. Raises OSError."""
        folder, _, name = path.rpartition("/")
        with self.opened(folder or ".", FOLDER_FLAGS) as descriptor:
            yield Place(descriptor, name, path, self.opener)

    def make_folders(self, path: str) -> None:
        """Make the folders above a path, each by its parent's descriptor. Raises OSError."""
        parts = path.split("/")[:-1]
        there = len(parts)
        while there and not self._has_folder("/".join(parts[:there])):
            there -= 1
        for end in range(there + 1, len(parts) + 1):
            self._make_folder("/".join(parts[:end]))

    def _has_folder(self, path: str) -> bool:
        try:
            with self.opened(path, FOLDER_FLAGS):
                return True
        except FileNotFoundError:
            return False

    def _make_folder(self, path: str) -> None:
        with self.place(path) as place, suppress(FileExistsError):
            os.mkdir(place.name, dir_fd=place.folder)
