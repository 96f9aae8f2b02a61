"""The test command: run in the sandbox, its result as a value."""

from __future__ import annotations

from codex_task_executor.report import TestResult
from codex_task_executor.sandbox.launch import Command, Sandbox, SandboxError
from codex_task_executor.tools.truncate import head_and_tail

SECONDS = 1_800.0
"""How long a test command may take."""

OUTPUT_LIMIT = 20_000
"""Bytes of its output that go back to the model."""

ROUNDS = 2
"""How often failures go back to the model (DESIGN: Output, exit code 6)."""


async def run_tests(command: str | None, sandbox: Sandbox | None) -> TestResult:
    """Run the test command; without one, or without a sandbox, say why it did not run."""
    if sandbox is None:
        return TestResult("not run", command, reason="no sandbox")
    if not command:
        return TestResult("not run", reason="no test command was given")
    try:
        result = await sandbox.run(Command(command, seconds=SECONDS))
    except SandboxError as error:
        return TestResult("not run", command, reason=str(error))
    output = head_and_tail(result.output, OUTPUT_LIMIT)
    if result.timed_out:
        output += f"\n(killed after {SECONDS:.0f} seconds)"
    return TestResult(
        "passed" if result.code == 0 else "failed", command, result.seconds, output=output
    )
