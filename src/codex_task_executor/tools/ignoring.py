"""What ``.gitignore`` files hide, nested ones included.

A rule of a deeper file outranks one above it, and nothing below a hidden folder can be shown
again. Not known here: the index (git shows a tracked file although a rule names it),
``.git/info/exclude`` and the user's own excludes file, none of which lies in the tree.

The files are as hostile as the rest of the tree. pathspec matches by regular expressions,
which Python cannot interrupt, so rules with many wildcards, and those beyond a number, are
not looked at.
"""

from __future__ import annotations

import re

from pathspec import GitIgnoreSpec

from codex_task_executor.sandbox.paths import PathError, Root

_FILE_LIMIT = 256 * 1024
_MOST_RULES = 2_000
_MOST_STARS = 3
"""In a line, 2 of them in one name: with more of them a match can take seconds."""
_MOST_DOUBLE_STARS = 2

_Rules = tuple[tuple[str, GitIgnoreSpec], ...]


class Ignores:
    """The rules below one root, each file read when it is first needed."""

    def __init__(self, root: Root) -> None:
        self._root = root
        self._rules: dict[str, _Rules] = {}

    def hide(self, path: str, is_folder: bool) -> bool:
        """Whether a rule hides a path whose folder is not hidden itself."""
        for prefix, spec in self._rules_in(path.rpartition("/")[0]):
            verdict = spec.check_file(path[len(prefix) :] + "/" * is_folder).include
            if verdict is not None:
                return verdict
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


def parsed(text: str) -> GitIgnoreSpec:
    """The rules of one file; a line that is no rule is left out."""
    lines = [line for line in text.split("\n")[:_MOST_RULES] if _is_rule(line)]
    return GitIgnoreSpec.from_lines(lines)


def _is_rule(line: str) -> bool:
    return _is_quick(line) and _is_valid(line)


def _is_quick(line: str) -> bool:
    """Whether no path can make the rule's regular expression backtrack for long."""
    names = line.split("/")
    stars = [len(re.findall(r"\*+", name)) for name in names if name != "**"]
    doubles = len(names) - len(stars)
    return sum(stars) <= _MOST_STARS and max(stars, default=0) < 3 and doubles <= _MOST_DOUBLE_STARS


def _is_valid(line: str) -> bool:
    try:
        GitIgnoreSpec.from_lines([line])
    except ValueError:
        return False
    return True
