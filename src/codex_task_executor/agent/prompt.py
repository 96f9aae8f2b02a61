"""Everything that is said to the model in our own words.

For the API's prompt cache, what is the same comes first: the instructions are the same for all
tasks of a profile, the first message goes from the project to the plan to the task.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from importlib.resources import files

GO_ON = "Go on with the task from where you stopped. What was in the way may have changed."
"""For a run that goes on without a new message after one that failed or was blocked."""


def instructions(tools: Collection[str]) -> str:
    """The system prompt for a set of tools, named as the model sees them."""
    template = files(__package__).joinpath("prompt.md").read_text("utf-8")
    return template.replace("{tools}", "\n".join(_tool_lines(tools))).strip()


def first_message(description: str, plan: str, memory: str = "") -> str:
    """The task: project memory (rendered files, may be empty), plan, description."""
    parts = [_section("project_guidance", memory), _section("plan", plan)]
    return "\n\n".join([*filter(None, parts), _section("task", description)])


def plan_changed(plan: str) -> str:
    """A plan that differs from the one given before."""
    return f"The plan has changed. This one replaces it:\n\n{_section('plan', plan)}"


def edited_meanwhile(paths: Iterable[str]) -> str:
    """Files that somebody else changed between two runs."""
    named = "\n".join(f"- {path}" for path in paths)
    return f"Meanwhile somebody else has changed these files; keep their edits:\n{named}"


def tests_failed(command: str, output: str) -> str:
    """The task's test command failed; ``output`` is already cut to size."""
    return (
        f"The test command `{command}` fails. Find the cause and mend it; do not weaken the "
        f"tests. If the failure has nothing to do with the task, say so in a final message.\n\n"
        f"{_section('test_output', output)}"
    )


def _section(name: str, text: str) -> str:
    return f"<{name}>\n{text.strip()}\n</{name}>" if text.strip() else ""


def _tool_lines(tools: Collection[str]) -> Iterable[str]:
    yield f"- You have: {', '.join(f'`{name}`' for name in tools)}. There are no others."
    yield "- Find files with `glob`, text with `grep`; read the part of a file that you need."
    yield from _editing(tools)
    yield from _commands(tools)


def _editing(tools: Collection[str]) -> Iterable[str]:
    if "edit" in tools:
        yield (
            "- Change files with `edit` (exact text, which must occur once), make them with "
            "`write`, change several at once, move or delete with `apply_patch`."
        )
    else:
        yield "- Make, change, move and delete files with `apply_patch`, several in one patch."


def _commands(tools: Collection[str]) -> Iterable[str]:
    name = next((name for name in ("shell_command", "bash") if name in tools), None)
    if name:
        yield (
            f"- `{name}` runs a command in a sandbox: only the checkout and temporary folders are "
            "writable, there is no network, and nothing outlives the command. Run the tests that "
            "concern your change before you finish. Do not edit files with commands."
        )
    else:
        yield (
            "- There is no tool for commands here: you cannot build or run tests. Check your work "
            "by reading it again, and say in the final message which command would test it."
        )
