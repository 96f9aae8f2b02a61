"""Patches applied to real folders through the real tool."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path

from codex_task_executor.sandbox.paths import Root
from codex_task_executor.tools.apply_patch import ApplyPatch, ApplyPatchArguments
from codex_task_executor.tools.base import ToolError


def patch(*lines: str) -> str:
    """A whole patch around these lines."""
    return "\n".join(["*** Begin Patch", *lines, "*** End Patch"]) + "\n"


def apply(folder: Path, text: str, beneath: str = ".") -> str:
    """Apply a patch and return what the model is told. Raises ToolError."""
    with Root.open(folder) as root:
        return asyncio.run(ApplyPatch(root).run(ApplyPatchArguments(input=text), beneath)).text


def refusal(folder: Path, text: str) -> str:
    """Apply a patch that must be refused, see that nothing changed, return the error's text."""
    before = contents(folder)
    try:
        said = apply(folder, text)
    except ToolError as error:
        assert contents(folder) == before
        return error.text
    raise AssertionError(f"the patch was applied: {said}")


def patched(folder: Path, before: bytes | str, *lines: str) -> bytes:
    """What a file of this content holds after an update with these lines."""
    fill(folder, {"file.txt": before})
    apply(folder, patch("*** Update File: file.txt", *lines))
    return (folder / "file.txt").read_bytes()


def fill(folder: Path, files: Mapping[str, bytes | str]) -> None:
    """Write files."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)


def contents(folder: Path) -> dict[str, bytes]:
    """Every file below a folder."""
    files = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}
