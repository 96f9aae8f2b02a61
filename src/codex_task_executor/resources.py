"""Files that ship with the program: in the wheel under ``shipped``, in a checkout at its top."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

_PACKAGE = Path(__file__).parent
PACKAGES = {"codex_task_executor": "src", "codex_worktree": "worktree"}
"""The packages of the program and the top-level folder that each has in a checkout."""


def resource(name: str) -> Path:
    """Where a shipped file or folder is, such as ``fixtures/repos/greeter.fi``.

    ``name`` is its path in a checkout. An editable install has no ``shipped`` folder: there,
    the checkout around the package is the place. Raises FileNotFoundError.
    """
    shipped = _PACKAGE / "shipped"
    top = shipped if shipped.is_dir() else _PACKAGE.parent.parent
    place = top / name
    if not place.exists():
        raise FileNotFoundError(f"not part of this installation: {name}")
    return place


def package_folder(name: str) -> Path:
    """The folder of one of PACKAGES, wherever it was installed."""
    spec = find_spec(name)
    if spec is None or spec.origin is None:
        raise FileNotFoundError(f"not part of this installation: {name}")
    return Path(spec.origin).parent
