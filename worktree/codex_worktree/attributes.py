"""Attributes from trusted places only, as one ``info/attributes`` file.

git reads ``.gitattributes`` from the work tree when it adds files, which here is the
agent's; ``--attr-source`` came with git 2.41. But ``info/attributes`` goes before all of
them, and within a file the last line that matches wins. So this file opens by setting
every attribute that git itself acts on back to unspecified, for all paths, which ends the
search before any file of the work tree; then follow, in git's order of precedence, the
user's own file, the base commit's ``.gitattributes`` from the root down, with their
patterns made relative to the root, and the repository's ``info/attributes``.

A work tree could still turn a plain attribute of these lines into a macro; so each name is
defined here as a macro of nothing, unless a trusted file defines it.

Not taken over: the system's attributes file, and lines that grow beyond git's limit of
2,048 bytes by the folder put before their pattern (git ignores them with a warning).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

_ACTED_ON = (
    *("text", "eol", "crlf", "ident", "filter", "working-tree-encoding"),
    *("diff", "merge", "whitespace", "conflict-marker-size"),
    *("delta", "export-ignore", "export-subst"),
)
_BINARY = b"[attr]binary -diff -merge -text"
_MACRO = b"[attr]"
_LINE = re.compile(rb'[ \t\r]*("(?:[^"\\]|\\.)*"|[^ \t\r]+)(.*)', re.DOTALL)
_NAME = re.compile(rb"(?!builtin_)[A-Za-z0-9_.][-A-Za-z0-9_.]*")
_ESCAPE = re.compile(rb'\\([abfnrtv"\\]|[0-3][0-7]{2})')
_LETTERS = {b"a": 7, b"b": 8, b"t": 9, b"n": 10, b"v": 11, b"f": 12, b"r": 13}
_GLOB_SPECIAL = re.compile(rb"([\\*?\[\]!#])")


def compose(user: bytes, tree: Mapping[bytes, bytes], repository: bytes) -> bytes:
    """The text of ``info/attributes``.

    ``tree`` maps the folders of the base commit (b"" for the root, else without a final
    slash) to the content of their ``.gitattributes``.
    """
    lines = [line for content in (user,) for line in _lines(content)]
    for folder in sorted(tree, key=lambda name: (name.count(b"/") if name else -1, name)):
        lines += _relative(folder, tree[folder])
    lines += _lines(repository)
    reset = b"* " + b" ".join(b"!" + name.encode() for name in _ACTED_ON)
    return b"\n".join([*_empty_macros(lines), _BINARY, reset, *lines, b""])


def _lines(content: bytes) -> list[bytes]:
    found = content.removeprefix(b"\xef\xbb\xbf").split(b"\n")
    return [line for line in found if line.strip() and not line.lstrip().startswith(b"#")]


def _relative(folder: bytes, content: bytes) -> Iterable[bytes]:
    if not folder:
        return _lines(content)
    plain = [line for line in _lines(content) if not line.lstrip().startswith(_MACRO)]
    return [_beneath(folder, line) for line in plain]


def _beneath(folder: bytes, line: bytes) -> bytes:
    """The line with a pattern that means the same when read at the root."""
    matched = _LINE.fullmatch(line)
    if matched is None:
        return line
    pattern, rest = _unquoted(matched[1]), matched[2]
    anchored = b"/" in pattern.removesuffix(b"/")
    here = _GLOB_SPECIAL.sub(rb"\\\1", folder) + (b"/" if anchored else b"/**/")
    return _quoted(here + pattern.removeprefix(b"/")) + rest


def _unquoted(name: bytes) -> bytes:
    if not name.startswith(b'"') or len(name) < 2:
        return name

    def plain(match: re.Match[bytes]) -> bytes:
        code = match[1]
        if code.isdigit():
            return bytes([int(code, 8)])
        return bytes([_LETTERS[code]]) if code in _LETTERS else code

    return _ESCAPE.sub(plain, name[1:-1])


def _quoted(name: bytes) -> bytes:
    escaped = name.replace(b"\\", b"\\\\").replace(b'"', b'\\"')
    return b'"' + re.sub(rb"[\x00-\x1f\x7f]", lambda m: b"\\%03o" % m[0][0], escaped) + b'"'


def _empty_macros(lines: Iterable[bytes]) -> list[bytes]:
    """A definition of nothing for each attribute named here that is no macro of ours."""
    named, defined = set(map(str.encode, _ACTED_ON)), {b"binary"}
    for line in lines:
        matched = _LINE.fullmatch(line)
        if matched is None:
            continue
        if matched[1].startswith(_MACRO):
            defined.add(matched[1].removeprefix(_MACRO))
        named |= {word.lstrip(b"-!").partition(b"=")[0] for word in matched[2].split()}
    return [_MACRO + name for name in sorted(named - defined) if _NAME.fullmatch(name)]
