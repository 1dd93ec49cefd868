"""The parts of a document dealt out to slides: small neighbours together, large ones split where the topic shifts."""

import heapq
import itertools
import math
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TypeVar

from .documents import Leaf
from .sentences import terms

T = TypeVar("T")

FULL = 3  # lines that make a slide with bullets
_WINDOW = 3  # sentences on each side of a gap that are compared
_PARAGRAPH = 0.4  # what a border between paragraphs gains
_TOO_SHORT = 1.0  # what a part without enough lines costs
_FARTHEST = 24  # lines between a border and where an even one would be


@dataclass(frozen=True)
class Piece:
    """What one slide is made from."""

    chapter: str
    heading: str  # empty: to be found
    lines: tuple[str, ...]
    continues: str = ""  # the heading of the piece before, where that is the same part


def full_slides(leaves: Sequence[Leaf]) -> int:
    """Slides that a document fills with bullets, or with a heading of its own."""
    return sum(max(1, len(leaf.lines) // FULL) for leaf in leaves)


def deal(leaves: Sequence[Leaf], slides: int) -> list[Piece]:
    """At most so many pieces, in order; fewer where there are not enough sentences for more."""
    if not leaves or slides < 1:
        return []
    return _merged(leaves, slides) if len(leaves) > slides else _split(leaves, slides)


def _split(leaves: Sequence[Leaf], slides: int) -> list[Piece]:
    found: list[Piece] = []
    for leaf, parts in zip(leaves, _seats([len(leaf.lines) for leaf in leaves], slides), strict=True):
        for at, lines in enumerate(split_at_shifts(leaf.lines, parts, leaf.starts)):
            heading = "" if at else leaf.heading
            found.append(Piece(leaf.chapter, heading, tuple(lines), leaf.heading if at else ""))
    return found


def _seats(sizes: Sequence[int], seats: int) -> list[int]:
    """One for each, the others as D'Hondt gives them; never more than the size."""
    given = [1] * len(sizes)
    waiting = [(-size / 2, at) for at, size in enumerate(sizes) if size > 1]
    heapq.heapify(waiting)
    for _ in range(seats - len(sizes)):
        if not waiting:
            break
        _, at = heapq.heappop(waiting)
        given[at] += 1
        if given[at] < sizes[at]:
            heapq.heappush(waiting, (-sizes[at] / (given[at] + 1), at))
    return given


def split_at_shifts(lines: Sequence[str], parts: int, starts: Collection[int] = ()) -> list[Sequence[str]]:
    """Parts of about the same size, each begun where it has least in common with what came before.

    After Hearst's TextTiling (1997), which compares neighbouring windows of sentences by their terms; here the best
    borders of all are found together, each not far from where even parts would put it.

    Args:
        starts: places where paragraphs begin, which are preferred.
    """
    if parts <= 1 or len(lines) <= 1:
        return [lines]
    counts = [Counter(terms(line)) for line in lines]
    costs = [_likeness(counts, gap) - (_PARAGRAPH if gap in starts else 0.0) for gap in range(len(lines))]
    borders = _best_borders(len(lines), min(parts, len(lines)), costs)
    return [lines[start:end] for start, end in itertools.pairwise(borders)]


def _best_borders(count: int, parts: int, costs: Sequence[float]) -> list[int]:
    """Where each part begins, and the end: the least sum of what borders and uneven parts cost."""
    step = count / parts
    reach = min(_FARTHEST, math.ceil(step))
    best: list[dict[int, tuple[float, int]]] = [{0: (0.0, 0)}]  # for each border: place -> least cost, border before
    for number in range(1, parts + 1):
        middle = round(number * step)
        places = range(max(number, middle - reach), min(count - (parts - number), middle + reach) + 1)
        known: dict[int, tuple[float, int]] = {}
        for place in places if number < parts else (count,):
            border = costs[place] if place < count else 0.0
            ways = ((cost + border + _uneven(place - at, step), at) for at, (cost, _) in best[-1].items() if at < place)
            least = min(ways, default=None)
            if least is not None:
                known[place] = (round(least[0], 9), least[1])
        best.append(known)
    return _backwards(best, count)


def _uneven(length: int, step: float) -> float:
    """What a part costs that is not as long as the others, or too short for bullets."""
    return ((length - step) / step) ** 2 + (_TOO_SHORT if length < FULL else 0.0)


def _backwards(best: Sequence[dict[int, tuple[float, int]]], count: int) -> list[int]:
    borders = [count]
    for known in reversed(best[1:]):
        borders.append(known[borders[-1]][1])
    return borders[::-1]


def _likeness(counts: Sequence[Counter[str]], gap: int) -> float:
    before = sum(counts[max(0, gap - _WINDOW) : gap], Counter[str]())
    after = sum(counts[gap : gap + _WINDOW], Counter[str]())
    shared = sum(before[term] * after[term] for term in before)
    lengths = sum(n * n for n in before.values()) * sum(n * n for n in after.values())
    return shared / math.sqrt(lengths) if lengths else 0.0


def _merged(leaves: Sequence[Leaf], slides: int) -> list[Piece]:
    """Neighbours put together, within their chapter as long as there are not more chapters than slides."""
    chapters: list[list[Leaf]] = []
    for leaf in leaves:
        if chapters and chapters[-1][-1].chapter == leaf.chapter:
            chapters[-1].append(leaf)
        else:
            chapters.append([leaf])
    if len(chapters) > slides:
        return [_together([leaf for one in group for leaf in one]) for group in _even(chapters, slides)]
    seats = _seats([len(chapter) for chapter in chapters], slides)
    return [
        _together(group) for chapter, number in zip(chapters, seats, strict=True) for group in _even(chapter, number)
    ]


def _even(items: Sequence[T], parts: int) -> list[Sequence[T]]:
    borders = [len(items) * at // parts for at in range(parts + 1)]
    return [items[start:end] for start, end in itertools.pairwise(borders)]


def _together(group: Sequence[Leaf]) -> Piece:
    headings = tuple(dict.fromkeys(leaf.heading for leaf in group if leaf.heading))
    lines = tuple(line for leaf in group for line in leaf.lines)
    one_chapter = all(leaf.chapter == group[0].chapter for leaf in group)
    whole = one_chapter and group[0].heading == group[0].chapter
    return Piece(group[0].chapter, group[0].chapter if whole else next(iter(headings), ""), lines)
