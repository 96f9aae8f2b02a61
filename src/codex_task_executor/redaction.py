"""The API key taken out of text, before it is printed, kept or sent to the model."""

from __future__ import annotations

SHORTEST = 16
"""Characters of the shortest key that is taken for a secret.

Local servers accept any word (``ollama``, ``none``), and taking such a word out of every file
that is read would spoil the text and protect nothing. OpenAI's keys have 50 and more.
"""

INSTEAD = "[redacted]"


def redacted(text: str, secret: str | None) -> str:
    """The text with ``[redacted]`` wherever the secret was."""
    if secret is None or len(secret) < SHORTEST:
        return text
    return text.replace(secret, INSTEAD)
