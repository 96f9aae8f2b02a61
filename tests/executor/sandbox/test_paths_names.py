"""Names fit to be shown: one line, nothing that a terminal or a reader could be fooled by."""

from __future__ import annotations

import os
import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from codex_task_executor.sandbox.names import shown
from codex_task_executor.sandbox.path_errors import NotFound
from support.repositories import Sandpit


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("src/app.py", "src/app.py"),
        ("a b/ü 日本.py", "a b/ü 日本.py"),
        ("a\nb", r'"a\nb"'),
        ('say "hi"', r'"say \"hi\""'),
        ("back\\slash", r'"back\\slash"'),
        ("\x1b[31m", r'"\033[31m"'),
        ("\udcff", r'"\377"'),
        ("a\u202eb", r'"a\342\200\256b"'),
        ("", ""),
    ],
)
def test_only_odd_names_are_quoted(path: str, text: str) -> None:
    assert shown(path) == text


@settings(max_examples=200, deadline=None)
@given(st.text(st.characters()))
def test_any_name_is_shown_on_one_printable_line(path: str) -> None:
    assert shown(path).isprintable()


def test_a_message_repeats_only_the_beginning_of_a_giant_name() -> None:
    assert len(str(NotFound("x" * 1_000_000))) < 400


def test_quoting_is_gits_own_where_both_quote(pit: Sandpit) -> None:
    names = ["a\nb", "tab\t", 'q"', "b\\s", "\x01", "\x7f", "\udcfe"]
    for name in names:
        (pit.root / name).write_text("")
    listed = subprocess.run(
        ["git", "-c", "core.quotePath=false", "ls-files", "--others"],
        cwd=pit.root,
        env=pit.environment,
        capture_output=True,
        check=True,
    ).stdout
    ours = {shown(name) for name in names if name != "\udcfe"}
    assert ours <= set(os.fsdecode(listed).splitlines())
