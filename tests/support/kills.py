"""SIGKILL right before the n-th thing that a piece of code changes.

Python announces what it is about to do (PEP 578), so the code under test needs no seams:
the hook counts files opened for writing, renamed, linked and removed, and the git commands
that change a repository. What happens in a throw-away git dir is not counted.
"""

from __future__ import annotations

import os
import signal
import sys
import traceback
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

_FILE_EVENTS = {"os.rename", "os.remove", "os.link", "os.mkdir", "os.rmdir"}
_CHANGING = {"index-pack", "update-ref", "merge", "read-tree", "update-index", "checkout-index"}


Event = tuple[str, tuple[Any, ...]]


def killed_before(
    step: int, action: Callable[[], object], counts: Callable[[Event], bool] | None = None
) -> bool:
    """Run ``action`` in a child that is killed before its change number ``step`` (from 1).

    ``counts`` says what is a change, where it is not what this module says. False where the
    child ended before it came to that. The action must not raise.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # fork beside pytest-xdist's thread
        child = os.fork()
    if not child:
        _run_counted(step, action, counts or changes_something)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status) or os.WEXITSTATUS(status) == 0
    return os.WIFSIGNALED(status)


def git_command(name: str) -> Callable[[Event], bool]:
    """Counts the starts of one git command."""
    return lambda event: event[0] == "subprocess.Popen" and name in map(str, event[1][1])


def renaming_to(path: Path) -> Callable[[Event], bool]:
    """Counts renames to one place."""
    return lambda event: event[0] == "os.rename" and str(event[1][1]) == str(path)


def _run_counted(step: int, action: Callable[[], object], counts: Callable[[Event], bool]) -> None:
    left = step

    def count(name: str, arguments: tuple[Any, ...]) -> None:
        nonlocal left
        if counts((name, arguments)):
            left -= 1
            if not left:
                os.kill(os.getpid(), signal.SIGKILL)

    code = 1
    try:
        sys.addaudithook(count)
        action()
        code = 0
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(code)


def changes_something(event: Event) -> bool:
    """Files written, renamed, linked, removed; git commands that change a repository."""
    name, arguments = event
    if name == "subprocess.Popen":
        return bool(_CHANGING & set(map(str, arguments[1])))
    if not isinstance(arguments[0], str | Path) or "/.git/" not in str(arguments[0]):
        return False
    writes = name == "open" and bool(arguments[2] & (os.O_WRONLY | os.O_RDWR))
    return (writes or name in _FILE_EVENTS) and "scratch" not in str(arguments[0])
