"""Sentences made to fit a line: cut where a clause ends, not within a word, and not so that they say the opposite."""

import itertools
import re

from .sentences import capitalised, is_east_asian, width
from .tongues import ALL_STOPWORDS

_NO_BORDER = (  # behind a comma: what the verb before it needs, or an enumeration that goes on
    r"(?!\s(?:dass|daß|ob|zu|um|que|that|to)\b)(?!\s(?:[^\s,]+\s){1,3}(?:and|or|und|oder|et|ou|y|o)\s)"
)
_BORDER = re.compile(
    rf"[,;:](?=\s){_NO_BORDER}|\s[–—-](?=\s)|[，；：、]|"
    r"(?<=\s)(?=(?:and|but|which|because|so that|while|whereas|und|aber|weil|sodass|et|mais|parce que|y|pero|porque)\s)"
)
_OPENERS = re.compile(  # words that tie a sentence to the one before
    r"(?:however|moreover|furthermore|in addition|additionally|also|therefore|thus|then|finally|in fact|of course|"
    r"jedoch|außerdem|zudem|cependant|de plus|en outre|además|sin embargo)\s*,\s+|"
    r"(?:此外|另外|因此|所以|同时|其实|当然|最后)[，,]\s*",
    re.IGNORECASE,
)
_CONCEDES = re.compile(  # the first clause may go, the second says what holds
    r"(?:although|though|while|whereas|despite|in spite of|obwohl|während|trotz|bien que|malgré|aunque|a pesar de)\s|"
    r"虽然|尽管|虽说",
    re.IGNORECASE,
)
_CONDITION = re.compile(  # neither clause may go
    r"(?:if|unless|until|when|once|before|after|wenn|falls|sobald|solange|bevor|nachdem|si|quand|avant|après|cuando|"
    r"antes|después)\s|如果|若|除非|只要|只有|当",
    re.IGNORECASE,
)
_ASIDE = re.compile(r"\s*[(（][^()（）]{0,200}[)）]")
_SHORTEST = 0.36  # of the limit: what is cut shorter says too little
_SHORTEST_CLAUSE, _SHORTEST_WIDE_CLAUSE = 28, 12  # columns, the latter in Chinese
_HANGING = re.compile(r"[\s,]+(?:mostly|mainly|partly|largely|simply|only|just|even|vor allem|nur|surtout|sobre todo)$")
_LINKS = re.compile(
    r"^(?:and|but|or|which|while|und|aber|et|mais|y|pero)\s+|^(?:并且|而且|并|而|但是|但)", re.IGNORECASE
)
_LEANING = re.compile(
    r"(?:because|where|who|when|which|while|whereas|so that|weil|sodass|wo|die|der|das|où|que|qui|parce que|donde|"
    r"porque)\s"
)
_TRAILING = " ,;:.–—-，；：。、！？!?…"


def shorten(sentence: str, limit: int = 90) -> str:
    """The sentence without its full stop, at most `limit` columns wide; an ellipsis where no clause ends in time."""
    text = _bare(_without_opener(sentence.strip()[: limit * 40]))
    if width(text) <= limit:
        return text
    text = _bare(_ASIDE.sub("", text))
    if width(text) <= limit:
        return text
    if _CONCEDES.match(text):
        text = _after_first_clause(text)
        if width(text) <= limit:
            return text
    cut = "" if _CONDITION.match(text) else _at_clause(text, limit)
    return cut or _at_word(text, limit)


def _without_opener(text: str) -> str:
    opener = _OPENERS.match(text)
    return capitalised(text[opener.end() :]) if opener else text


def fits(sentence: str, limit: int) -> bool:
    """Whether the sentence can be shortened without an ellipsis."""
    return not shorten(sentence, limit).endswith("…")


def _bare(text: str) -> str:
    """Without the marks that end a sentence; an abbreviation keeps its full stop, a question its mark."""
    text = text.strip()
    return text if text.endswith(("?", "？", "…")) else text.rstrip(_TRAILING)


def _after_first_clause(text: str) -> str:
    border = re.search(r",\s+|，", text)
    rest = text[border.end() :].strip() if border else ""
    rest = re.sub(r"^(?:但是|但|却|仍然)", "", rest)
    return rest[:1].upper() + rest[1:] if len(rest) > 12 else text


def _at_clause(text: str, limit: int) -> str:
    best = ""
    for border in _BORDER.finditer(text[: 3 * limit]):  # further than the limit: a border looks ahead
        if border.start() > limit:
            break
        piece = _HANGING.sub("", text[: border.start()].rstrip(_TRAILING))
        if limit * _SHORTEST <= width(piece) <= limit and _balanced(piece):
            best = piece
    return best


def _balanced(piece: str) -> bool:
    return all(piece.count(one) == piece.count(other) for one, other in ("()", "（）", "“”", "「」", "《》"))


def _at_word(text: str, limit: int) -> str:
    kept = _columns(text, limit - 1)
    if not kept.endswith(" ") and text[len(kept) : len(kept) + 1] not in ("", " ") and " " in kept:
        kept = kept[: kept.rfind(" ")]
    parts = kept.split()
    while len(parts) > 3 and parts[-1].casefold() in ALL_STOPWORDS:
        parts.pop()
    return (" ".join(parts) if parts else kept.strip()).rstrip(_TRAILING) + "…"


def _columns(text: str, limit: int) -> str:
    """The beginning that is at most so wide."""
    used = 0
    for at, character in enumerate(text):
        used += width(character)
        if used > limit:
            return text[:at]
    return text


def clauses(sentence: str, limit: int) -> list[str]:
    """The sentence in its clauses, for a slide that has little else to show; one piece where there are none."""
    text = _bare(sentence.strip()[: limit * 40])
    if _CONDITION.match(text) or _CONCEDES.match(text) or not _balanced(text):
        return [shorten(text, limit)]
    cuts = [0, *(border.end() for border in _BORDER.finditer(text)), len(text)]
    least = _SHORTEST_WIDE_CLAUSE if is_east_asian(text) else _SHORTEST_CLAUSE
    found: list[str] = []
    for start, end in itertools.pairwise(cuts):
        piece = text[start:end]
        leans = width(piece) < least or bool(_LEANING.match(piece.strip()))
        if found and (leans or width(found[-1]) < least) and width(found[-1] + piece) <= limit:
            found[-1] += piece
        else:
            found.append(piece)
    return [shorten(_LINKS.sub("", piece.strip()), limit) for piece in found if _stands_alone(piece)]


def _stands_alone(piece: str) -> bool:
    return bool(re.search(r"\w", piece)) and not _LEANING.match(piece.strip())
