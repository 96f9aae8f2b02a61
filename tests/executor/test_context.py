from __future__ import annotations

from pathlib import Path

import pytest

from codex_task_executor.context import BUDGET, MemoryFile, gather, render


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "home").mkdir()
    return tmp_path / "home"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "repo" / "sub" / "deep").mkdir(parents=True)
    return tmp_path / "repo"


def write(folder: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)


def names(files: tuple[MemoryFile, ...]) -> list[str]:
    return [file.name for file in files]


def test_nothing_is_fine(home: Path, root: Path) -> None:
    assert gather(home, root, root) == ()
    assert render(()) == ""


def test_files_come_from_the_user_down_to_the_deepest_folder(home: Path, root: Path) -> None:
    write(home, {".claude/CLAUDE.md": "user"})
    write(
        root,
        {
            "CLAUDE.md": "project",
            ".claude/rules/style.md": "style",
            "AGENTS.md": "agents",
            "sub/CLAUDE.md": "sub",
            "sub/deep/AGENTS.md": "deep",
            "other/CLAUDE.md": "not on the way",
        },
    )
    assert names(gather(home, root, root / "sub" / "deep")) == [
        "~/.claude/CLAUDE.md",
        "CLAUDE.md",
        ".claude/rules/style.md",
        "AGENTS.md",
        "sub/CLAUDE.md",
        "sub/deep/AGENTS.md",
    ]


def test_an_override_wins_over_agents_md(home: Path, root: Path) -> None:
    write(root, {"AGENTS.md": "plain", "AGENTS.override.md": "override"})
    assert [file.text for file in gather(home, root, root)] == ["override"]


def test_identical_files_are_presented_once(home: Path, root: Path) -> None:
    write(root, {"CLAUDE.md": "same\n", "AGENTS.md": "same"})
    assert names(gather(home, root, root)) == ["CLAUDE.md"]


def test_imported_files_come_before_the_importing_one_and_once(home: Path, root: Path) -> None:
    write(root, {"CLAUDE.md": "@docs/style.md\n@AGENTS.md\nmine", "docs/style.md": "style"})
    write(root, {"AGENTS.md": "agents"})
    assert names(gather(home, root, root)) == ["docs/style.md", "AGENTS.md", "CLAUDE.md"]


def test_imports_in_a_circle_end(home: Path, root: Path) -> None:
    write(root, {"CLAUDE.md": "@a.md", "a.md": "@CLAUDE.md\n"})
    assert set(names(gather(home, root, root))) == {"CLAUDE.md", "a.md"}


@pytest.mark.parametrize("line", ["@../outside.md", "@/etc/passwd", "@.env", "@link.md"])
def test_imports_that_leave_the_repository_are_not_read(home: Path, root: Path, line: str) -> None:
    write(root.parent, {"outside.md": "outside"})
    write(root, {"CLAUDE.md": line, ".env": "SECRET=1"})
    (root / "link.md").symlink_to(root.parent / "outside.md")
    assert names(gather(home, root, root)) == ["CLAUDE.md"]


def test_a_claude_md_that_points_at_a_private_file_is_not_read(home: Path, root: Path) -> None:
    write(home, {".ssh/id_rsa": "PRIVATE"})
    (root / "CLAUDE.md").symlink_to(home / ".ssh" / "id_rsa")
    assert gather(home, root, root) == ()


def test_the_budget_is_spent_on_the_deepest_file_first(home: Path, root: Path) -> None:
    write(root, {"CLAUDE.md": "r" * BUDGET, "sub/CLAUDE.md": "s" * (BUDGET - 10)})
    top, deep = gather(home, root, root / "sub")
    assert deep.text == "s" * (BUDGET - 10)
    assert top.text.startswith("r" * 10 + "\n(cut: ")
