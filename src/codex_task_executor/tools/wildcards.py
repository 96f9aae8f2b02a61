"""Wildcards within one name: ``*``, ``?``, ``[a-z]``, a backslash before a plain character.

As in git's wildmatch.c. A name is matched in time proportional to both lengths: what stands
between two stars is looked for once, at its first place, and never again (atomic groups).
"""

from __future__ import annotations

import re
import string
from functools import lru_cache

_SPECIAL = re.compile(r"[*?\[\\]")
_CLASSES = {
    "alnum": "0-9A-Za-z",
    "alpha": "A-Za-z",
    "digit": "0-9",
    "lower": "a-z",
    "punct": re.escape(string.punctuation),
    "space": r"\s",
    "upper": "A-Z",
    "xdigit": "0-9A-Fa-f",
}
_SET = re.compile(
    r"\[(?P<not>[!^]?)(?P<members>\]?(?:\[:[a-z]+:\]|\\.|[^\]\\])*+)\]",
    re.DOTALL,
)
_MEMBER = re.compile(r"\[:(?P<class>[a-z]+):\]|\\?(?P<first>.)(?:-\\?(?P<last>[^\]]))?", re.DOTALL)


def is_wild(segment: str) -> bool:
    """Whether a segment of a pattern is more than a name."""
    return bool(_SPECIAL.search(segment))


def fits(segment: str, name: str) -> bool:
    """Whether a name is what a segment of a pattern stands for."""
    if not is_wild(segment):
        return segment == name
    return bool(_compiled(segment).fullmatch(name))


@lru_cache(maxsize=8192)
def _compiled(segment: str) -> re.Pattern[str]:
    first, *others = _between_stars(segment)
    if others:
        *middle, last = others
        first += "".join(f"(?>.*?{part})" for part in middle if part) + f".*{last}"
    return re.compile(first, re.DOTALL)


def _between_stars(segment: str) -> list[str]:
    """Regular expressions for what stands before, between and after the stars."""
    parts, at = [""], 0
    while at < len(segment):
        if segment[at] == "*":
            parts.append("")
            at += 1
        else:
            expression, at = _one(segment, at)
            parts[-1] += expression
    return parts


def _one(segment: str, at: int) -> tuple[str, int]:
    """The expression of what stands for one character, and where the next one begins."""
    found = _SET.match(segment, at)
    if found:
        return _set(found), found.end()
    if segment[at] == "?":
        return ".", at + 1
    escaped = segment[at] == "\\" and at + 1 < len(segment)
    at += escaped
    return re.escape(segment[at]), at + 1


def _set(found: re.Match[str]) -> str:
    members = "".join(_member(one) for one in _MEMBER.finditer(found["members"]))
    if not members:
        return "." if found["not"] else "(?!)"
    return f"[{'^' if found['not'] else ''}{members}]"


def _member(found: re.Match[str]) -> str:
    """A class, a range or a character of a set; a range that runs backwards is its start."""
    if found["class"]:
        return _CLASSES.get(found["class"], "")
    first, last = found["first"], found["last"] or found["first"]
    return f"{re.escape(first)}-{re.escape(max(first, last))}"
