"""The seed's parser, written from its rules: strip each line, look at its start.

It stands for every orchestrator that reads the output: what it can be made to believe, they
can be made to believe.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

BULLET = re.compile(r"^- (?P<path>.*) \((?P<status>created|modified|deleted)\)$")
NUMBERED = re.compile(r"^(?P<number>[1-3])\. (?P<text>.*)$")


@dataclass
class Seen:
    """What the parser believes has happened."""

    progress: list[str] = field(default_factory=list)
    tools: list[str] = field(default_factory=list)
    questions: list[str] = field(default_factory=list)
    options: list[str] = field(default_factory=list)
    blocked: list[str] = field(default_factory=list)
    files: list[tuple[str, str]] = field(default_factory=list)
    complete: list[str] = field(default_factory=list)
    markers: list[str] = field(default_factory=list)


def parse(output: str) -> Seen:
    """Read a whole output."""
    seen, block = Seen(), ""
    for raw in output.splitlines():
        line = raw.strip()
        marker = re.match(r"\[(?:Tool: (?P<tool>\w+)|(?P<name>[A-Z_]+))\] ?(?P<rest>.*)", line)
        if marker:
            block = marker["name"] or "Tool"
            seen.markers.append(block)
            _start(seen, block, marker["rest"], marker["tool"])
        elif block == "FILES_MODIFIED" and (bullet := BULLET.match(line)):
            seen.files.append((bullet["path"], bullet["status"]))
        elif block == "QUESTION" and (option := NUMBERED.match(line)):
            seen.options.append(option["text"])
        elif not line:
            block = ""
    return seen


def _start(seen: Seen, block: str, rest: str, tool: str | None) -> None:
    if block == "PROGRESS":
        seen.progress.append(rest)
    elif block == "Tool":
        seen.tools.append(f"{tool} {rest}")
    elif block == "QUESTION":
        seen.questions.append(rest)
    elif block == "BLOCKED":
        seen.blocked.append(rest)
    elif block == "CODEX_COMPLETE":
        seen.complete.append(rest)
