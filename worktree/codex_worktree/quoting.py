"""Path names of git's trees: as bytes, as git prints them, and the folders above them."""

from __future__ import annotations

_LETTERS = dict(zip(b'\a\b\t\n\v\f\r"\\', 'abtnvfr"\\', strict=True))


def path_bytes(path: str) -> bytes:
    """The bytes of a path in git's trees; undecodable ones travel as surrogates."""
    return path.encode("utf-8", "surrogateescape")


def folders(path: str) -> list[str]:
    """The folders above the path, the outermost first."""
    parts = path.split("/")[:-1]
    return ["/".join(parts[:count]) for count in range(1, len(parts) + 1)]


def quoted(path: str) -> str:
    """``path`` in the C style that git uses without ``-z`` and with ``core.quotePath=true``.

    Control characters, quotes, backslashes and bytes above 0x7e are escaped, and a name
    with any of them stands in double quotes; any other name is returned as it is.
    The result is ASCII. Source: git's quote.c.
    """
    escaped = "".join(map(_escaped, path_bytes(path)))
    return path if escaped == path else f'"{escaped}"'


def _escaped(byte: int) -> str:
    if byte in _LETTERS:
        return f"\\{_LETTERS[byte]}"
    return chr(byte) if 0x20 <= byte < 0x7F else f"\\{byte:03o}"
