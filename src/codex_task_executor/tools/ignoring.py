"""What ``.gitignore`` files hide, nested ones included, by the rules of gitignore(5).

A rule of a deeper file outranks one above it, a later one an earlier one, and nothing below
a hidden folder can be shown again. Not known here: the index (git shows a tracked file
although a rule names it), ``.git/info/exclude`` and the user's own excludes file, none of
which lies in the tree. ``?`` is a character here; git takes a byte.

Not pathspec's GitIgnoreSpec (1.1): it lets a rule about a folder above speak for a path, so
``a`` and ``!b`` show ``b/a``, and a rule such as ``*a*a*a*b`` keeps Python's lock for seconds;
the files are as hostile as the rest of the tree.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from codex_task_executor.sandbox.paths import PathError, Root
from codex_task_executor.tools.patterns import Pattern
from codex_task_executor.tools.wildcards import fits

_FILE_LIMIT = 256 * 1024
_MOST_RULES = 2_000
"""Of one file; what comes after them is not looked at."""


@dataclass(frozen=True)
class Rule:
    """A line. ``name`` is what a rule without a slash says of the last name of any path."""

    hides: bool
    folders_only: bool
    name: str | None
    pattern: Pattern

    @classmethod
    def parse(cls, line: str) -> Rule | None:
        """A line's rule; None for a comment, an empty line, a lone backslash at its end."""
        text = re.sub(r"(?<!\\) +$", "", line)
        hides = not text.startswith("!")
        text = text.removeprefix("!")
        rest = text.removesuffix("/")
        if not rest or line.startswith("#") or re.search(r"(?<!\\)(\\\\)*\\$", rest):
            return None
        name = None if "/" in rest else rest
        return cls(hides, text.endswith("/"), name, _pattern(rest.removeprefix("/")))

    def says(self, path: str, is_folder: bool) -> bool:
        """Whether the rule speaks of a path relative to its file's folder."""
        if self.folders_only and not is_folder:
            return False
        if self.name is not None:
            return fits(self.name, path.rpartition("/")[2])
        return self.pattern.matches(path)


def _pattern(text: str) -> Pattern:
    """``**`` at the end is what lies below, not the folder itself."""
    segments = text.split("/")
    return Pattern((*segments, "*") if segments[-1] == "**" else tuple(segments))


_Rules = tuple[tuple[str, tuple[Rule, ...]], ...]


class Ignores:
    """The rules below one root, each file read when it is first needed."""

    def __init__(self, root: Root) -> None:
        self._root = root
        self._rules: dict[str, _Rules] = {}

    def hide(self, path: str, is_folder: bool) -> bool:
        """Whether a rule hides a path whose folder is not hidden itself."""
        for prefix, rules in self._rules_in(path.rpartition("/")[0]):
            relative = path[len(prefix) :]
            for rule in rules:
                if rule.says(relative, is_folder):
                    return rule.hides
        return False

    def hide_folder(self, folder: str) -> bool:
        """Whether a rule hides a folder or one of those above it."""
        parts = [] if folder == "." else folder.split("/")
        return any(self.hide("/".join(parts[:end]), True) for end in range(1, len(parts) + 1))

    def _rules_in(self, folder: str) -> _Rules:
        """The files that have a say in a folder ('' is the root), the deepest first."""
        if folder not in self._rules:
            above = self._rules_in(folder.rpartition("/")[0]) if folder else ()
            self._rules[folder] = self._own_rules(folder) + above
        return self._rules[folder]

    def _own_rules(self, folder: str) -> _Rules:
        prefix = f"{folder}/" if folder else ""
        try:
            data = self._root.read(f"{prefix}.gitignore", _FILE_LIMIT).data
        except PathError:
            return ()
        return ((prefix, parsed(data.decode("utf-8", "replace"))),)


def parsed(text: str) -> tuple[Rule, ...]:
    """The rules of one file, the last line first."""
    lines = text.removeprefix("\ufeff").split("\n")[:_MOST_RULES]
    rules = (Rule.parse(line.removesuffix("\r")) for line in reversed(lines))
    return tuple(rule for rule in rules if rule is not None)
