from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from codex_task_executor.sandbox.capture import LIMIT, Capture

PIECES = st.lists(st.binary(max_size=20), max_size=20)


def fed(pieces: list[bytes], limit: int) -> Capture:
    capture = Capture(limit)
    for piece in pieces:
        capture.feed(piece)
    return capture


@given(PIECES)
def test_short_output_is_kept_whole(pieces: list[bytes]) -> None:
    capture = fed(pieces, limit=400)
    assert capture.output == b"".join(pieces)
    assert capture.total == len(capture.output)


@given(PIECES, st.integers(1, 30))
def test_of_long_output_both_ends_are_kept_and_all_is_counted(
    pieces: list[bytes], half: int
) -> None:
    whole = b"".join(pieces)
    capture = fed(pieces, limit=2 * half)
    assert capture.total == len(whole)
    if len(whole) > 2 * half:
        assert capture.output == whole[:half] + whole[-half:]
    else:
        assert capture.output == whole


def test_a_flood_stays_within_the_limit() -> None:
    capture = fed([b"x" * 65_536] * 64, LIMIT)
    assert len(capture.output) == LIMIT
    assert capture.total == 64 * 65_536
