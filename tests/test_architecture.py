"""The rules of CONTRIBUTING.md that a program can check, each with its places of exception."""

from __future__ import annotations

import ast
import re
import statistics
import subprocess
from collections.abc import Iterable
from graphlib import CycleError, TopologicalSorter

import pytest

from support.source import (
    CHECKOUT,
    Module,
    functions,
    imported,
    length,
    line_count,
    modules,
    own_imports,
    sample,
    suite_files,
    undocumented,
    uses,
)

APPLICATION = "codex_task_executor"
LAYERS = ("agent", "tools", "sandbox")
"""Each may import what stands after it, and events; none imports the modules around them."""

FORBIDDEN_BELOW = {"agent": (), "tools": ("agent",), "sandbox": ("agent", "tools")}

STARTS_PROCESSES = (
    "worktree/codex_worktree/git.py",
    "src/codex_task_executor/sandbox/",
    "src/codex_task_executor/demo.py",  # runs this program's own commands
    "worktree/codex_worktree/trash.py",  # deletes what is gone already, after us too
)
PROCESS_STARTERS = (
    "os.system",
    "os.popen",
    "os.fork",
    "os.forkpty",
    "os.posix_spawn",
    "os.posix_spawnp",
    *(f"os.{family}{form}" for family in ("exec", "spawn") for form in ("l", "le", "v", "ve")),
    *(f"os.{family}{form}" for family in ("exec", "spawn") for form in ("lp", "vp", "vpe")),
    "asyncio.create_subprocess_exec",
    "asyncio.create_subprocess_shell",
)
PROCESS_MODULES = {"subprocess", "multiprocessing", "pty", "git", "concurrent.futures.process"}

WRITES_TO_THE_TERMINAL = (
    "src/codex_task_executor/output.py",
    "src/codex_task_executor/agent/scripted/__main__.py",  # a program of its own
    "src/codex_task_executor/sandbox/seccomp/generate.py",  # run by developers only
)


def layer(name: str) -> str:
    """The second part of a dotted name: agent, tools, sandbox, or a module's own name."""
    return [*name.split("."), ""][1]


def outside(allowed: Iterable[str]) -> list[Module]:
    """The modules that are in none of these files and folders."""
    return [m for m in modules().values() if not m.place.startswith(tuple(allowed))]


def test_both_packages_are_looked_at() -> None:
    assert {"codex_worktree.git", "codex_task_executor.events"} <= set(modules())


def test_what_is_looked_for_is_found_where_it_is() -> None:
    module = sample(
        "import os\n"
        "from os import getenv\n"
        "def speak():\n"
        "    import openai.types\n"
        "    from codex_worktree import git\n"
        "    print(os.environ['HOME'])\n"
    )
    assert uses(module, "os.environ", "os.getenv") == ["src/sample.py:2", "src/sample.py:6"]
    assert uses(module, "print") == ["src/sample.py:6"]
    assert imported(module) == {"os", "openai.types", "codex_worktree.git"}
    assert [node.name for node in undocumented(module)] == ["speak"]


def test_the_git_half_imports_nothing_of_the_application() -> None:
    wrong = {
        f"{module.place} imports {name}"
        for module in modules().values()
        if module.name.startswith("codex_worktree")
        for name in imported(module)
        if name.split(".")[0] == APPLICATION
    }
    assert not wrong


def test_agent_tools_and_sandbox_do_not_know_the_git_half() -> None:
    wrong = {
        f"{module.place} imports {name}"
        for module in modules().values()
        if layer(module.name) in LAYERS
        for name in imported(module)
        if name.split(".")[0] == "codex_worktree"
    }
    assert not wrong


def test_imports_go_one_way_from_agent_to_tools_to_sandbox() -> None:
    wrong = {
        f"{module.place} imports {name}"
        for module in modules().values()
        if module.name.startswith(APPLICATION) and layer(module.name) in LAYERS
        for name in own_imports(module)
        if layer(name) in FORBIDDEN_BELOW[layer(module.name)]
        or layer(name) not in (*LAYERS, "events")
    }
    assert not wrong


