"""Phrases of a text: its strongest ones, a title, and the subject of an idea."""

import re
from collections import Counter
from collections.abc import Sequence
from itertools import takewhile

from .sentences import capitalised, is_east_asian, one_line, sentences, terms, width, words
from .shortening import shorten
from .tongues import ALL_STOPWORDS, language_of

_LOOKED_AT = 20  # sentences that tell the language
_MOST_WORDS = 4  # of a phrase
_LONGEST_WORD = 40  # characters
_TITLE_WORDS = 6
_NAMED = 1.8  # what a phrase behind an article gains
_NAMED_BY = (
    "the a an our my your their his her its der die das den dem des ein eine einen unser unsere le la les un une l'"
    " notre nos el los las una nuestro nuestra"
)
_NAMING = frozenset(_NAMED_BY.split())
_TITLE_WIDTH = 28  # columns of a Chinese title
_BREAKS = re.compile(r"(?:(?![.,](?=\d))[^\w\s'’&/+%€$£-])+|\s[-–—]\s|\n")
_PARTICLES = re.compile(r"[的了在是和与及将对从把被为而或且着过吗呢吧，。；：、！？\s]+")
_LEADS = re.compile(  # what asks for a picture or a talk rather than naming its subject
    r"^(?:please\s+)?(?:(?:create|make|draw|paint|generate|show|give|write|prepare|design|build|plan)\s+(?:me\s+)?)?"
    r"(?:(?:an?|the|my|our)\s+)?(?:\w+\s+)?(?:picture|image|photo|photograph|illustration|drawing|painting|render|"
    r"presentation|talk|deck|slide\s?show|slides|lecture|pitch|keynote|slide deck)\s+(?:of|about|on|for|that shows|"
    r"showing|to)\s+|"
    r"^(?:eine?n?\s+)?(?:bild|foto|präsentation|vortrag|folien)\s+(?:von|über|zu|zum|zur)\s+|"
    r"^(?:une?\s+)?(?:image|photo|présentation|exposé)\s+(?:de|d'|sur|à propos de)\s*|"
    r"^(?:una?\s+)?(?:imagen|foto|presentación|charla)\s+(?:de|sobre)\s+|"
    r"^(?:请|帮我|给我)+(?:画|生成|制作|做|写|准备)(?:一[张幅个份套])?(?:关于|有关)?|"
    r"^(?:画|生成|制作|做|写|准备)一[张幅个份套](?:关于|有关)?|^(?:关于|有关)",
    re.IGNORECASE,
)
_TRAILS = re.compile(r"的?(?:演示文稿|演示|演讲|幻灯片|PPT|ppt|图片|照片|插画|介绍)$")


def without_lead(text: str) -> str:
    """The subject alone: "a photo of a dog" says "a dog"."""
    kept = _TRAILS.sub("", _LEADS.sub("", text.strip(), count=1).strip()).strip()
    return kept or text.strip()


def title_of(idea: str) -> str:
    """2 to 6 words from an idea without syntax; up to 14 signs in Chinese. Empty where the idea holds no word."""
    found = sentences(idea)
    text = without_lead(found[0]) if found else ""
    clauses = [clause.strip() for clause in re.split(r"[,;:，；：。.!?！？]\s*|\s[–—-]\s", text) if clause.strip()]
    if not clauses:
        return ""
    if is_east_asian(clauses[0]):
        return _short_clause(clauses[0])
    named = clauses[0].split()
    if len(named) < 2 and len(clauses) > 1:
        named = f"{clauses[0]}, {clauses[1]}".split()
    return capitalised(_trimmed(named, _TITLE_WORDS))


def _trimmed(named: list[str], most: int) -> str:
    """The first words, without an article in front and without small words at the end."""
    if len(named) > 2 and named[0].casefold() in ("a", "an", "the", "ein", "eine", "une", "un", "una"):
        named = named[1:]
    kept = named[:most]
    while len(kept) > 2 and kept[-1].casefold().strip(",") in ALL_STOPWORDS:
        kept = kept[:-1]
    return shorten(" ".join(kept).strip(" ,"), 60)


def _short_clause(clause: str) -> str:
    if width(clause) <= _TITLE_WIDTH:
        return clause
    kept = ""
    for run in _PARTICLES.split(clause):
        if width(kept + run) > _TITLE_WIDTH:
            break
        kept = clause[: clause.find(run, len(kept)) + len(run)]
    return kept if len(kept) > 1 else clause[: _TITLE_WIDTH // 2]


def phrases(text: str) -> list[str]:
    """Runs of words between marks and small words, at most four long; of Chinese, clauses between particles."""
    found: list[str] = []
    for clause in _BREAKS.split(text):
        if is_east_asian(clause):
            found += [run for run in _PARTICLES.split(clause) if 2 <= len(run) <= 12]
        else:
            found += _runs(clause)
    return found


def _runs(clause: str) -> list[str]:
    """As Rose et al. 2010 (RAKE) find candidates."""
    found: list[str] = []
    run: list[str] = []
    for word in [*clause.split(), ""]:
        if word and word.casefold() not in ALL_STOPWORDS and len(word) < _LONGEST_WORD:
            run.append(word)
        elif run:
            found += [" ".join(run[at : at + _MOST_WORDS]) for at in range(0, len(run), _MOST_WORDS)]
            run = []
    return [phrase for phrase in found if re.search(r"[^\W\d_]{3}", phrase) and not phrase[0].isdigit()]


def strongest_phrase(sentences: Sequence[str], weights: Counter[str]) -> str:
    """The phrase that tells these sentences best from the rest of a text; empty where there is none.

    Args:
        weights: how often each term comes in the whole text.
    """
    here = Counter(term for sentence in sentences for term in terms(sentence))
    best, most = "", 0.0
    german = language_of(" ".join(sentences[:_LOOKED_AT])) == "Deutsch"
    for sentence in sentences:
        for phrase in map(_nouns, phrases(sentence)) if german else phrases(sentence):
            value = _strength(phrase, here, weights) * (_NAMED if _is_named(phrase, sentence) else 1.0)
            if value > most:
                best, most = phrase, value
    return capitalised(one_line(best))


def _nouns(phrase: str) -> str:
    """The first words as long as they are nouns, which German tells by their first letter."""
    return " ".join(takewhile(lambda word: word[:1].isupper(), phrase.split()))


def _is_named(phrase: str, sentence: str) -> bool:
    """Whether an article or a possessive says that it is a thing."""
    at = sentence.find(phrase)
    before = sentence[:at].casefold().split()[-1:]
    return bool(before) and before[0] in _NAMING


def _strength(phrase: str, here: Counter[str], weights: Counter[str]) -> float:
    found = terms(phrase)
    if not found:
        return 0.0
    told = sum(here[term] * here[term] / (1 + weights[term]) for term in found)
    return told / len(found) ** 0.5 * (1.2 if len(words(phrase)) in (2, 3) else 1.0)
