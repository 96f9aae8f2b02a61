"""Making foreign text safe to print: whole lines, no control characters, no forged markers."""

from __future__ import annotations

import re

MARKERS = (
    "PROGRESS]",
    "Tool:",
    "QUESTION]",
    "BLOCKED]",
    "SUMMARY]",
    "TEST_RESULTS]",
    "WORKTREE]",
    "FILES_MODIFIED]",
    "PATCH]",
    "MERGE_RESULT]",
    "REVIEW]",
    "USAGE]",
    "CONFLICT]",
    "TASK_COMPLETE]",
    "CODEX_COMPLETE]",
)
"""Every marker of the protocol, without its opening bracket."""

LINE_BREAKS = re.compile("\r\n|[\r\n\v\f\x1c\x1d\x1e\x85\u2028\u2029]")
"""What ``str.splitlines`` takes for a line break: a parser must see the same lines as we do."""

CONTROLS = re.compile(
    "[\x00-\x08\x0e-\x1b\x1f\x7f-\x9f"  # C0 without tab and line breaks, DEL, C1
    "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"  # bidirectional controls
    "\ud800-\udfff]"  # surrogates cannot be written as UTF-8
)

FORGED = re.compile(
    r"^(?:[^\S\n]|\ufeff)*\[(?:" + "|".join(map(re.escape, MARKERS)) + ")",
    re.MULTILINE | re.IGNORECASE,
)


def plain(text: str) -> str:
    """The text with ``\\n`` as its only line break and no control character but tab."""
    return CONTROLS.sub("", LINE_BREAKS.sub("\n", text))


def one_line(text: str, limit: int = 500) -> str:
    """The text on one line of at most ``limit`` characters, runs of white space as one space."""
    line = " ".join(plain(text).split())
    return line if len(line) <= limit else line[: limit - 1] + "…"


def first_line(text: str, limit: int = 500) -> str:
    """The first line that is not empty."""
    lines = (line.strip() for line in plain(text).split("\n"))
    return one_line(next((line for line in lines if line), ""), limit)


def quoted(text: str, limit: int) -> str:
    """Lines of foreign text, cut to ``limit`` characters, marker-like ones behind ``> ``.

    The length counts after quoting, since quoting is what a text made of markers grows by.
    """
    safe = FORGED.sub(lambda found: "> " + found.group(), plain(text))
    return safe if len(safe) <= limit else safe[: limit - 1].rstrip() + "…"
