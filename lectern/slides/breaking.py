"""Where a line may end: after spaces, and between East Asian characters by their own rules."""

import re
import unicodedata
from itertools import pairwise

from .scripts import clusters

# Characters that may not begin or end a line; Unicode line breaking classes CL, NS, EX and OP for CJK (UAX 14).
_NO_START = set("、。，．：；？！）］｝〉》」』】〕〗〙〛”’…‥ー々ゝゞヽヾ・゛゜%％,.!?;:)]}»›")
_NO_START |= set("ぁぃぅぇぉっゃゅょゎァィゥェォッャュョヮヵヶ")
_NO_END = set("（［｛〈《「『【〔〖〘〚“‘([{«‹$￥¥£€#")


def break_pieces(text: str) -> list[str]:
    """Splits at every place where a line may end; what belongs to one sign stays together."""
    pieces: list[str] = []
    for word in re.findall(r"\S+\s*|\s+", text):
        signs = clusters(word)
        piece = signs[0]
        for before, after in pairwise(signs):
            if _may_break(before[0], after[0]):
                pieces.append(piece)
                piece = after
            else:
                piece += after
        pieces.append(piece)
    return pieces


def _may_break(before: str, after: str) -> bool:
    if after in _NO_START or before in _NO_END or after.isspace():
        return False
    return _ideographic(before) or _ideographic(after)


def _ideographic(character: str) -> bool:
    """East Asian wide letters may be parted anywhere; Korean breaks at its spaces."""
    if unicodedata.east_asian_width(character) not in ("W", "F"):
        return False
    return "HANGUL" not in unicodedata.name(character, "")
