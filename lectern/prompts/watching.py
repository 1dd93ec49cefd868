"""What a node shows while models write: the newest text, how far it is, how fast it comes.

Written where the models are asked, read where the node runs: plain values, replaced whole, so no lock is needed.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass

_SHOWN = 1500  # characters of the newest text that are worth sending


@dataclass(frozen=True)
class Glimpse:
    """One look."""

    text: str  # the end of the newest text
    tokens: int  # of all parts
    rate: float  # tokens a second since the first one
    thinking: bool  # a reasoning model has not begun its answer
    done: int  # parts
    total: int


class Watch:
    """The progress of one node's questions."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.glimpse = Glimpse("", 0, 0.0, False, 0, 1)
        self._told: Callable[[], None] = lambda: None
        self._clock = clock
        self._began = 0.0
        self._tokens = 0
        self._done, self._total = 0, 1

    @property
    def fraction(self) -> float:
        """0 to 1."""
        return min(1.0, self._done / max(1, self._total))

    def listen(self, told: Callable[[], None]) -> None:
        """Calls back after every change, on the thread that made it; must not block."""
        self._told = told

    def expect(self, total: int) -> None:
        """Parts in all."""
        self._total = max(1, total)

    def part(self) -> "Part":
        """One more answer begins."""
        return Part(self)

    def ended(self) -> None:
        """One of the parts that were expected is over, however many questions it took."""
        self._done += 1
        self._show(self.glimpse.text, self.glimpse.thinking)

    def seen(self, text: str, tokens: int, thinking: bool) -> None:
        """For parts."""
        if tokens and not self._tokens:
            self._began = self._clock()
        self._tokens += tokens
        self._show(text[-_SHOWN:], thinking)

    def _show(self, text: str, thinking: bool) -> None:
        passed = self._clock() - self._began if self._tokens else 0.0
        rate = (self._tokens - 1) / passed if passed > 0 else 0.0
        self.glimpse = Glimpse(text, self._tokens, rate, thinking, self._done, self._total)
        self._told()


class Part:
    """One answer while it is written."""

    def __init__(self, watch: Watch) -> None:
        self._watch = watch
        self._text = ""

    def write(self, piece: str, tokens: int = 1) -> None:
        """More of the answer itself."""
        self._text = (self._text + piece)[-_SHOWN:]
        self._watch.seen(self._text, tokens, thinking=False)

    def think(self, tokens: int = 1) -> None:
        """More of what is thought and not shown."""
        self._watch.seen(self._text, tokens, thinking=not self._text)

    def restart(self) -> None:
        """The answer is given anew."""
        self._text = ""
        self._watch.seen("", 0, thinking=False)
