"""The scripted model for tests: started from TOML text, a dict or a file, checked at the end."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from codex_task_executor.agent.scripted import Scenario, ScriptedServer

Script = str | Path | Mapping[str, Any] | Scenario


def scenario_of(script: Script) -> Scenario:
    """A scenario from TOML text, a file, or the same in dicts."""
    if isinstance(script, Scenario):
        return script
    if isinstance(script, Path):
        return Scenario.load(script)
    return Scenario.from_toml(script) if isinstance(script, str) else Scenario.from_dict(script)


@contextmanager
def scripted(
    script: Script, *, compatible: bool = False, check: bool = True, holds: Path | None = None
) -> Iterator[ScriptedServer]:
    """A running server; at the end, unless ``check`` is False, the script must have been
    followed: nothing refused, every turn played.
    """
    with ScriptedServer(scenario_of(script), compatible, holds=holds) as server:
        yield server
    if check:
        assert server.failures == []
        assert server.unfinished() == []
