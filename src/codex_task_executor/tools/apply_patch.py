"""apply_patch: change many files at once, all of them or none (Codex's patch format, V4A)."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from importlib.resources import files

from codex_task_executor.events import ToolUsed
from codex_task_executor.sandbox.names import shown
from codex_task_executor.sandbox.paths import PathError, Root
from codex_task_executor.tools.base import Arguments, ToolError, ToolOutput
from codex_task_executor.tools.patching.carry_out import WriteFailed, carry_out
from codex_task_executor.tools.patching.draft import joined
from codex_task_executor.tools.patching.parser import parse
from codex_task_executor.tools.patching.plan import PatchRejected, Plan, Step, Write, plan
from codex_task_executor.tools.patching.sections import (
    AddFile,
    Patch,
    PatchSyntaxError,
    Section,
    UpdateFile,
)
from codex_task_executor.tools.patching.typed import NotAlone, TypedPatch, typed_patch
from codex_task_executor.tools.truncate import head_and_tail

__all__ = ["ApplyPatch", "ApplyPatchArguments", "TypedPatch", "intercept"]

MOST_PROBLEMS = 5
"""Problems of one patch that are explained at once."""

DESCRIPTION = """\
Edit files with a patch. All of its files are changed, or, when anything does not fit, none.

*** Begin Patch
*** Add File: path/new.py
+every line of the new file after a plus
*** Update File: path/old.py
*** Move to: path/renamed.py
@@ class Menu:
@@     def open(self):
 a line that stays
-a line that goes
+a line that comes
*** Delete File: path/gone.py
*** End Patch

An update has one or more hunks in the order of the file. A hunk begins with "@@", alone or \
followed by one whole line of the file above the change (a class, then on a second "@@" line \
its method); in it a space, "-" or "+" stands before each line. Copy the lines that stay and go \
exactly from the file, about three on each side of a change and without line numbers, so that \
the place is found; "*** End of File" after a hunk ties it to the file's end. "*** Move to" is \
only for renaming. Paths are relative to the project folder."""

ALONE = (
    "apply_patch is a tool, not a program. Nothing was run. Call the tool apply_patch with the "
    "patch alone, and run the other commands in a call of their own."
)


class ApplyPatchArguments(Arguments):
    """The patch, from ``*** Begin Patch`` to ``*** End Patch``."""

    input: str


class ApplyPatch:
    """The tool. It verifies everything, then writes; a write that fails takes all back."""

    name = "apply_patch"
    description = DESCRIPTION
    exclusive = True
    arguments = ApplyPatchArguments

    def __init__(self, root: Root) -> None:
        self._root = root
        grammar = files("codex_task_executor.tools").joinpath("apply_patch.lark")
        self.grammar = grammar.read_text(encoding="utf-8")

    def lines(self, arguments: ApplyPatchArguments, folder: str = ".") -> Sequence[ToolUsed]:
        """One line a file: Write where it is added, Edit where it is changed or goes."""
        try:
            sections = parse(arguments.input)[-1].sections
        except PatchSyntaxError:
            return (ToolUsed("Edit", "(malformed patch)"),)
        return tuple(dict.fromkeys(self._line(section, folder) for section in sections))

    async def run(self, arguments: ApplyPatchArguments, folder: str = ".") -> ToolOutput:
        """Apply the patch; its paths are relative to ``folder``. Raises ToolError.

        Cancelled while it writes, it ends only when all is written or taken back.
        """
        planned = await asyncio.to_thread(self._plan, arguments.input, folder)
        writing = asyncio.create_task(asyncio.to_thread(self._write, planned))
        try:
            return await asyncio.shield(writing)
        except asyncio.CancelledError:
            await asyncio.wait([writing])
            writing.exception()  # seen: the cancelling counts
            raise

    def _line(self, section: Section, folder: str) -> ToolUsed:
        """A moved file is shown where it will be."""
        moved = section.move_to if isinstance(section, UpdateFile) else None
        path = joined(folder, moved or section.path)
        with suppress(PathError):  # the run says what is wrong with it
            path = self._root.relative(path)
        return ToolUsed("Write" if isinstance(section, AddFile) else "Edit", shown(path))

    def _plan(self, text: str, folder: str) -> Plan:
        try:
            _require_folder(self._root, folder)
            return _first_that_fits(parse(text), self._root, folder)
        except PatchSyntaxError as error:
            raise ToolError(f"Nothing was changed: {error}.") from error
        except PatchRejected as error:
            raise ToolError(_rejection(error)) from error

    def _write(self, planned: Plan) -> ToolOutput:
        try:
            carry_out(planned, self._root)
        except WriteFailed as error:
            raise ToolError(_failure(error)) from error
        return ToolOutput(head_and_tail(_success(planned)))


def intercept(command_line: str) -> TypedPatch | None:
    """The patch that a command line for the shell holds; None if it is any other command.

    Raises ToolError where a patch comes with other commands.
    """
    try:
        return typed_patch(command_line)
    except NotAlone as error:
        raise ToolError(ALONE) from error


def _require_folder(root: Root, folder: str) -> None:
    """``cd`` would have failed: do not make the folder. Raises PatchRejected."""
    try:
        if folder == "." or root.entry(folder).is_dir:
            return
    except PathError as error:
        raise PatchRejected((str(error),)) from error
    raise PatchRejected((f"{shown(folder)} is not a folder",))


def _first_that_fits(readings: Sequence[Patch], root: Root, folder: str) -> Plan:
    """The plan of the first reading that has one. Raises PatchRejected for the first reading."""
    rejections = []
    for reading in readings:
        try:
            return plan(reading, root, folder)
        except PatchRejected as error:
            rejections.append(error)
    raise rejections[0]


def _success(planned: Plan) -> str:
    """What was done, as Codex says it and git's letters have it."""
    lines = [f"{_letter(step)} {shown(step.path)}" for step in planned.steps]
    said = "Success. Updated the following files:" if lines else "Nothing had to be changed."
    unchanged = (f"(already so: {shown(path)})" for path in planned.unchanged)
    return "\n".join([said, *lines, *unchanged, *planned.notes])


def _letter(step: Step) -> str:
    if not isinstance(step, Write):
        return "D"
    return "M" if step.original else "A"


def _rejection(error: PatchRejected) -> str:
    problems = list(error.problems[:MOST_PROBLEMS])
    if more := len(error.problems) - len(problems):
        problems.append(f"... and {more} more.")
    said = "Nothing was changed, in no file: the patch does not fit."
    advice = "Read what differs again, then send the whole patch, corrected, once more."
    return head_and_tail("\n\n".join([said, *problems, advice]))


def _failure(error: WriteFailed) -> str:
    if not error.left:
        return f"{error.cause}. Nothing was changed: what had been written was taken back."
    left = "; ".join(error.left)
    return f"{error.cause}. All was taken back except: {left}. Read these files again."
