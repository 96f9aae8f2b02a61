from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from codex_task_executor.events import ToolUsed
from codex_task_executor.sandbox.paths import Root
from codex_task_executor.tools.apply_patch import ApplyPatch
from codex_task_executor.tools.base import ToolError
from codex_task_executor.tools.bash import Bash, BashArguments
from codex_task_executor.tools.registry import COMPATIBLE, OPENAI, Toolbox
from codex_task_executor.tools.schema import strict_schema
from codex_task_executor.tools.truncate import OUTPUT_LIMIT
from support.patches import patch
from support.sandboxes import Box, bubblewrap


@dataclass(frozen=True)
class Shell:
    """The tool in a worktree."""

    box: Box
    tool: Bash

    async def says(self, command: str, **more: object) -> str:
        return (await self.tool.run(arguments(command, **more))).text

    def shows(self, command: str, **more: object) -> list[ToolUsed]:
        return list(self.tool.lines(arguments(command, **more)))


def arguments(command: str, **more: object) -> BashArguments:
    return BashArguments.model_validate({"command": command, **more})


@pytest.fixture
def shell(tmp_path: Path) -> Iterator[Shell]:
    box = Box.create(tmp_path)
    box.write({"src/app.py": "one\n"})
    with Root.open(box.root) as root:
        yield Shell(box, Bash(bubblewrap(box.view()), ApplyPatch(root)))


def output(text: str) -> str:
    """What came after the header."""
    return text.partition("\nOutput:\n")[2]


def test_the_schema_is_strict_and_small() -> None:
    schema = strict_schema(BashArguments)
    assert schema["required"] == ["command", "workdir", "timeout_ms"]
    assert schema["additionalProperties"] is False


def test_openais_models_know_it_as_shell_command(shell: Shell) -> None:
    names = [
        Toolbox([shell.tool], profile).declarations[0]["name"] for profile in (OPENAI, COMPATIBLE)
    ]
    assert names == ["shell_command", "bash"]


# What is shown


def test_the_commands_first_line_is_shown(shell: Shell) -> None:
    assert shell.shows("pytest -q\n") == [ToolUsed("Bash", "pytest -q")]
    assert shell.shows("\n cat <<EOF\nx\nEOF") == [ToolUsed("Bash", "cat <<EOF ...")]
    assert shell.shows("") == [ToolUsed("Bash", "")]


def test_a_long_line_is_cut(shell: Shell) -> None:
    (shown,) = shell.shows("echo " + "x" * 500)
    assert len(shown.target) == 120
    assert shown.target.endswith("x ...")


def test_what_is_shown_is_one_printable_line(shell: Shell) -> None:
    assert shell.shows("echo \x1b[2J\u202e\rok")[0].target.isprintable()


# What comes back


@pytest.mark.bubblewrap
async def test_code_time_and_output_come_back(shell: Shell) -> None:
    code, time, rest = (await shell.says("cat src/app.py; exit 3")).split("\n", 2)
    assert code == "Exit code: 3"
    assert time.startswith("Wall time: 0.")
    assert rest == "Output:\none\n"


@pytest.mark.bubblewrap
async def test_a_command_whose_time_is_up_says_so_and_what_it_printed(shell: Shell) -> None:
    said = await shell.says("echo begun; sleep 1000", timeout_ms=300)
    assert said.startswith("Exit code: none: killed after 0.3 seconds\n")
    assert output(said) == "begun\n"


@pytest.mark.bubblewrap
async def test_long_output_is_cut_head_and_tail_with_its_size(shell: Shell) -> None:
    said = await shell.says("seq 1000000")
    assert len(said.encode()) <= OUTPUT_LIMIT
    assert output(said).startswith("1\n2\n")
    assert said.endswith("\n1000000\n")
    assert "of 6,888,896 bytes left out" in said


