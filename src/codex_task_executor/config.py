"""Flags, environment and files -> one frozen Settings. The only reader of ``os.environ``.

A value is taken from the flag, else from the environment variable, else from the user's
``$XDG_CONFIG_HOME/codex-task/config.toml``, else the default. Nothing is read from the
repository here: a task's tree must not be able to redirect a request or name a command.
"""

from __future__ import annotations

import math
import os
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import TypeVar

from codex_task_executor.agent.limits import Limits
from codex_task_executor.agent.names import DEFAULT_MODEL
from codex_task_executor.errors import SettingProblem

EFFORTS = ("none", "minimal", "low", "medium", "high", "xhigh", "max")
"""Effort values of the Responses API; which of them a model takes is the server's to say."""

PROFILES = ("openai", "compatible")

CLAUDE_CODE_SECONDS = 27 * 60.0
"""Claude Code stops background commands after 30 minutes: end in order before that."""

GIT_VARIABLES = (
    "PATH",
    "HOME",
    "XDG_CONFIG_HOME",
    "LANG",
    "TZ",
    "TMPDIR",
    "GIT_AUTHOR_NAME",
    "GIT_AUTHOR_EMAIL",
    "GIT_COMMITTER_NAME",
    "GIT_COMMITTER_EMAIL",
    "GIT_AUTHOR_DATE",
    "GIT_COMMITTER_DATE",
    "GIT_CEILING_DIRECTORIES",
    "GIT_CONFIG_GLOBAL",
    "GIT_CONFIG_NOSYSTEM",
)
"""All of the environment that git sees: where programs and settings are, and who commits."""

COMMAND_VARIABLES = ("LANG", "LC_ALL", "TZ")
"""All of the environment that the model's commands see, beside what the sandbox sets itself."""

T = TypeVar("T")


@dataclass(frozen=True)
class Settings:
    """Everything a run is told from outside, checked."""

    api_key: str | None = field(repr=False)
    base_url: str | None
    model: str
    effort: str
    profile: str | None
    start: Path
    state_dir: Path | None
    base: str | None
    test_command: str | None
    limits: Limits
    retries: int
    idle_seconds: float
    home: Path
    path: str
    command_variables: Mapping[str, str]
    git_environment: Mapping[str, str] = field(repr=False)


@dataclass(frozen=True)
class Sources:
    """Where a value can come from, strongest first."""

    flags: Mapping[str, str]
    environment: Mapping[str, str]
    file: Mapping[str, str]
    file_path: Path

    def text(self, name: str) -> tuple[str, str] | None:
        """The value of a setting and what to call its origin, or None."""
        flag, variable, key = f"--{_dashed(name)}", name.upper(), name.lower()
        if name in self.flags:
            return self.flags[name], flag
        if self.environment.get(variable):  # empty means unset, as in git
            return self.environment[variable], variable
        if key in self.file:
            return self.file[key], f"{key} in {self.file_path}"
        return None

    def read(self, name: str, convert: Callable[[str], T], default: T, wanted: str) -> T:
        """A converted setting. Raises SettingProblem naming its origin."""
        found = self.text(name)
        if found is None:
            return default
        try:
            return convert(found[0])
        except (ValueError, InvalidOperation) as error:
            raise SettingProblem(found[1], found[0], wanted) from error


def from_process(flags: Mapping[str, str]) -> Settings:
    """Settings of this process. Raises SettingProblem."""
    return load(flags, dict(os.environ), Path.cwd())


def load(flags: Mapping[str, str], environment: Mapping[str, str], folder: Path) -> Settings:
    """Settings from explicit sources. Raises SettingProblem."""
    sources = _sources(flags, environment)
    return Settings(
        api_key=sources.read("OPENAI_API_KEY", _one_line, None, "must be one line"),
        base_url=sources.read("OPENAI_BASE_URL", _url, None, "must begin with http:// or https://"),
        model=sources.read("OPENAI_MODEL", _one_line, DEFAULT_MODEL, "must be a model's name"),
        effort=sources.read("REASONING_EFFORT", _effort, "medium", f"choose from {_EFFORT_LIST}"),
        profile=sources.read(
            "CODEX_TASK_PROFILE", _profile, None, "choose from openai, compatible"
        ),
        start=folder / sources.read("REPO_ROOT", str, ".", "must be a folder"),
        state_dir=sources.read("STATE_DIR", lambda text: folder / text, None, "must be a folder"),
        base=sources.read("BASE", str, None, "must be a commit, a branch or a task id"),
        test_command=sources.read("TEST_COMMAND", str, None, "must be a command"),
        limits=_limits(sources, environment),
        retries=sources.read("CODEX_TASK_RETRIES", _count, 5, "must be a whole number"),
        idle_seconds=sources.read("CODEX_TASK_IDLE_SECONDS", _seconds, 300.0, _SECONDS),
        home=Path(environment.get("HOME") or "/"),
        path=environment.get("PATH") or os.defpath,
        command_variables={n: environment[n] for n in COMMAND_VARIABLES if environment.get(n)},
        git_environment={n: environment[n] for n in GIT_VARIABLES if environment.get(n)},
    )


_EFFORT_LIST = ", ".join(EFFORTS)
_SECONDS = "must be a number of seconds, such as 90, or 27m"


def _limits(sources: Sources, environment: Mapping[str, str]) -> Limits:
    seconds = CLAUDE_CODE_SECONDS if environment.get("CLAUDECODE") == "1" else None
    number = "must be a whole number above 0"
    return Limits(
        iterations=sources.read("MAX_ITERS", _positive, 50, number),
        tokens=sources.read("MAX_TOKENS", _positive, None, number),
        cost_usd=sources.read("MAX_COST_USD", _money, None, "must be an amount such as 2.50"),
        seconds=sources.read("TIME_LIMIT", _seconds, seconds, _SECONDS),
    )


def _sources(flags: Mapping[str, str], environment: Mapping[str, str]) -> Sources:
    root = environment.get("XDG_CONFIG_HOME") or f"{environment.get('HOME') or '/'}/.config"
    path = Path(root) / "codex-task" / "config.toml"
    return Sources(flags, environment, _read_file(path), path)


def _read_file(path: Path) -> dict[str, str]:
    try:
        content = tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SettingProblem("config.toml", str(path), f"cannot be read ({error})") from error
    return {key.lower(): str(value) for key, value in content.items()}


def _dashed(name: str) -> str:
    return name.lower().replace("_", "-")


def _one_line(text: str) -> str:
    stripped = text.strip()
    if not stripped or not stripped.isprintable():
        raise ValueError(text)
    return stripped


def _url(text: str) -> str:
    if not text.startswith(("http://", "https://")):
        raise ValueError(text)
    return text.rstrip("/")


def _effort(text: str) -> str:
    if text not in EFFORTS:
        raise ValueError(text)
    return text


def _profile(text: str) -> str:
    if text not in PROFILES:
        raise ValueError(text)
    return text


def _count(text: str) -> int:
    number = int(text)
    if number < 0:
        raise ValueError(text)
    return number


def _positive(text: str) -> int:
    number = _count(text)
    if number == 0:
        raise ValueError(text)
    return number


def _money(text: str) -> Decimal:
    amount = Decimal(text)
    if not amount.is_finite() or amount <= 0:
        raise ValueError(text)
    return amount


def _seconds(text: str) -> float:
    units = {"s": 1, "m": 60, "h": 3600}
    factor = units.get(text[-1:], 0)
    seconds = float(text[:-1]) * factor if factor else float(text)
    if not math.isfinite(seconds) or seconds <= 0:
        raise ValueError(text)
    return seconds
