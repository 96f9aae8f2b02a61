"""The API key taken out of text, before it is printed, kept or sent to the model."""

from __future__ import annotations

from typing import TypeGuard

SHORTEST = 16
"""Characters of the shortest key that is taken for a secret.

Local servers accept any word (``ollama``, ``none``), and taking such a word out of every file
that is read would spoil the text and protect nothing. OpenAI's keys have 50 and more.
"""

INSTEAD = "[redacted]"


def files_adding(secret: str | None, patch: bytes) -> tuple[str, ...]:
    """The files, as a patch of git's names them, to which the patch adds the secret."""
    if not _is_secret(secret):
        return ()
    found, name = [], ""
    for line in patch.decode("utf-8", "replace").split("\n"):
        if line.startswith("+++ "):
            name = line.removeprefix("+++ ").strip('"\t').removeprefix("b/")
        elif line.startswith("+") and secret in line:
            found.append(name)
    return tuple(dict.fromkeys(found))


def redacted(text: str, secret: str | None) -> str:
    """The text with ``[redacted]`` wherever the secret was."""
    return text.replace(secret, INSTEAD) if _is_secret(secret) else text


def _is_secret(given: str | None) -> TypeGuard[str]:
    return given is not None and len(given) >= SHORTEST