@pytest.mark.bubblewrap
async def test_bytes_that_are_no_text_become_replacement_characters(shell: Shell) -> None:
    assert output(await shell.says(r"printf 'a\xffb'")) == "a\ufffdb"


@pytest.mark.bubblewrap
@pytest.mark.parametrize("workdir", ["src", "./src/", "src/../src", "{root}/src"])
async def test_it_runs_in_the_folder_that_was_named(shell: Shell, workdir: str) -> None:
    named = workdir.format(root=shell.box.root)
    assert output(await shell.says("ls", workdir=named)) == "app.py\n"


@pytest.mark.parametrize("workdir", ["..", "/", "src/../..", "{root}x", "/root"])
async def test_a_folder_outside_is_refused(shell: Shell, workdir: str) -> None:
    with pytest.raises(ToolError, match="outside the project folder"):
        await shell.says("ls", workdir=workdir.format(root=shell.box.root))


@pytest.mark.bubblewrap
async def test_a_folder_that_is_not_there_is_named(shell: Shell) -> None:
    with pytest.raises(ToolError, match=r"not run.*/gone: No such file"):
        await shell.says("ls", workdir="gone")


@pytest.mark.parametrize("milliseconds", [0, -1])
async def test_no_time_at_all_is_refused(shell: Shell, milliseconds: int) -> None:
    with pytest.raises(ToolError, match="more than 0"):
        await shell.says("ls", timeout_ms=milliseconds)


@pytest.mark.bubblewrap
async def test_more_time_than_there_is_becomes_the_most(shell: Shell) -> None:
    assert (await shell.says("true", timeout_ms=10**12)).startswith("Exit code: 0\n")


# Patches typed into the shell


ADD = patch("*** Add File: new.py", "+x = 1")


async def test_a_typed_patch_goes_to_the_patch_tool(shell: Shell) -> None:
    command = f"apply_patch <<'EOF'\n{ADD}EOF\n"
    assert shell.shows(command) == [ToolUsed("Write", "new.py")]
    assert "A new.py" in await shell.says(command)
    assert (shell.box.root / "new.py").read_text() == "x = 1\n"


@pytest.mark.parametrize(
    ("line", "workdir"),
    [("", "src"), ("cd src && ", None), ("cd ../src && ", "src"), ("cd {root}/src && ", "src")],
)
async def test_its_paths_are_relative_to_the_folder(
    shell: Shell, line: str, workdir: str | None
) -> None:
    command = f"{line.format(root=shell.box.root)}apply_patch <<'EOF'\n{ADD}EOF\n"
    assert shell.shows(command, workdir=workdir) == [ToolUsed("Write", "src/new.py")]
    await shell.says(command, workdir=workdir)
    assert (shell.box.root / "src" / "new.py").exists()


def test_it_runs_alone_and_commands_do_not(shell: Shell) -> None:
    toolbox = Toolbox([shell.tool], OPENAI)
    for command, alone in (("ls", False), (f"apply_patch <<'EOF'\n{ADD}EOF", True)):
        said = arguments(command).model_dump_json()
        item = {"type": "function_call", "name": "shell_command", "arguments": said}
        assert toolbox.find(item).exclusive is alone


async def test_one_that_leaves_the_worktree_changes_nothing(shell: Shell) -> None:
    command = f"cd .. && apply_patch <<'EOF'\n{ADD}EOF"
    assert shell.shows(command)[0].name == "Bash"
    with pytest.raises(ToolError, match="outside the project folder"):
        await shell.says(command)
    assert not list(shell.box.above.rglob("new.py"))


async def test_a_patch_among_other_commands_is_sent_back(shell: Shell) -> None:
    command = f"apply_patch <<'EOF'\n{ADD}EOF\nrm -rf src"
    assert shell.shows(command)[0].name == "Bash"
    with pytest.raises(ToolError, match="call of their own"):
        await shell.says(command)
    assert not (shell.box.root / "new.py").exists()
