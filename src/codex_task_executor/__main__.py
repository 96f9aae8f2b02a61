"""``python -m codex_task_executor``: the same as ``codex-task``."""

from codex_task_executor.entry import codex_task

codex_task()
