"""Scenarios for the installed program, written briefly, and the programs that meet them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from codex_task_executor.agent.scripted import ScriptedServer
from support.program import PLAN, Program, Ran
from support.repositories import Sandpit
from support.scripted import scripted

TASK = "task-1"
WORDS = "Add a greeting"
"""The description that the scenes answer to."""

Item = dict[str, Any]
Scene = dict[str, Any]


def scene(*turns: Mapping[str, Any], match: str = WORDS, **fields: Any) -> Scene:
    """A scenario of one conversation."""
    return {"conversation": [{"match": match, "turn": list(turns)}], **fields}


def turn(*items: Item, **fields: Any) -> dict[str, Any]:
    """One answer of the model."""
    return {"item": list(items), **fields}


def say(text: str, **fields: Any) -> Item:
    """A message."""
    return {"type": "message", "text": text, **fields}


def read(path: str, **fields: Any) -> Item:
    """A call of the reading tool."""
    return {"type": "call", "tool": "read", "arguments": {"path": path}, **fields}


def command(line: str, **fields: Any) -> Item:
    """A command in the sandbox."""
    return {"type": "call", "tool": "bash", "arguments": {"command": line}, **fields}


def ask(question: str, *options: str, assumption: str | None = None) -> Item:
    """A question to the user."""
    given = {"question": question, "options": list(options) or None, "assumption": assumption}
    return {"type": "call", "tool": "ask_question", "arguments": given}


def add(files: Mapping[str, str], **fields: Any) -> Item:
    """One patch that adds these files."""
    lines = ["*** Begin Patch"]
    for path, text in files.items():
        lines += [f"*** Add File: {path}", *(f"+{line}" for line in text.splitlines())]
    return {
        "type": "call",
        "tool": "apply_patch",
        "input": "\n".join([*lines, "*** End Patch"]),
        **fields,
    }


GREETING = add({"greet.py": "print('hello')\n"})
DONE = turn(say("Added a greeting."))


@dataclass(frozen=True)
class Played:
    """The program, the model that it talks to, and the one task that they are about."""

    program: Program
    server: ScriptedServer

    def execute(self, words: str = WORDS, **more: str) -> Ran:
        """``execute-task`` with the task's id and the plan."""
        return self.program.execute(TASK, words, "plan.md", **more)

    def completed(self, words: str = WORDS, **more: str) -> Ran:
        """The same, which must end well."""
        ran = self.execute(words, **more)
        assert ran.code == 0, ran.stdout + ran.stderr
        assert ran.seen.markers[-1] == "CODEX_COMPLETE"
        return ran


@contextmanager
def played(pit: Sandpit, script: Scene, *, check: bool = True, **settings: str) -> Iterator[Played]:
    """A program in a repository with a committed plan, and the model of a scenario.

    ``settings`` are further environment variables. Unless ``check`` is False, the scenario
    must have been played to its end when the context is left.
    """
    if not (pit.root / "plan.md").exists():
        pit.commit({"plan.md": PLAN}, "plan")
    with scripted(script, check=check) as server:
        yield Played(Program(pit, server.base_url, settings), server)
