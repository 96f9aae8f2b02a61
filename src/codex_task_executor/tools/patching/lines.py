"""A file as lines that keep their own endings, byte for byte.

CR LF, LF and a lone CR each end a line; nothing else does (``str.splitlines`` would also
break at form feeds and Unicode separators). Bytes that are not UTF-8 travel as lone
surrogates (PEP 383) and come out unchanged.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain

_BREAK = re.compile(r"(\r\n|\n|\r)")
_MARK = "\ufeff"
_ESCAPED = re.compile("[\udc80-\udcff]+|\ufffd")


@dataclass(frozen=True)
class Document:
    """A file's lines. ``endings`` runs beside ``texts``; only its last item may be "".

    ``mark`` is the byte order mark that the file begins with, or "".
    """

    texts: tuple[str, ...]
    endings: tuple[str, ...]
    mark: str = ""

    @classmethod
    def parse(cls, data: bytes) -> Document:
        """Split a file's bytes; ``encode`` gives the same bytes back."""
        text = data.decode("utf-8", "surrogateescape")
        mark = _MARK if text.startswith(_MARK) else ""
        *parts, last = _BREAK.split(text[len(mark) :])
        texts, endings = parts[0::2], parts[1::2]
        if last:
            texts, endings = [*texts, last], [*endings, ""]
        return cls(tuple(texts), tuple(endings), mark)

    def encode(self) -> bytes:
        """The file's bytes."""
        pairs = zip(self.texts, self.endings, strict=True)
        text = self.mark + "".join(chain.from_iterable(pairs))
        return text.encode("utf-8", "surrogateescape")

    def usual_ending(self) -> str:
        """The ending of most lines (of the first, if equal); LF if there is none.

        A lone CR only in a file that has nothing else: many files of lines ended by LF hold
        one, and a new line must not be hidden behind it.
        """
        counts = Counter(ending for ending in self.endings if ending)
        only_returns = "\r" if counts["\r"] else "\n"
        feeds = (ending for ending in counts if ending.endswith("\n"))
        return max(feeds, key=counts.__getitem__, default=only_returns)

    def terminated(self) -> Document:
        """The same lines, the last one with an ending too: that of the line before it."""
        if not self.endings or self.endings[-1]:
            return self
        before = self.endings[-2] if len(self.endings) > 1 else ""
        ending = self.usual_ending() if before in ("", "\r") else before
        return Document(self.texts, (*self.endings[:-1], ending), self.mark)


def shown(text: str) -> str:
    """The text as a reader of UTF-8 sees it: U+FFFD for what is not UTF-8."""
    if text.isascii():
        return text
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def hidden_bytes(texts: Sequence[str]) -> list[str]:
    """What stands behind each U+FFFD that ``shown`` gives for these lines, in order."""
    pieces: list[str] = []
    for run in chain.from_iterable(map(_ESCAPED.findall, texts)):
        pieces += [run] + [""] * (len(shown(run)) - 1)
    return pieces


def restore_bytes(texts: Sequence[str], hidden: Sequence[str]) -> list[str] | None:
    """Put ``hidden`` back for each U+FFFD of the texts; None where their numbers differ."""
    if sum(text.count("\ufffd") for text in texts) != len(hidden):
        return None
    pieces = iter(hidden)
    return [re.sub("\ufffd", lambda _: next(pieces), text) for text in texts]
