"""``codex-task skill install`` as a command."""

from __future__ import annotations

from codex_task_executor import config, skill
from codex_task_executor.exit_codes import ExitCode
from codex_task_executor.output import Output
from codex_worktree.repository import Repository


def install_skill(project: bool, output: Output) -> int:
    """Copy the skill to where Claude Code looks for it and say where that is."""
    settings = config.from_process({})
    if project:
        root = Repository.open(settings.start, settings.git_environment).root
        folder = skill.project_folder(root)
    else:
        folder = skill.user_folder(settings.home)
    installed = skill.install(folder)
    if output.as_json:
        previous = str(installed.previous) if installed.previous else None
        output.document({"folder": str(installed.folder), "previous": previous})
        return ExitCode.COMPLETE
    output.answer(str(installed.folder))
    if installed.previous:
        output.narrate(f"what was there before is now at {installed.previous}")
    return ExitCode.COMPLETE
