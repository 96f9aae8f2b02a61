"""Edit: replace text that occurs exactly once, or everywhere."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import Field

from codex_task_executor.events import ToolUsed
from codex_task_executor.sandbox.names import shown
from codex_task_executor.sandbox.paths import Root
from codex_task_executor.tools.base import Arguments, ToolError, ToolOutput
from codex_task_executor.tools.files import label, on_files, plural, require_text
from codex_task_executor.tools.mismatch import explain
from codex_task_executor.tools.replacing import Substitution, line_number, positions, substitutions
from codex_task_executor.tools.write import WRITE_LIMIT, encoded

_MOST_LISTED = 20
"""Line numbers that a message names."""


class EditArguments(Arguments):
    """Arguments of ``edit``."""

    path: str = Field(description="The file, relative to the project folder.")
    old_string: str = Field(
        description="The text to replace, exactly as in the file, indentation included, with "
        "enough around it to occur only once."
    )
    new_string: str = Field(description="What to put in its place; may be empty.")
    replace_all: bool | None = Field(
        default=None, description="true: replace every occurrence; null: there must be just one."
    )


class Edit:
    """Replaces text in one file."""

    name = "edit"
    description = (
        "Replace text in a file. old_string must match exactly and, unless replace_all is true, "
        "occur once. Read the file first; leave the line numbers out."
    )
    exclusive = True
    arguments = EditArguments

    def __init__(self, root: Root) -> None:
        self._root = root

    def lines(self, arguments: EditArguments) -> Sequence[ToolUsed]:
        """One line with the path."""
        return (ToolUsed("Edit", label(arguments.path)),)

    async def run(self, arguments: EditArguments) -> ToolOutput:
        """Find, check, replace. Raises ToolError."""
        return await on_files(lambda _: self._edit(arguments))

    def _edit(self, arguments: EditArguments) -> ToolOutput:
        _check(arguments)
        content = self._root.read(arguments.path)
        require_text(arguments.path, content)
        text = content.data.decode("utf-8", "surrogateescape")
        chosen = _choose(text, arguments)
        count = _count(text, chosen, arguments)
        _check_size(text, chosen, count)
        self._root.replace(arguments.path, encoded(chosen.apply(text)), content.version)
        where = f"{plural(count, 'occurrence')}, at {_lines(text, chosen.old)}"
        return ToolOutput(f"Edited {shown(self._root.relative(arguments.path))}: replaced {where}.")


def _check(arguments: EditArguments) -> None:
    if not arguments.old_string:
        raise ToolError("old_string is empty. Use write to make a file, or name text to replace.")
    if arguments.old_string == arguments.new_string:
        raise ToolError("old_string and new_string are the same: there is nothing to change.")
    encoded(arguments.old_string)


def _choose(text: str, arguments: EditArguments) -> Substitution:
    """The first reading of the arguments that occurs in the file. Raises ToolError."""
    for substitution in substitutions(text, arguments.old_string, arguments.new_string):
        if substitution.old in text:
            return substitution
    raise ToolError(
        f"old_string does not occur in {shown(arguments.path)}.\n"
        + explain(text, arguments.old_string)
    )


def _count(text: str, chosen: Substitution, arguments: EditArguments) -> int:
    """How often the text occurs. Raises ToolError for more than once where that is not meant."""
    count = text.count(chosen.old)
    overlapping = max(count, len(positions(text, chosen.old, 2)))
    if overlapping > 1 and not arguments.replace_all:
        raise ToolError(
            f"old_string occurs {overlapping:,} times in {shown(arguments.path)}, at "
            f"{_lines(text, chosen.old)}. Add the lines around the one you mean to old_string, "
            "or set replace_all to true."
        )
    return count


def _check_size(text: str, chosen: Substitution, count: int) -> None:
    """Raise ToolError before a short edit makes a file that fills the memory."""
    if len(text) + count * (len(chosen.new) - len(chosen.old)) > WRITE_LIMIT:
        raise ToolError(f"The file would be larger than {WRITE_LIMIT:,} bytes.")


def _lines(text: str, wanted: str) -> str:
    found = positions(text, wanted, _MOST_LISTED + 1)
    numbers = list(dict.fromkeys(line_number(text, at) for at in found[:_MOST_LISTED]))
    more = ", ..." if len(found) > _MOST_LISTED else ""
    return f"line{'s' if len(numbers) > 1 else ''} {', '.join(map(str, numbers))}{more}"
