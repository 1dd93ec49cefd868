"""What reasoning models think before they answer, told from the answer: `<think>...</think>` in the text itself.

Servers that know the model send its thoughts apart. Others send the model's words as they are, at times without the
opening tag, which the model's chat template had written already.
"""

import re
from typing import NamedTuple

_NAMES = ("think", "thinking")
_TAG = re.compile(rf"<(/?)(?:{'|'.join(_NAMES)})>", re.IGNORECASE)
_TAGS = tuple(f"<{slash}{name}>" for name in _NAMES for slash in ("", "/"))


class Sifted(NamedTuple):
    """What one piece brought."""

    said: str = ""  # belongs to the answer
    thought: bool = False  # there were thoughts in it
    retracted: bool = False  # what was said before had been thoughts: forget it


class Sieve:
    """Takes an answer piece by piece; a tag may be split over several."""

    def __init__(self) -> None:
        self._pieces: list[str] = []  # of the answer so far
        self.thought = False  # the model has thought at all
        self._thinks = False
        self._held = ""  # the beginning of what may become a tag

    @property
    def said(self) -> str:
        """The answer so far."""
        return "".join(self._pieces)

    def feed(self, piece: str) -> Sifted:
        text = self._held + piece
        hold = _beginning_of_tag(text)
        self._held = text[len(text) - hold :]
        return self._sift(text[: len(text) - hold])

    def end(self) -> Sifted:
        """Nothing comes any more: what looked like a tag was none."""
        rest, self._held = self._held, ""
        return self._sift(rest)

    def _sift(self, text: str) -> Sifted:
        said, thought, retracted, start = "", False, False, 0
        for tag in _TAG.finditer(text):
            before = text[start : tag.start()]
            start = tag.end()
            closes = bool(tag[1])
            if closes and not self._thinks:  # its opening was in the chat template
                said, self._pieces, retracted, thought = "", [], True, True
            elif self._thinks:
                thought = thought or bool(before)
            else:
                said += self._say(before)
            self._thinks = not closes
        rest = text[start:]
        if self._thinks:
            thought = thought or bool(rest)
        else:
            said += self._say(rest)
        self.thought = self.thought or thought
        return Sifted(said, thought, retracted)

    def _say(self, text: str) -> str:
        text = text if self._pieces else text.lstrip()
        if text:
            self._pieces.append(text)
        return text


def without_thinking(text: str) -> str:
    """The answer alone: without thoughts, also when they never end or only their end is marked."""
    sieve = Sieve()
    sieve.feed(text)
    sieve.end()
    return sieve.said.strip()


def _beginning_of_tag(text: str) -> int:
    """How many characters at the end may be the beginning of a tag."""
    start = text.rfind("<")
    tail = text[start:].lower() if start >= 0 else ""
    return len(tail) if tail and any(tag.startswith(tail) and tag != tail for tag in _TAGS) else 0
