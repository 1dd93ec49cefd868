"""Which sentences of a text matter: those that hold what the whole text keeps coming back to.

A sentence is scored by its likeness to the middle of all sentences (the centroid of MEAD, Radev et al. 2004), which
costs time in line with the text; a graph of all pairs, as TextRank has it, would not.
"""

import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence

from .sentences import terms, words

_TIED = re.compile(  # sentences that say little without the one before
    r"(?:this|that|these|those|it|they|he|she|however|therefore|thus|but|and|so|also|dies|das|es|sie|er|aber|daher|"
    r"cela|ceci|il|elle|mais|donc|esto|eso|pero|por eso)\b|这|那|它|他|她|但|因此|所以|此外",
    re.IGNORECASE,
)
_POLITE = re.compile(
    r"(?:thank|thanks|danke|merci|gracias|sorry|please find|i hope|let me know)\b|谢谢|感谢", re.IGNORECASE
)
_COURTESY = 70  # characters
_FEWEST, _MOST = 4, 45  # words of a sentence that reads well


def scores(sentences: Sequence[str], before: float = 0.15) -> list[float]:
    """How much each sentence matters, about 0 to 2.

    Args:
        before: how much the first sentences gain, which tend to say what follows.
    """
    found = [set(terms(sentence)) for sentence in sentences]
    weights = term_weights(found)
    return [
        _likeness(one, weights) * _form(sentence) + before / (1 + at)
        for at, (one, sentence) in enumerate(zip(found, sentences, strict=True))
    ]


def term_weights(found: Sequence[set[str]]) -> dict[str, float]:
    """How often each term comes back, damped."""
    times = Counter(term for one in found for term in one)
    highest = math.log1p(max(times.values(), default=1))
    return {term: math.log1p(count) / highest for term, count in times.items()}


def _likeness(one: set[str], weights: Mapping[str, float]) -> float:
    # Sorted: sums of floats in the order of a set would differ from one process to the next.
    return sum(sorted(weights[term] for term in one)) / (len(one) + 4) ** 0.7


def _form(sentence: str) -> float:
    length = len(words(sentence)) + sum(len(word) > 6 for word in words(sentence)) // 2
    factor = 0.5 if length < _FEWEST or length > _MOST else 1.0
    if _TIED.match(sentence):
        factor *= 0.75
    if sentence.endswith(("?", "？")):
        factor *= 0.7
    return factor * (1.15 if re.search(r"\d", sentence) else 1.0)


def is_courtesy(sentence: str) -> bool:
    """Thanks and the like, which say nothing."""
    return len(sentence) <= _COURTESY and bool(_POLITE.match(sentence))


def best(values: Sequence[float], count: int) -> list[int]:
    """The places of the highest values, in the order of the text."""
    order = sorted(range(len(values)), key=lambda at: (-values[at], at))
    return sorted(order[:count])
