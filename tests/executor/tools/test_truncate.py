"""Output for the model: bounded, whole where it fits, head and tail where it does not."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from codex_task_executor.tools.truncate import OUTPUT_LIMIT, head_and_tail


def test_text_that_fits_is_unchanged() -> None:
    assert head_and_tail("häl\nlo\n") == "häl\nlo\n"
    assert head_and_tail(b"x" * OUTPUT_LIMIT) == "x" * OUTPUT_LIMIT


def test_bytes_that_are_no_utf8_and_lone_surrogates_become_replacement_characters() -> None:
    assert head_and_tail(b"a\xff\xfeb") == "a\ufffd\ufffdb"
    assert head_and_tail("a\ud800\udc80b") == "a\ufffd\ufffdb"


def test_long_text_keeps_head_and_tail_and_states_its_size() -> None:
    lines = "".join(f"line {number}\n" for number in range(10_000))
    cut = head_and_tail(lines, 1000)
    head, gap, tail = cut.partition("\n[... ")
    assert lines.startswith(head + "\n")
    assert lines.endswith(tail.partition("...]\n")[2])
    assert f"of {len(lines):,} bytes" in gap + tail
    assert cut.count("line ") > 80


def test_a_size_known_from_elsewhere_is_the_one_stated() -> None:
    assert "of 5,000,000 bytes" in head_and_tail(b"x" * 2000, 1000, original=5_000_000)


@settings(max_examples=80, deadline=None)
@given(st.binary(max_size=2000) | st.text(max_size=800), st.integers(200, 1200))
def test_the_limit_always_holds_and_the_result_is_encodable(data: bytes | str, limit: int) -> None:
    assert len(head_and_tail(data, limit).encode()) <= limit
