"""What is said to the model in our own words."""

from __future__ import annotations

from codex_task_executor.agent import prompt
from codex_task_executor.tools.registry import COMPATIBLE, OPENAI


def wire_names(*without: str) -> list[str]:
    return [OPENAI.wire_name(name) for name in OPENAI.tools if name not in without]


def test_the_instructions_name_the_tools_of_the_profile_and_no_others() -> None:
    openai, compatible = prompt.instructions(wire_names()), prompt.instructions(COMPATIBLE.tools)
    assert "`shell_command` runs" in openai
    assert "`edit` (" not in openai
    assert "`bash` runs" in compatible
    assert "`edit` (" in compatible


def test_without_a_sandbox_the_model_is_told_that_it_has_no_commands() -> None:
    text = prompt.instructions(wire_names("bash"))
    assert "no tool for commands" in text
    assert "shell_command" not in text


def test_the_instructions_say_what_is_not_the_models_job() -> None:
    text = prompt.instructions(wire_names())
    for needed in ("Git is not your job", "no network", "ask_question", "report_blocked"):
        assert needed in text
    assert "{" not in text


def test_the_task_comes_last_so_that_what_tasks_share_can_be_cached() -> None:
    text = prompt.first_message("Add login.", "# Plan\n", "Use tabs.")
    assert text == (
        "<project_guidance>\nUse tabs.\n</project_guidance>\n\n"
        "<plan>\n# Plan\n</plan>\n\n<task>\nAdd login.\n</task>"
    )
    assert prompt.first_message("Add login.", "").startswith("<task>")


def test_test_failures_carry_command_and_output() -> None:
    text = prompt.tests_failed("make test", "1 failed")
    assert "`make test`" in text
    assert "1 failed" in text
