"""A patch typed into the shell, where models that learned apply_patch as a command put it."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass

from codex_task_executor.tools.patching.envelope import BEGIN

_FOLDER = re.compile(
    r"\s*cd\s+(?:'(?P<single>[^'\n]*)'|\"(?P<double>[^\"\\$`\n]*)\"|(?P<plain>[^\s'\"\\$`;&|<>()]+))"
    r"\s*&&\s*"
)
_NAME = re.compile(r"\s*(?:apply_patch|applypatch)(?=\s)\s*")
_HEREDOC = re.compile(r"<<(?P<dash>-?)[ \t]*(?P<quote>['\"]?)(?P<end>\w+)(?P=quote)[ \t]*\r?\n")


@dataclass(frozen=True)
class TypedPatch:
    """A patch and the folder, as ``cd`` had it, to which its paths are relative."""

    text: str
    folder: str


@dataclass(eq=False)
class NotAlone(Exception):
    """A command line that holds a patch and something else, which only a shell could do."""


def typed_patch(command_line: str) -> TypedPatch | None:
    """The patch of a line such as ``cd web && apply_patch <<'EOF' ...``; None for any other.

    The patch is taken word for word, also from a here-document whose delimiter is not quoted:
    a model does not mean the ``$`` of its code to be expanded. Raises NotAlone.
    """
    folder, rest = _folder(command_line)
    if not (name := _NAME.match(rest)):
        return None
    argument = rest[name.end() :]
    text = _here_document(argument) if argument.startswith("<<") else _quoted(argument)
    if text is not None:
        return TypedPatch(text, folder)
    if BEGIN in argument:
        raise NotAlone
    return None


def _folder(line: str) -> tuple[str, str]:
    if not (found := _FOLDER.match(line)):
        return ".", line
    named = found["single"] or found["double"] or found["plain"]
    return named or ".", line[found.end() :]


def _here_document(text: str) -> str | None:
    """What stands between ``<<EOF`` and ``EOF``, if nothing follows."""
    if not (found := _HEREDOC.match(text)):
        return None
    lines = text[found.end() :].split("\n")
    if found["dash"]:
        lines = [line.lstrip("\t") for line in lines]
    ends = (at for at, line in enumerate(lines) if line.removesuffix("\r") == found["end"])
    end = next(ends, len(lines))
    if "".join(lines[end + 1 :]).strip():
        return None
    return "\n".join(lines[:end])


def _quoted(text: str) -> str | None:
    """The one argument, where it is quoted: ``apply_patch '*** Begin Patch ...'``."""
    if BEGIN not in text or not text.startswith(("'", '"')):
        return None
    try:
        words = shlex.split(text)
    except ValueError:  # no closing quotation
        return None
    return words[0] if len(words) == 1 else None
