"""Files of one folder by descriptor: the only way in which file tools touch anything.

Every name is resolved beneath the root's descriptor in the moment of its use, through no
symbolic link and into no mount, so that nothing can be swapped between a check and its use.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType

from codex_task_executor.sandbox import walking, writing
from codex_task_executor.sandbox.openat import FOLDER_FLAGS, READ_FLAGS, Opener, best_opener
from codex_task_executor.sandbox.path_errors import (
    AccessFailed,
    BadName,
    Changed,
    Exists,
    NotAFile,
    NotAFolder,
    NotFound,
    OutsideRoot,
    PathError,
    SecretPath,
    TooLarge,
)
from codex_task_executor.sandbox.place import Beneath
from codex_task_executor.sandbox.reading import READ_LIMIT, FileContent, Version, content_of
from codex_task_executor.sandbox.spelling import TEMPORARY_PREFIX, clean
from codex_task_executor.sandbox.translating import reported
from codex_task_executor.sandbox.walking import Enter, Entry, entry_of

__all__ = [
    "READ_LIMIT",
    "TEMPORARY_PREFIX",
    "AccessFailed",
    "BadName",
    "Changed",
    "Entry",
    "Exists",
    "FileContent",
    "NotAFile",
    "NotAFolder",
    "NotFound",
    "OutsideRoot",
    "PathError",
    "Root",
    "SecretPath",
    "TooLarge",
    "Version",
]


def _always(_: Entry) -> bool:
    return True


class Root:
    """A folder, opened once; names are relative to it. Many threads may use it.

    Every method raises PathError: OutsideRoot, BadName or SecretPath for the name itself;
    NotFound, NotAFolder, NotAFile or AccessFailed for what is there; and what it lists.
    """

    def __init__(self, path: Path, descriptor: int, opener: Opener) -> None:
        self.path = path
        self._beneath = Beneath(descriptor, opener)
        self._spellings = tuple({str(path), os.path.realpath(path)})

    @classmethod
    def open(cls, path: Path, opener: Opener | None = None) -> Root:
        """Open a folder; its own path is trusted. Raises OSError."""
        path = path.absolute()
        descriptor = os.open(path, FOLDER_FLAGS)
        return cls(path, descriptor, opener or best_opener(descriptor))

    def close(self) -> None:
        """Close the descriptor; nothing works afterwards."""
        os.close(self._beneath.descriptor)

    def __enter__(self) -> Root:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def relative(self, name: str) -> str:
        """A model's spelling (relative, './x', 'a/../x', absolute) as a clean relative path.

        The root itself is '.'. Raises OutsideRoot, BadName, SecretPath.
        """
        return clean(name, self._spellings)

    def read(self, name: str, limit: int = READ_LIMIT) -> FileContent:
        """A regular file of at most ``limit`` bytes, never over READ_LIMIT. Raises TooLarge."""
        path = self.relative(name)
        with reported(self._beneath, path), self._beneath.opened(path, READ_FLAGS) as descriptor:
            return content_of(descriptor, path, limit)

    def create(self, name: str, data: bytes, mode: int = 0o644) -> None:
        """Make a file and the folders above it. Raises Exists."""
        path = self.relative(name)
        with reported(self._beneath, path):
            self._beneath.make_folders(path)
            with self._beneath.place(path) as place:
                writing.create(place, data, mode)

    def replace(self, name: str, data: bytes, expected: Version, mode: int | None = None) -> None:
        """Give a file new content if it is still what was read. Raises Changed.

        Its permissions stay unless ``mode`` is given; setuid, setgid and sticky never do.
        """
        path = self.relative(name)
        with reported(self._beneath, path), self._beneath.place(path) as place:
            writing.replace(place, data, expected, mode)

    def remove(self, name: str, expected: Version) -> None:
        """Remove a file if it is still what was read. Raises Changed."""
        path = self.relative(name)
        with reported(self._beneath, path), self._beneath.place(path) as place:
            writing.remove(place, expected)

    def remove_folder(self, name: str) -> None:
        """Remove a folder that is empty."""
        path = self.relative(name)
        with reported(self._beneath, path), self._beneath.place(path) as place:
            os.rmdir(place.name, dir_fd=place.folder)

    def entry(self, name: str) -> Entry:
        """What a name stands for; a link is described, not followed."""
        path = self.relative(name)
        with reported(self._beneath, path), self._beneath.place(path) as place:
            return entry_of(path, place.status())

    def exists(self, name: str) -> bool:
        """Whether anything has that name, a folder or a dangling link too."""
        try:
            self.entry(name)
        except (NotFound, NotAFolder):
            return False
        return True

    def walk(self, start: str = ".", enter: Enter = _always) -> Iterator[Entry]:
        """What is below a folder (or the one file named), depth first and sorted.

        Follows no link (one as the start is an error), enters no ``.git`` and no folder that
        ``enter`` refuses, never yields a secret name. Folders below the start that cannot be
        read are yielded and left.
        """
        first = self.entry(start)
        if not (first.is_dir or first.is_symlink):
            yield first
            return
        with reported(self._beneath, first.path):
            yield from walking.walk(self._beneath, first.path, enter)
