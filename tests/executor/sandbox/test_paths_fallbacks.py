"""Where the kernel or the file system lacks what is best, the next best still holds."""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

try:
    importlib.import_module("pyseccomp")
except (ImportError, RuntimeError):  # RuntimeError: pyseccomp without libseccomp
    pytest.skip("pyseccomp or libseccomp is not installed", allow_module_level=True)

POORER = """
import errno, os, sys
import pyseccomp
from pathlib import Path
from codex_task_executor.sandbox.openat import best_opener, open_by_walk
from codex_task_executor.sandbox.paths import *
from codex_task_executor.sandbox.renaming import Unsupported, exchange

rules = pyseccomp.SyscallFilter(pyseccomp.ALLOW)
rules.add_rule(pyseccomp.ERRNO(errno.EPERM), "openat2")
rules.add_rule(pyseccomp.ERRNO(errno.EINVAL), "renameat2")
rules.add_rule(
    pyseccomp.ERRNO(errno.EOPNOTSUPP), "openat",
    pyseccomp.Arg(2, pyseccomp.MASKED_EQ, os.O_TMPFILE, os.O_TMPFILE),
)
rules.load()

def fails(error, call, *arguments):
    try:
        call(*arguments)
    except error:
        return
    raise SystemExit(f"{call} {arguments} did not raise {error}")

folder = Path(sys.argv[1])
descriptor = os.open(folder, os.O_RDONLY)
assert best_opener(descriptor) is open_by_walk
fails(Unsupported, exchange, descriptor, "a", "b")
fails(OSError, os.open, ".", os.O_TMPFILE | os.O_WRONLY)
"""

PROMISES = """
with Root.open(folder) as root:
    root.create("a/b/file", b"one", mode=0o755)
    fails(Exists, root.create, "a/b/file", b"two")
    version = root.read("a/b/file").version
    root.replace("a/b/file", b"two", version)
    fails(Changed, root.replace, "a/b/file", b"three", version)
    fails(Changed, root.remove, "a/b/file", version)
    content = root.read("a/b/file")
    assert content.data == b"two" and content.mode & 0o7777 == 0o755
    os.symlink("/etc", folder / "link")
    fails(NotAFile, root.read, "link/passwd")
    fails(NotAFile, root.create, "link/new", b"")
    fails(NotAFile, root.replace, "link/passwd", b"", version)
    assert [entry.path for entry in root.walk()] == ["a", "a/b", "a/b/file", "link"]
    root.remove("a/b/file", content.version)
    assert not list(root.walk("a/b"))
print("held")
"""


def test_without_openat2_exchange_and_unnamed_files_every_promise_but_races_holds(
    tmp_path: Path,
) -> None:
    done = subprocess.run(
        [sys.executable, "-c", POORER + PROMISES, tmp_path],
        env={"PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.stdout, done.stderr) == ("held\n", "")
