"""What the model is told of the project: CLAUDE.md, rules, AGENTS.md, within a budget.

Files are presented from the user's own down to the folder nearest to where the command was
called, so that the most specific speaks last; the budget is spent in the other order, so that
the most specific is the last to be cut (Codex CLI does the reverse).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from codex_task_executor.sandbox.paths import PathError, Root

BUDGET = 64 * 1024
"""Bytes of project memory in all: twice what Codex CLI allows for AGENTS.md alone."""

IMPORT = re.compile(r"^\s*@(?P<path>[^\s@`]+)\s*$", re.MULTILINE)
"""Claude Code's import line: ``@path`` alone on its line."""

IMPORT_DEPTH = 5
"""How deep imports may nest (Claude Code's own limit)."""


@dataclass(frozen=True)
class MemoryFile:
    """One file of project memory; ``name`` is what the model is told it is called."""

    name: str
    text: str


def gather(home: Path, root: Path, folder: Path) -> tuple[MemoryFile, ...]:
    """All memory files for a command called in ``folder``, user -> root -> deepest, unique."""
    found = [*_user_files(home), *_project_files(root, folder)]
    return tuple(_within_budget(_unique(found)))


def render(files: Iterable[MemoryFile]) -> str:
    """The files as one text for the model; empty where there are none."""
    return "\n\n".join(f'<file name="{file.name}">\n{file.text.strip()}\n</file>' for file in files)


def _user_files(home: Path) -> Iterator[MemoryFile]:
    for folder, names in ((".claude", ("CLAUDE.md",)), (".codex", _AGENTS)):
        if (home / folder).is_dir():
            with Root.open(home / folder) as root:
                for file in _first(root, ".", names):
                    yield MemoryFile(f"~/{folder}/{file.name}", file.text)


_AGENTS = ("AGENTS.override.md", "AGENTS.md")


def _project_files(root_path: Path, folder: Path) -> Iterator[MemoryFile]:
    with Root.open(root_path) as root:
        for place in _down_to(root_path, folder):
            yield from _with_imports(root, _first(root, place, ("CLAUDE.md",)))
            yield from _with_imports(root, _first(root, place, (".claude/CLAUDE.md",)))
            yield from _rules(root, place)
            yield from _with_imports(root, _first(root, place, _AGENTS))


def _down_to(root: Path, folder: Path) -> list[str]:
    if not folder.is_relative_to(root):
        return ["."]
    parts = folder.relative_to(root).parts
    return [str(PurePosixPath(*parts[:depth])) for depth in range(len(parts) + 1)]


def _first(root: Root, place: str, names: Iterable[str]) -> Iterator[MemoryFile]:
    for name in names:
        file = _read(root, str(PurePosixPath(place, name)))
        if file:
            yield file
            return


def _rules(root: Root, place: str) -> Iterator[MemoryFile]:
    start = str(PurePosixPath(place, ".claude/rules"))
    if root.exists(start):
        for entry in root.walk(start):
            if entry.is_file and entry.path.endswith(".md"):
                yield from _with_imports(root, filter(None, [_read(root, entry.path)]))


def _with_imports(root: Root, files: Iterable[MemoryFile], depth: int = 0) -> Iterator[MemoryFile]:
    for file in files:
        if depth < IMPORT_DEPTH:
            imported = (
                _read(root, str(PurePosixPath(file.name).parent / found["path"]))
                for found in IMPORT.finditer(file.text)
            )
            yield from _with_imports(root, filter(None, imported), depth + 1)
        yield file


def _read(root: Root, name: str) -> MemoryFile | None:
    try:  # by descriptor, no symlinks: a CLAUDE.md that points at ~/.ssh must not be sent
        content = root.read(name, limit=BUDGET * 4)
        return MemoryFile(root.relative(name), content.data.decode("utf-8", "replace"))
    except PathError:
        return None


def _unique(files: Iterable[MemoryFile]) -> list[MemoryFile]:
    seen: set[str] = set()
    kept = []
    for file in files:
        text = file.text.strip()
        if text and text not in seen:
            seen.add(text)
            kept.append(file)
    return kept


def _within_budget(files: list[MemoryFile]) -> list[MemoryFile]:
    left, kept = BUDGET, []
    for file in reversed(files):
        data = file.text.encode()
        if len(data) <= left:
            kept.append(file)
        elif left > 0:
            start = data[:left].decode("utf-8", "ignore")
            kept.append(MemoryFile(file.name, f"{start}\n(cut: {len(data)} bytes in all)"))
        left = max(0, left - len(data))
    return kept[::-1]
