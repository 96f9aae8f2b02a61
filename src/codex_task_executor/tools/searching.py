"""The files that a search looks at: not ignored, not hidden, within a time."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from threading import Event

from codex_task_executor.sandbox.paths import Entry, Root
from codex_task_executor.tools.files import plural
from codex_task_executor.tools.ignoring import Ignores

SECONDS = 20.0
"""After this long a search stops and gives what it has."""

Wanted = Callable[[Entry], bool]
"""Whether something is looked for or, for a folder, may hold what is."""


class Search:
    """One walk over a root; afterwards it knows what it left out."""

    def __init__(self, root: Root, stop: Event) -> None:
        self._root = root
        self._stop = stop
        self._ignores = Ignores(root)
        self._end = time.monotonic() + SECONDS
        self._left: set[str] = set()
        self._ignored = 0
        self._late = False

    def entries(self, start: str, wanted: Wanted) -> Iterator[Entry]:
        """What is wanted below a folder, or the one file; what is ignored is only counted.

        A start that is ignored itself is searched, and nothing of it is left out: whoever
        names it means it. Raises PathError.
        """
        ignoring = not self._ignores.hide_folder(start)
        for entry in self._root.walk(start, self._enter):
            if self.is_late:
                return
            if not wanted(entry):
                self._left.add(entry.path)
            elif ignoring and self._ignores.hide(entry.path, entry.is_dir):
                self._left.add(entry.path)
                self._ignored += 1
            else:
                yield entry

    def starts_ignored(self, folder: str) -> bool:
        """Whether a folder is ignored; if so it is counted."""
        hidden = self._ignores.hide_folder(folder)
        self._ignored += hidden
        return hidden

    @property
    def is_late(self) -> bool:
        """Whether the time is up, or the search is to stop."""
        self._late = self._late or self._stop.is_set() or time.monotonic() > self._end
        return self._late

    @property
    def notes(self) -> list[str]:
        """What was left out, each in a line."""
        notes = []
        if self._ignored:
            what = plural(self._ignored, "ignored file or folder", "")
            what = what if self._ignored == 1 else f"{self._ignored:,} ignored files or folders"
            notes.append(f"({what} left out: .gitignore)")
        if self._late:
            notes.append(f"(stopped after {SECONDS:.0f} s: there may be more; search less)")
        return notes

    def _enter(self, entry: Entry) -> bool:
        if entry.path in self._left:
            self._left.discard(entry.path)
            return False
        return True
