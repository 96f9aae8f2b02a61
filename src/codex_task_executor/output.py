"""The only writer of stdout and stderr: marker blocks for people and parsers, or JSON lines.

stdout carries answers, stderr narration and errors; ``run`` is the exception that the seed
set: its markers are the answer. Off a terminal both together stay under 20,000 characters
(Claude Code keeps only the first 2 KB of anything over 30,000): the stream before the final
block may take STREAM_LIMIT of them, the blocks of ``markers.final`` are bounded themselves.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TextIO

import typer

from codex_task_executor import markers
from codex_task_executor.events import Blocked, Event, ToolUsed
from codex_task_executor.exit_codes import Explanation
from codex_task_executor.redaction import redacted
from codex_task_executor.report import Report, WorktreeFacts, to_json
from codex_task_executor.text import plain

STREAM_LIMIT = 4_500
TOOLS_LIMIT = 3_000
"""Characters of stream after which tool lines, then all events, go to the log alone."""

COLOURS = {
    "[CODEX_COMPLETE]": "green",
    "[TASK_COMPLETE]": "green",
    "[QUESTION]": "yellow",
    "[REVIEW]": "yellow",
    "[BLOCKED]": "red",
    "[CONFLICT]": "red",
}

EVENT_NAMES = {"ToolUsed": "tool"}


class Output:
    """Where everything that the user sees goes through.

    The API key is taken out of all of it. The log gets every block, uncut; a log that cannot
    be written (a full disk) does not keep anything from being said.
    """

    def __init__(self, *, as_json: bool = False) -> None:
        self.as_json = as_json
        self._secret: str | None = None
        self._log: int | None = None
        self._used = 0
        self._told_of_cut = False

    def redact(self, secret: str | None) -> None:
        """Replace this secret wherever it would appear from now on."""
        self._secret = secret

    def open_log(self, path: Path) -> None:
        """Append every further block to the file ``path`` too (made with mode 0600)."""
        self._log = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)

    def close(self) -> None:
        """Close the log."""
        if self._log is not None:
            os.close(self._log)
            self._log = None

    def event(self, happened: Event) -> None:
        """One event of a run, as it happens; in the log alone where the output gets too long."""
        limit = TOOLS_LIMIT if isinstance(happened, ToolUsed) else STREAM_LIMIT
        self._event(happened, limit)

    def stopped(self, why: Blocked) -> None:
        """What ended a run without a report: the last block, however long the output is."""
        self._event(why, None)

    def worktree(self, facts: WorktreeFacts, log: Path, report: Path) -> None:
        """Where the task works; said first, so that it is in the first kilobyte."""
        for block in (markers.worktree(facts), markers.places(log, report)):
            self.record(block)
            if not self.as_json:
                self._block(block)
        if self.as_json:
            places = {"log": str(log), "report": str(report)}
            self._json({"type": "worktree", **asdict(facts), **places})

    def report(self, report: Report) -> None:
        """The final block of a run, or its last JSON line."""
        for block in markers.final(report):
            self.record(block)
            if not self.as_json:
                self._block(block)
        if self.as_json:
            self.result(report.exit_code, json.loads(to_json(report)))

    def result(self, exit_code: int, report: Mapping[str, Any] | None = None) -> None:
        """The JSON line that ends every ``--json`` stream."""
        self._json({"type": "result", "exit_code": exit_code, "report": report})

    def failure(self, explanation: Explanation) -> None:
        """An error before a run could start: one line on stderr, a result line with --json."""
        self.record(explanation.line)
        self._write(sys.stderr, f"codex-task: {explanation.line}\n")
        if self.as_json:
            self._json(
                {
                    "type": "result",
                    "exit_code": int(explanation.code),
                    "error": explanation.message,
                    "hint": explanation.hint,
                }
            )

    def narrate(self, line: str) -> None:
        """One line beside the answer, on stderr."""
        self._write(sys.stderr, f"{line}\n")

    def answer(self, text: str) -> None:
        """The answer of a command, on stdout."""
        self._write(sys.stdout, text if text.endswith("\n") or not text else text + "\n")

    def answer_bytes(self, data: bytes) -> None:
        """An answer that is no text, such as a patch."""
        sys.stdout.flush()
        try:
            sys.stdout.buffer.write(data)
            sys.stdout.buffer.flush()
        except BrokenPipeError:
            _stop_writing(sys.stdout)

    def diff(self, data: bytes) -> None:
        """A diff: byte for byte off a terminal, on one with colour and without escapes."""
        if sys.stdout.isatty():
            lines = plain(data.decode("utf-8", "replace")).split("\n")
            self.answer("\n".join(map(_diff_line, lines)))
        else:
            self.answer_bytes(data)

    def document(self, content: object) -> None:
        """The one JSON document of a command with ``--json``."""
        self.answer(json.dumps(content, indent=2, ensure_ascii=False, default=str))

    def _event(self, happened: Event, limit: int | None) -> None:
        block = markers.event(happened)
        self.record(block)
        if self.as_json:
            name = EVENT_NAMES.get(type(happened).__name__, type(happened).__name__.lower())
            self._json({"type": name, **asdict(happened)})
        elif self._has_room(block, limit):
            self._block(block)

    def _has_room(self, block: str, limit: int | None) -> bool:
        if limit is None or sys.stdout.isatty():
            return True
        self._used += len(block) + 2
        if self._used <= limit:
            return True
        self._used -= len(block) + 2
        if not self._told_of_cut:
            self._told_of_cut = True
            self._block("[PROGRESS] output limit: further lines are only in the log")
        return False

    def _block(self, block: str) -> None:
        self._write(sys.stdout, f"{_coloured(block) if sys.stdout.isatty() else block}\n\n")

    def _json(self, content: Mapping[str, Any]) -> None:
        self._write(sys.stdout, json.dumps(content, ensure_ascii=True, default=str) + "\n")

    def record(self, block: str) -> None:
        """A block for the log alone."""
        if self._log is not None:
            now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
            line = f"{now} {redacted(block, self._secret)}\n"
            with suppress(OSError):
                os.write(self._log, line.encode("utf-8", "replace"))

    def _write(self, stream: TextIO, text: str) -> None:
        try:
            stream.write(_writable(redacted(text, self._secret), stream))
            stream.flush()
        except BrokenPipeError:  # the reader went away; the run and its log go on
            _stop_writing(stream)


def _writable(text: str, stream: TextIO) -> str:
    """The text with ``?`` for what the stream's encoding lacks: a locale may have no ``…``."""
    encoding = stream.encoding or "utf-8"
    return text.encode(encoding, "replace").decode(encoding)


def _coloured(block: str) -> str:
    head, bracket, rest = block.partition("]")
    return typer.style(head + bracket, fg=COLOURS.get(head + bracket, "cyan"), bold=True) + rest


def _diff_line(line: str) -> str:
    colour = {"+": "green", "-": "red", "@": "cyan"}.get(line[:1])
    return typer.style(line, fg=colour) if colour else line


def _stop_writing(stream: TextIO) -> None:
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
