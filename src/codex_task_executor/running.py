"""``run`` as a command: settings, the event loop, signals, what is printed at the end."""

from __future__ import annotations

import asyncio
import os
import threading
import traceback
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import NoReturn

from codex_task_executor import config
from codex_task_executor.agent.connect import begin_import
from codex_task_executor.events import Blocked
from codex_task_executor.executor import execute
from codex_task_executor.exit_codes import explain
from codex_task_executor.output import Output
from codex_task_executor.preparing import Arguments, Job, prepared
from codex_task_executor.reporting import keep
from codex_task_executor.signals import Interruption

KEEPING_SECONDS = 0.5
"""Claude Code sends SIGKILL 1.4 s after SIGTERM."""


def run_task(
    task_id: str, description: str, plan: str | None, flags: Mapping[str, str], output: Output
) -> int:
    """Run a task to its report and return the exit code. Raises the errors of bad input."""
    settings = config.from_process(flags)
    output.redact(settings.api_key)
    begin_import()
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
        output.record(traceback.format_exc())
        output.stopped(Blocked(explain(error).line))  # a run that had started ends with a marker
        raise
    output.report(ended)
    if interruption.received:
        output.close()
        _leave(job, ended.exit_code)
    runner.close()
    return ended.exit_code


def _leave(job: Job, code: int) -> NoReturn:
    """Exit although threads may be busy: what they do is safe to be cut anywhere.

    Keeping the task's files waits for other writers of the repository, so it comes after the
    last word, and gets a moment only: whoever sent the signal may send SIGKILL next.
    """
    keeping = threading.Thread(target=_keep_if_possible, args=(job,), daemon=True)
    keeping.start()
    keeping.join(KEEPING_SECONDS)
    os._exit(code)


def _keep_if_possible(job: Job) -> None:
    with suppress(Exception):  # session and transcript are on the disk all the same
        keep(job)
