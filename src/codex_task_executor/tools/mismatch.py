"""Why text does not occur in a file: the nearest lines, and what differs."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from codex_task_executor.tools.patching.levels import fold
from codex_task_executor.tools.patching.lines import Document, shown
from codex_task_executor.tools.patching.nearest import nearest, numbered

_MOST_SHOWN = 30
"""Lines of the file that a message repeats."""

_NUMBERED = re.compile(r"\s*\d+\t")


def explain(text: str, wanted: str) -> str:
    """What a model should know to get it right at the next try."""
    if all(_NUMBERED.match(line) for line in wanted.splitlines()):
        return "It begins with line numbers as read shows them; leave number and tab out."
    lines = _texts(text)
    sought = _texts(wanted)
    at = nearest(lines, sought)
    if at is None:
        return "Nothing in the file is like it: read the file, then copy the text from there."
    there = lines[at : at + len(sought)]
    context = "\n".join(numbered(lines, at, min(len(sought), _MOST_SHOWN)))
    return f"The nearest text is this{_difference(there, sought)}:\n{context}"


def _texts(text: str) -> Sequence[str]:
    return Document.parse(text.encode("utf-8", "surrogateescape")).texts


def _difference(there: Sequence[str], sought: Sequence[str]) -> str:
    """The first explanation that makes the two the same."""
    for name, plain in _EXPLANATIONS:
        if [plain(line) for line in there] == [plain(line) for line in sought]:
            return f" ({name})"
    return ""


def _untabbed(line: str) -> str:
    return re.sub(r"[ \t]+", " ", line)


_EXPLANATIONS: tuple[tuple[str, Callable[[str], str]], ...] = (
    ("only the line endings differ", str),
    ("only white space at the ends of lines differs", str.rstrip),
    ("only tabs and spaces differ", _untabbed),
    ("only the indentation differs", str.strip),
    ("only upper and lower case differ", str.casefold),
    ("it has bytes that are not UTF-8, shown as \ufffd; choose text without them", shown),
    ("only the kind of dashes, quotes or spaces differs", fold),
)
