"""Names of paths: the model's spelling made plain, and odd names made fit to show.

Only text here: nothing touches the file system.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

_ESCAPES = {"\a": r"\a", "\b": r"\b", "\t": r"\t", "\n": r"\n", "\v": r"\v", "\f": r"\f"}
_ESCAPES |= {"\r": r"\r", '"': r"\"", "\\": r"\\"}


def shown(path: str) -> str:
    """A path on one line: odd names quoted as git does with ``core.quotePath=false``.

    Control, format (bidirectional) and undecodable characters become octal bytes.
    """
    if path.isprintable() and not set(path) & {'"', "\\"}:
        return path
    return '"' + "".join(map(_escaped, path)) + '"'


def _escaped(character: str) -> str:
    if character in _ESCAPES:
        return _ESCAPES[character]
    if character.isprintable():
        return character
    return "".join(f"\\{byte:03o}" for byte in character.encode("utf-8", _lenient(character)))


def _lenient(character: str) -> str:
    return "surrogateescape" if "\udc80" <= character <= "\udcff" else "surrogatepass"


def has_control_characters(name: str) -> bool:
    """Whether a name holds NUL, a newline or another control character."""
    return any(unicodedata.category(character) == "Cc" for character in name)


def below(name: str, roots: Sequence[str]) -> str | None:
    """An absolute path as one relative to whichever root it lies in, or None."""
    for root in roots:
        if name == root:
            return "."
        if name.startswith(root.rstrip("/") + "/"):
            return name[len(root.rstrip("/")) :].lstrip("/")
    return None


def components(name: str) -> list[str] | None:
    """A relative path's components without '.', with '..' resolved; None if it climbs out.

    Resolving '..' as text is safe because no symbolic link is ever followed.
    """
    found: list[str] = []
    for part in name.split("/"):
        if part == "..":
            if not found:
                return None
            found.pop()
        elif part not in ("", "."):
            found.append(part)
    return found