def test_only_the_entry_points_import_the_command_line() -> None:
    cli = f"{APPLICATION}.cli"
    importers = {name for name, module in modules().items() if cli in own_imports(module)}
    assert importers <= {f"{APPLICATION}.__main__", f"{APPLICATION}.entry"}


def test_no_module_imports_itself_in_a_circle() -> None:
    graph = {name: own_imports(module) for name, module in modules().items()}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(" -> ".join(error.args[1]))


def test_only_config_reads_the_environment() -> None:
    readers = ("os.environ", "os.environb", "os.getenv", "os.getenvb")
    found = [
        place
        for module in outside(["src/codex_task_executor/config.py"])
        for place in uses(module, *readers)
    ]
    assert not found


def test_only_output_writes_to_the_terminal() -> None:
    writers = ("print", "sys.stdout", "sys.stderr", "sys.__stdout__", "sys.__stderr__")
    printers = ("click.echo", "typer.echo", "click.secho", "typer.secho", "rich.print")
    found = [
        place
        for module in outside(WRITES_TO_THE_TERMINAL)
        for place in uses(module, *writers, *printers)
    ]
    assert not found


def test_only_one_module_imports_openai() -> None:
    importers = {
        module.place
        for module in modules().values()
        if any(name.split(".")[0] == "openai" for name in imported(module))
    }
    assert importers <= {"src/codex_task_executor/agent/openai_model.py"}


def test_only_git_the_sandbox_and_the_demo_start_processes() -> None:
    found = [
        place for module in outside(STARTS_PROCESSES) for place in uses(module, *PROCESS_STARTERS)
    ]
    found += [
        f"{module.place} imports {name}"
        for module in outside(STARTS_PROCESSES)
        for name in imported(module)
        if name in PROCESS_MODULES or name.startswith(("git.", "multiprocessing."))
    ]
    assert not found


def test_no_file_is_long() -> None:
    lengths = {module.place: line_count(module.path) for module in modules().values()}
    assert not {place: lines for place, lines in lengths.items() if lines > 300}
    suite = {path.name: line_count(path) for path in suite_files()}
    assert not {name: lines for name, lines in suite.items() if lines > 400}


def test_functions_are_short() -> None:
    lengths = {
        f"{module.place}:{function.lineno} {function.name}": length(function)
        for module in modules().values()
        for function in functions(module)
    }
    assert not {place: lines for place, lines in lengths.items() if lines > 60}
    assert statistics.median(lengths.values()) <= 12


def test_everything_public_says_what_it_means() -> None:
    silent = [
        f"{module.place}:{node.lineno} {node.name}"
        for module in modules().values()
        for node in undocumented(module)
    ]
    silent += [module.place for module in modules().values() if not ast.get_docstring(module.tree)]
    assert not silent


def test_no_check_is_switched_off_as_a_whole() -> None:
    blanket = re.compile(r"#\s*(type:\s*ignore(?!\[)|noqa(?!:)|mypy:\s*ignore|ruff:\s*noqa)")
    found = [
        f"{path.relative_to(CHECKOUT)}:{number}"
        for path in [*(module.path for module in modules().values()), *suite_files()]
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if blanket.search(line) and "blanket = " not in line
    ]
    assert not found


def test_no_test_sleeps_or_replaces_our_own_code() -> None:
    wrong = re.compile(r"\btime\.sleep\(|\bunittest\.mock\b|\bMagicMock\b")
    found = [
        f"{path.relative_to(CHECKOUT)}:{number}"
        for path in suite_files()
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if wrong.search(line) and "wrong = " not in line
    ]
    assert not found


def test_no_tracked_file_names_a_path_of_somebody_s_machine() -> None:
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=CHECKOUT, capture_output=True, check=False
    )
    if listed.returncode:
        pytest.skip("not a git checkout")
    folders = "|".join(("wo" + "rk", "fa" + "rm", "ro" + "ot", "ho" + "me", "tmp/bash" + "_jobs"))
    path = re.compile(rf"(?<![\w.)}}*-])/({folders})/[\w.]".encode())
    found = [
        name
        for name in listed.stdout.decode().split("\0")[:-1]
        if (CHECKOUT / name).is_file() and path.search((CHECKOUT / name).read_bytes())
    ]
    assert not found
