"""Programs that the user's configuration makes git run on file contents, and git without them.

A filter or hook named in the configuration may be a script of the tree (``./tools/smudge``,
``npx tool``, ``python -m tool``), so what a task wrote would run. Looking for such names in
commands cannot be complete; so where this package writes into a user's checkout, no filter,
configured hook or monitor runs at all, and a file that would need one is not written.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from codex_worktree.git import Git

_KEYS = r"(filter|merge|hook)\..*\.(clean|smudge|process|driver|event)|merge\.default"

_OFF = {
    "filter": {"clean": "", "smudge": "", "process": "", "required": "false"},
    "hook": {"event": "", "enabled": "false"},  # git 2.54: hooks by configuration
}


@dataclass(frozen=True)
class Drivers:
    """Names of configured drivers: ``filter.<name>``, ``merge.<name>``, ``hook.<name>``.

    ``default_merge`` is the setting merge.default, the driver of files that name none.
    """

    filters: frozenset[str]
    merges: frozenset[str]
    hooks: frozenset[str]
    default_merge: str | None


def configured(git: Git) -> Drivers:
    """What the configuration that ``git`` sees names, the system's file included.

    Not for a git that is silenced already: there, nothing is configured.
    """
    found = git.with_variables(**_system(git)).run(
        "config", "-z", "--includes", "--get-regexp", f"^({_KEYS})$", ok=(0, 1)
    )
    settings = dict(entry.split("\n", 1) for entry in found.fields if "\n" in entry)
    return Drivers(
        filters=_names("filter", settings),
        merges=_names("merge", settings),
        hooks=_names("hook", settings),
        default_merge=settings.get("merge.default"),
    )


def silenced(git: Git, found: Drivers, *more: tuple[str, str]) -> Git:
    """``git`` with the system's settings too, but with none of the filters and hooks found.

    ``more`` are further settings. All travel in GIT_CONFIG_* variables: the name of a driver
    may hold ``=``, which ``-c`` cannot take.
    """
    off = [
        (f"{section}.{name}.{key}", value)
        for section, names in (("filter", found.filters), ("hook", found.hooks))
        for name in sorted(names)
        for key, value in _OFF[section].items()
    ]
    return git.with_variables(**_system(git), **_variables([*off, *more]))


def quiet(git: Git) -> Git:
    """``git`` with everything silenced that is configured now."""
    return silenced(git, configured(git))


def _names(section: str, settings: Mapping[str, str]) -> frozenset[str]:
    pattern = re.compile(rf"{section}\.(.+)\.[a-z]+", re.DOTALL)
    matches = [pattern.fullmatch(key) for key, value in settings.items() if value]
    return frozenset(match[1] for match in matches if match)


def _system(git: Git) -> dict[str, str]:
    return {"GIT_CONFIG_NOSYSTEM": git.environment.get("GIT_CONFIG_NOSYSTEM", "0")}


def _variables(settings: list[tuple[str, str]]) -> dict[str, str]:
    variables = {"GIT_CONFIG_COUNT": str(len(settings))}
    for number, (key, value) in enumerate(settings):
        variables |= {f"GIT_CONFIG_KEY_{number}": key, f"GIT_CONFIG_VALUE_{number}": value}
    return variables
