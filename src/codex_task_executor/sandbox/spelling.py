"""The model's spelling of a path as a clean relative one, or an error that says why not."""

from __future__ import annotations

import os
from collections.abc import Sequence

from codex_task_executor.sandbox.names import below, components, has_control_characters
from codex_task_executor.sandbox.path_errors import BadName, OutsideRoot, SecretPath
from codex_task_executor.sandbox.secrets import is_git, is_secret

TEMPORARY_PREFIX = ".codex-task-tmp-"
"""How the names of files begin that a crash may leave behind; no tool shows or takes them."""

_PATH_MAX = 4095
"""Bytes that Linux takes as a path (limits.h, without the final NUL)."""


def is_temporary(name: str) -> bool:
    """Whether a name is one of our own temporary files."""
    return name.casefold().startswith(TEMPORARY_PREFIX)


def is_hidden(name: str) -> bool:
    """Whether no tool may see a name: git's, a secret's, a temporary file's of ours."""
    return is_git(name) or is_secret(name) or is_temporary(name)


def clean(name: str, roots: Sequence[str]) -> str:
    """A relative path without '.', '..' and '//', '.' for the root itself.

    ``roots`` are the absolute spellings of the root, for absolute names.
    Raises BadName, OutsideRoot, SecretPath.
    """
    _check_text(name)
    inside = below(name, roots) if name.startswith("/") else name
    parts = None if inside is None else components(inside)
    if parts is None:
        raise OutsideRoot(name)
    for part in parts:
        _check_component(name, part)
    return "/".join(parts) or "."


def _check_text(name: str) -> None:
    if not name.strip():
        raise BadName(name, "is empty: a path relative to the project folder is needed")
    if has_control_characters(name):
        raise BadName(name, "holds a control character (a newline, a tab, NUL ...)")
    if name == "~" or name.startswith("~/"):
        raise OutsideRoot(name, "starts with '~', which is not expanded; use a relative path")
    if len(_encoded(name)) > _PATH_MAX:
        raise BadName(name, f"is longer than {_PATH_MAX} bytes")


def _encoded(name: str) -> bytes:
    try:
        return os.fsencode(name)
    except UnicodeEncodeError:
        raise BadName(name, "holds half of a surrogate pair") from None


def _check_component(name: str, part: str) -> None:
    if is_git(part) or is_secret(part):
        raise SecretPath(name, part)
    if is_temporary(part):
        raise BadName(name, f"uses a reserved name ({TEMPORARY_PREFIX}...)")
