"""Review flags: why a change could run on the reader's machine, or hide what it does.

A flagged file is never merged without a person's explicit word. The rules look at paths
(folded, so that ``.GitAttributes`` is caught on a file system that ignores case), at modes
and at contents; they are meant to name too much rather than too little.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from codex_worktree.contents import blobs
from codex_worktree.diff_tree import EXECUTABLE, SUBMODULE, SYMLINK, FileChange
from codex_worktree.flag_paths import of_path
from codex_worktree.git import Git
from codex_worktree.host_paths import HostPaths

BINARY = "binary"
EXEC_BIT = "executable"
LINK = "symlink"
LINK_OUTSIDE = "symlink-outside"
SUBMODULE_CHANGE = "submodule"
BIDI = "bidi"

_BIDI_CONTROL = "[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]"
"""The code points with Unicode's property Bidi_Control (see CVE-2021-42574)."""

_BIDI_TEXT = re.compile(_BIDI_CONTROL)


def flagged(git: Git, files: Sequence[FileChange], host: HostPaths) -> tuple[FileChange, ...]:
    """The same records with their flags, in a fixed order. Blobs are read through ``git``."""
    contents = blobs(git, [change.new_id for change in files if _has_text(change)])
    doubtful = [change for change in files if _BIDI_TEXT.search(_text(contents, change.new_id))]
    earlier = blobs(git, [change.old_id for change in doubtful if change.status == "modified"])
    bidi = {change.path for change in doubtful if _adds_bidi(change, contents, earlier)}
    return tuple(
        replace(change, flags=tuple(dict.fromkeys(_flags(change, contents, bidi, host))))
        for change in files
    )


def _flags(
    change: FileChange, contents: Mapping[str, bytes], bidi: set[str], host: HostPaths
) -> list[str]:
    found = [*host.flags(change.path), *of_path(change.path), *_mode_flags(change, contents)]
    if change.added is None and change.status != "deleted":
        found.append(BINARY)
    if change.path in bidi or _BIDI_TEXT.search(change.path):
        found.append(BIDI)
    return found


def _mode_flags(change: FileChange, contents: Mapping[str, bytes]) -> list[str]:
    if SUBMODULE in (change.old_mode, change.new_mode):
        return [SUBMODULE_CHANGE]
    if change.new_mode == SYMLINK:
        outside = _points_outside(change.path, _text(contents, change.new_id))
        return [LINK, LINK_OUTSIDE] if outside else [LINK]
    if change.new_mode == EXECUTABLE != change.old_mode:
        return [EXEC_BIT]
    return []


def _points_outside(path: str, target: str) -> bool:
    """By its text alone: absolute, above the root, or into .git."""
    place = posixpath.normpath(posixpath.join("/top", posixpath.dirname(path), target))
    inside = place == "/top" or place.startswith("/top/")
    return target.startswith("/") or not inside or ".git" in place.casefold().split("/")


def _has_text(change: FileChange) -> bool:
    return change.status != "deleted" and change.new_mode != SUBMODULE and change.added is not None


def _text(contents: Mapping[str, bytes], object_id: str) -> str:
    return contents.get(object_id, b"").decode("utf-8", "replace")


def _adds_bidi(
    change: FileChange, contents: Mapping[str, bytes], earlier: Mapping[str, bytes]
) -> bool:
    known = set(_text(earlier, change.old_id).split("\n"))
    lines = _text(contents, change.new_id).split("\n")
    return any(_BIDI_TEXT.search(line) for line in lines if line not in known)
