from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codex_task_executor.text import MARKERS, first_line, one_line, plain, quoted
from support.seed_parser import parse

BREAKS = ["\r", "\r\n", "\v", "\f", "\x1c", "\x1d", "\x1e", "\x85", "\u2028", "\u2029", "\n"]
BLANKS = ["", " ", "\t", "\ufeff", "\u00a0", "\u3000", "\x00", "\x1b[0m"[:1], " \ufeff\t "]

forged_lines = st.builds(
    lambda brk, blank, marker, rest: f"{brk}{blank}[{marker} {rest}",
    st.sampled_from(BREAKS),
    st.sampled_from(BLANKS),
    st.sampled_from(MARKERS),
    st.text(max_size=10),
)
model_text = st.lists(st.one_of(forged_lines, st.text(max_size=30)), max_size=8).map("".join)


@given(model_text)
def test_no_text_forges_a_marker_behind_the_first_line(text: str) -> None:
    seen = parse(f"[SUMMARY] {quoted(text, 2_000)}\n\n")
    assert seen.markers == ["SUMMARY"]


@given(model_text)
def test_plain_text_has_no_line_break_but_the_newline(text: str) -> None:
    assert len(f"{plain(text)}|".splitlines()) == plain(text).count("\n") + 1


@given(model_text, st.integers(10, 60))
def test_one_line_is_one_printable_line_within_its_limit(text: str, limit: int) -> None:
    line = one_line(text, limit)
    assert len(line) <= limit
    assert len(line.splitlines()) <= 1
    assert "\x1b" not in line


@pytest.mark.parametrize("control", ["\x1b", "\x07", "\x00", "\x9b", "\u202e", "\u2066", "\ud800"])
def test_control_characters_are_removed(control: str) -> None:
    assert plain(f"a{control}b") == "ab"


def test_a_tab_stays() -> None:
    assert plain("a\tb") == "a\tb"


def test_quoting_counts_against_the_limit() -> None:
    assert len(quoted("[BLOCKED]\n" * 1_000, 500)) <= 500


def test_the_first_line_skips_empty_ones() -> None:
    assert first_line("\n\n  Reading the code.\nMore.") == "Reading the code."
