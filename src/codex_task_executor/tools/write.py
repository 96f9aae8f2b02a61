"""Write: a whole file, new or in place of an old one."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import Field

from codex_task_executor.events import ToolUsed
from codex_task_executor.sandbox.names import shown
from codex_task_executor.sandbox.paths import READ_LIMIT, FileContent, NotFound, Root
from codex_task_executor.tools.base import Arguments, ToolError, ToolOutput
from codex_task_executor.tools.files import label, on_files, plural

WRITE_LIMIT = READ_LIMIT
"""Bytes of a file that a model may write: no more than it could read again."""


class WriteArguments(Arguments):
    """Arguments of ``write``."""

    path: str = Field(description="The file, relative to the project folder.")
    content: str = Field(description="The whole content, with its final newline.")


class Write:
    """Makes a file, or replaces all of its content."""

    name = "write"
    description = (
        "Write a whole file: a new one (missing folders are made) or in place of the old content. "
        "To change part of a file use edit."
    )
    exclusive = True
    arguments = WriteArguments

    def __init__(self, root: Root) -> None:
        self._root = root

    def lines(self, arguments: WriteArguments) -> Sequence[ToolUsed]:
        """One line with the path."""
        return (ToolUsed("Write", label(arguments.path)),)

    async def run(self, arguments: WriteArguments) -> ToolOutput:
        """Create or replace the file. Raises ToolError."""
        return await on_files(lambda _: self._write(arguments.path, encoded(arguments.content)))

    def _write(self, path: str, data: bytes) -> ToolOutput:
        name, size = shown(self._root.relative(path)), plural(len(data), "byte")
        before = self._before(path)
        if before is None:
            self._root.create(path, data)
            return ToolOutput(f"Created {name} ({size}).")
        if before.data == data:
            return ToolOutput(f"{name} has exactly this content already; nothing was changed.")
        self._root.replace(path, data, before.version)
        return ToolOutput(f"Replaced {name} ({size}, {len(before.data):,} before).")

    def _before(self, path: str) -> FileContent | None:
        try:
            return self._root.read(path)
        except NotFound:
            return None


def encoded(text: str) -> bytes:
    """The bytes to write; surrogate escapes become the bytes they stand for.

    Raises ToolError where the text is too long or no text.
    """
    try:
        data = text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError as error:
        raise ToolError("The text holds half of a surrogate pair; write the character.") from error
    if len(data) > WRITE_LIMIT:
        raise ToolError(f"A file may have at most {WRITE_LIMIT:,} bytes; this is {len(data):,}.")
    return data
