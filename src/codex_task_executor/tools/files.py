"""What the file tools share: work off the event loop, errors that say what to do, text."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from threading import Event

from codex_task_executor.sandbox.names import shown
from codex_task_executor.sandbox.paths import (
    Changed,
    FileContent,
    NotAFile,
    NotFound,
    PathError,
    TooLarge,
)
from codex_task_executor.tools.base import ToolError, ToolOutput

_LABEL = 300
_SNIFFED = 8192
"""Bytes in which a NUL means binary, as git has it (xdiff-interface.c, buffer_is_binary)."""


async def on_files(work: Callable[[Event], ToolOutput]) -> ToolOutput:
    """Do blocking work in a thread. Raises ToolError for every PathError.

    Cancelled, it sets the event that the work was given and waits for its end: nothing is
    written, and no thread holds up the end of the process, after that.
    """
    stop = Event()
    working = asyncio.create_task(asyncio.to_thread(work, stop))
    try:
        return await asyncio.shield(working)
    except PathError as error:
        raise ToolError(f"{error}. {_advice(error)}".rstrip()) from error
    except asyncio.CancelledError:
        stop.set()
        await asyncio.wait([working])
        if not working.cancelled():
            working.exception()  # seen: the cancelling counts
        raise


def _advice(error: PathError) -> str:
    match error:
        case NotFound():
            return "Use glob to find the right path."
        case NotAFile(kind="folder"):
            return f"Use glob with the pattern {shown(error.path + '/*')} to see what is in it."
        case TooLarge():
            return "Only a shell command, where there is one, can handle it."
        case Changed():
            return "Nothing was written."
    return ""


def is_binary(data: bytes) -> bool:
    """Whether content is not text."""
    return b"\0" in data[:_SNIFFED]


def require_text(path: str, content: FileContent) -> None:
    """Raise ToolError for a binary file."""
    if is_binary(content.data):
        size = len(content.data)
        raise ToolError(f"{shown(path)} is a binary file of {size:,} bytes, not text.")


def label(text: str) -> str:
    """A path or a pattern on one line of at most some 300 characters."""
    short = text if len(text) <= _LABEL else f"{text[:_LABEL]}..."
    return short if short.isprintable() else shown(short)


def plural(count: int, noun: str, ending: str = "s") -> str:
    """'1 line', '2,000 lines'."""
    return f"{count:,} {noun}{'' if count == 1 else ending}"
