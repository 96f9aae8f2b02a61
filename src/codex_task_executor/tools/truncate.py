"""Text for the model that is never too long: its head, its tail, and how much there was."""

from __future__ import annotations

import re

OUTPUT_LIMIT = 40_000
"""Bytes of one output: 10,000 tokens at four bytes, what the Codex CLI gives its models."""

_GAP = 120
"""Bytes kept free for the line in the gap."""

_SURROGATES = re.compile("[\ud800-\udfff]")


def head_and_tail(
    data: bytes | str, limit_bytes: int = OUTPUT_LIMIT, original: int | None = None
) -> str:
    """Text of at most ``limit_bytes`` (UTF-8): half head, half tail, the size in the gap.

    Cuts at line ends where one is near. Bytes that are not UTF-8 become U+FFFD. ``original``
    is the size in bytes to state where ``data`` has already lost its middle.
    """
    raw = clean(data).encode()
    size = max(original or 0, len(raw))
    if len(raw) <= limit_bytes:
        return raw.decode()
    half = max(limit_bytes - _GAP, 0) // 2
    head, tail = _head(raw[:half]), _tail(raw[len(raw) - half :])
    left_out = size - len(head) - len(tail)
    gap = f"\n[... {left_out:,} of {size:,} bytes left out here ...]\n"
    return _text(head) + gap + _text(tail)


def clean(data: bytes | str) -> str:
    """Text that can be encoded: what is not UTF-8, or half a surrogate pair, is U+FFFD."""
    if isinstance(data, str):
        return _SURROGATES.sub("\ufffd", data)
    return data.decode("utf-8", "replace")


def _head(raw: bytes) -> bytes:
    """Without its last, cut line, if at least three quarters remain."""
    end = raw.rfind(b"\n", len(raw) * 3 // 4)
    return raw if end < 0 else raw[:end]


def _tail(raw: bytes) -> bytes:
    start = raw.find(b"\n", 0, len(raw) // 4)
    return raw[start + 1 :]


def _text(raw: bytes) -> str:
    """Whole characters only: the cut may have gone through one."""
    return raw.decode("utf-8", "ignore")
