"""Makes the program's virtual environment in ``.venv`` beside this folder, once.

Used by the shim ``execute-task`` and, with ``dev``, by ``scripts/setup.sh``. It runs under
whatever Python is at hand, before anything is installed, so it needs the standard library
only. stdout belongs to the program that runs afterwards: progress goes to stderr.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ENVIRONMENT = ROOT / ".venv"
STAMP = ENVIRONMENT / "complete"
"""Written last: what the environment was made from. The shim compares it byte for byte."""

BUILD_BACK_END = ("hatchling", "editables")
"""Installed first, from the same pins, so that pip need not fetch its own unpinned copy."""


def main(arguments: list[str]) -> int:
    """Make the environment where it is missing or out of date. Returns an exit code."""
    extra = arguments[0] if arguments else ""
    lock = os.open(ROOT, os.O_RDONLY)
    fcntl.flock(lock, fcntl.LOCK_EX)  # the kernel drops it, whatever kills its holders
    if is_complete(extra):
        return 0
    say(f"making the environment {ENVIRONMENT} (once, about half a minute)")
    try:
        make(extra, lock)
    except (OSError, subprocess.CalledProcessError) as error:
        say(f"cannot make {ENVIRONMENT}: {error}")
        return 2
    return 0


def is_complete(extra: str) -> bool:
    """Whether a finished environment of the same ingredients, ``extra`` included, is there."""
    return all(read(stamp) == ingredients() for stamp in stamps(extra))


def make(extra: str, lock: int) -> None:
    """Create or update the environment; a run that was killed in here is simply repeated.

    pip inherits the lock, so that a pip whose parent was killed is waited for.
    """
    for stamp in stamps(extra):
        stamp.unlink(missing_ok=True)
    if not is_sound():
        shutil.rmtree(ENVIRONMENT, ignore_errors=True)
        ENVIRONMENT.mkdir()
        (ENVIRONMENT / ".gitignore").write_text("*\n")
        run([sys.executable, "-m", "venv", str(ENVIRONMENT)], lock)
    pip = [str(ENVIRONMENT / "bin" / "python"), "-m", "pip", "install", "--quiet"]
    pip += ["--disable-pip-version-check", "--constraint", str(ROOT / "constraints.txt")]
    run([*pip, *BUILD_BACK_END], lock)
    wanted = f"{ROOT}[{extra}]" if extra else str(ROOT)
    run([*pip, "--no-build-isolation", "--editable", wanted], lock)
    for stamp in stamps(extra):
        write(stamp, ingredients())


def is_sound() -> bool:
    """Whether an environment is there, was made in this very folder, and its pip works.

    A moved environment is no good: its scripts name the old folder in their first line.
    """
    python = ENVIRONMENT / "bin" / "python"
    made_by = read(ENVIRONMENT / "pyvenv.cfg").strip()  # ends with "command = ... -m venv FOLDER"
    if not made_by.endswith(b" " + os.fsencode(ENVIRONMENT)) or not python.exists():
        return False
    asked = [str(python), "-m", "pip", "--version"]
    return subprocess.run(asked, capture_output=True, check=False).returncode == 0


def stamps(extra: str) -> list[Path]:
    """The stamps of an environment: the program's own, and one for what ``extra`` adds."""
    return [STAMP, *([STAMP.with_name(f"complete-{extra}")] if extra else [])]


def ingredients() -> bytes:
    """What decides whether an environment is out of date; the shim builds the same bytes."""
    pins = (ROOT / "pyproject.toml").read_bytes() + (ROOT / "constraints.txt").read_bytes()
    return os.fsencode(ROOT) + b"\n" + pins


def read(path: Path) -> bytes:
    """The content of a file, empty where there is none."""
    return path.read_bytes() if path.is_file() else b""


def write(path: Path, data: bytes) -> None:
    """Write a file in one step, so that a stamp is whole or absent."""
    beside = path.with_name(f"{path.name}.{os.getpid()}")
    beside.write_bytes(data)
    beside.replace(path)


def run(command: list[str], lock: int) -> None:
    """Run a step of the making, without the API key: what it builds has no use for it."""
    environment = {name: value for name, value in os.environ.items() if name != "OPENAI_API_KEY"}
    subprocess.run(command, stdout=sys.stderr, env=environment, pass_fds=[lock], check=True)


def say(text: str) -> None:
    """One line on stderr."""
    sys.stderr.write(f"codex-task-executor: {text}\n")
    sys.stderr.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
