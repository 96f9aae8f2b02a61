from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path

import pytest

from codex_task_executor.config import Settings, load
from codex_task_executor.errors import SettingProblem


def settings(tmp_path: Path, flags: Mapping[str, str] = {}, /, **variables: str) -> Settings:
    return load(flags, {"HOME": str(tmp_path), **variables}, tmp_path)


def test_defaults_are_the_seeds(tmp_path: Path) -> None:
    found = settings(tmp_path)
    assert (found.effort, found.limits.iterations, found.start) == ("medium", 50, tmp_path)
    assert found.limits.seconds is None


def test_a_flag_beats_the_environment_and_that_the_file(tmp_path: Path) -> None:
    folder = tmp_path / ".config" / "codex-task"
    folder.mkdir(parents=True)
    (folder / "config.toml").write_text('max_iters = 7\nopenai_model = "from-file"\n')
    assert settings(tmp_path).limits.iterations == 7
    assert settings(tmp_path, MAX_ITERS="8").limits.iterations == 8
    assert settings(tmp_path, {"MAX_ITERS": "9"}, MAX_ITERS="8").limits.iterations == 9
    assert settings(tmp_path, OPENAI_MODEL="").model == "from-file"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("REASONING_EFFORT", "huge"),
        ("MAX_ITERS", "0"),
        ("MAX_ITERS", "many"),
        ("MAX_TOKENS", "-1"),
        ("MAX_COST_USD", "NaN"),
        ("MAX_COST_USD", "0"),
        ("TIME_LIMIT", "soon"),
        ("TIME_LIMIT", "inf"),
        ("OPENAI_BASE_URL", "ftp://x"),
        ("OPENAI_MODEL", "a\nb"),
        ("CODEX_TASK_PROFILE", "other"),
    ],
)
def test_values_that_cannot_be_used_name_their_origin(
    tmp_path: Path, name: str, value: str
) -> None:
    with pytest.raises(SettingProblem) as caught:
        settings(tmp_path, {}, **{name: value})
    assert caught.value.name == name


def test_the_effort_error_lists_the_choices(tmp_path: Path) -> None:
    with pytest.raises(SettingProblem, match="low, medium, high, xhigh"):
        settings(tmp_path, REASONING_EFFORT="huge")


def test_a_broken_config_file_is_an_error_that_names_it(tmp_path: Path) -> None:
    folder = tmp_path / "xdg" / "codex-task"
    folder.mkdir(parents=True)
    (folder / "config.toml").write_text("max_iters = = 7")
    with pytest.raises(SettingProblem, match=r"config\.toml"):
        settings(tmp_path, XDG_CONFIG_HOME=str(tmp_path / "xdg"))


def test_limits_take_units_and_decimals(tmp_path: Path) -> None:
    limits = settings(tmp_path, TIME_LIMIT="27m", MAX_COST_USD="2.50").limits
    assert (limits.seconds, limits.cost_usd) == (1620.0, Decimal("2.50"))


def test_claude_code_gets_a_time_limit_of_27_minutes_unless_set(tmp_path: Path) -> None:
    assert settings(tmp_path, CLAUDECODE="1").limits.seconds == 1620.0
    assert settings(tmp_path, CLAUDECODE="1", TIME_LIMIT="5").limits.seconds == 5.0


def test_git_never_sees_the_key(tmp_path: Path) -> None:
    found = settings(tmp_path, OPENAI_API_KEY="sk-secret", PATH="/usr/bin")
    assert found.git_environment == {"HOME": str(tmp_path), "PATH": "/usr/bin"}
    assert "sk-secret" not in repr(found)
