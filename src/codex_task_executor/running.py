"""``run`` as a command: settings, the event loop, signals, what is printed at the end."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping
from pathlib import Path

from codex_task_executor import config
from codex_task_executor.events import Blocked
from codex_task_executor.executor import execute
from codex_task_executor.exit_codes import explain
from codex_task_executor.output import Output
from codex_task_executor.preparing import Arguments, Job, prepared
from codex_task_executor.signals import Interruption


def run_task(
    task_id: str, description: str, plan: str | None, flags: Mapping[str, str], output: Output
) -> int:
    """Run a task to its report and return the exit code. Raises the errors of bad input."""
    settings = config.from_process(flags)
    output.redact(settings.api_key)
    arguments = Arguments(task_id, description, plan, Path.cwd())
    with prepared(arguments, settings) as job:
        job.files.prepare()
        output.open_log(job.files.log)
        return _run(job, output)


def _run(job: Job, output: Output) -> int:
    interruption = Interruption()
    runner = asyncio.Runner()
    try:
        ended = runner.run(interruption.guard(execute(job, output, interruption)))
    except Exception as error:
        output.event(Blocked(explain(error).line))  # a run that had started ends with a marker
        raise
    output.report(ended)
    if interruption.received:  # threads may be busy: what they do is safe to be cut anywhere
        output.close()
        os._exit(ended.exit_code)
    runner.close()
    return ended.exit_code
