"""A topic as a person wrote it, made words that fit into titles: "the launch of X", plural or not."""

import re
from dataclasses import dataclass

from .phrases import title_of, without_lead
from .sentences import capitalised, is_east_asian, sentences, width
from .shortening import shorten
from .tongues import ALL_STOPWORDS

_TITLE_WIDTH, _SUBTITLE_WIDTH, _EMBEDDED_WIDTH = 70, 90, 36  # columns

_DETERMINERS = (
    "the a an our my your their his her its this that these those all some every der die das den unser unsere mein"
    " le la les l' un une notre nos mon ma el los las un una nuestro nuestra mi"
)
_DETERMINED = frozenset(_DETERMINERS.split())
_COUNTED = (
    "report launch plan review update project product recipe strategy meeting workshop proposal company team campaign"
    " guide lesson course event conference budget roadmap system platform app website book film game model method"
    " process program programme tool car house school city trip journey reunion festival museum party wedding match"
    " machine engine garden budget forecast survey study offer contract policy brand logo store shop office factory"
    " hospital week month year quarter summary overview introduction presentation pitch revolution war crisis empire"
    " dynasty launch future role state impact end birth rise fall story power beauty value cycle theory law theorem"
    " wall bridge river empire railway road treaty election constitution economy"
)
_COUNTABLE = frozenset(_COUNTED.split())
_MASS = re.compile(r"(?:ing|tion|ity|ness|ism|ics|ance|ence|ship|logy|graphy|care|ware|cy|ure|nomy|sy)$", re.IGNORECASE)
_PLURAL = re.compile(r"(?:[^suio]s|ies|ves|oes|ses|people|children|women|men|data|media)$", re.IGNORECASE)
_BETWEEN = "of for in on at to with from by about between under over and or as into through"
_PREPOSITIONS = frozenset(_BETWEEN.split())
_CLAUSE = re.compile(
    r"^(?:how|why|what|when|where|who|which|whether|can|could|should|is|are|do|does|will|we|i|you|it|there|let|"
    r"wie|warum|was|wer|wir|ich|comment|pourquoi|que|qui|nous|cómo|por qué|qué|quién)\b|"
    r"^(?:为什么|怎么|怎样|如何|什么是|谁|我们|我|你|他)",
    re.IGNORECASE,
)
_VERBS = re.compile(r"\b(?:is|are|was|were|will|has|have|can|should|must|need|needs|ist|sind|hat|est|sont|es|son)\b")


_ASKED = (  # questions -> what they are about
    re.compile(r"^(?:what|who)(?:'s| is| are| was| were)\s+(.+)$", re.IGNORECASE),
    re.compile(r"^(?:how|why|when|where)\s+(?:do|does|did)\s+(.+?)\s+\w+$", re.IGNORECASE),
    re.compile(r"^how to\s+\w+\s+(?!(?:from|with|in|on|at|to|for|and|up|out)\b)(.+)$", re.IGNORECASE),
    re.compile(
        r"^(?:why |how )?(?:(?:we|you|they|i|companies|people|schools)\s+)?(?:should|must|need to|can|could|want to)\s+"
        r"(?:(?:we|you|they|i)\s+)?\w+\s+(?:to\s+)?(?!(?:from|with|in|on|at|for|and|up|out)\b)(.+)$",
        re.IGNORECASE,
    ),
    re.compile(r"^(?:什么是|谁是|如何理解|怎样理解)(.+)$"),
    re.compile(r"^(?:wer|was) (?:ist|sind|war) (.+)$", re.IGNORECASE),
)
_READERS = re.compile(  # whom a topic names as its audience
    r"\s+for\s+((?:[\w-]+\s+)?(?:children|kids|beginners|students|investors|executives|managers|teachers|parents|everyone|"
    r"seniors|developers|colleagues|customers|newcomers|non-experts|teenagers|adults))$",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Subject:
    title: str  # of the deck
    subtitle: str  # what the topic says beyond the title
    words: str = ""  # within a title, after "why"; empty where the topic is no noun phrase
    plural: bool = False
    audience: str = ""  # where the topic names one

    @property
    def noun(self) -> str:
        """The words without an article."""
        return re.sub(r"^(?:the|an?)\s+", "", self.words)


def subject_of(topic: str, language: str) -> Subject:
    """Of a topic of one paragraph; all empty where it holds no word."""
    found = sentences(topic)
    if not found:
        return Subject("", "")
    first = without_lead(found[0]).rstrip(".。 ")
    readers = _READERS.search(first)
    first = first[: readers.start()] if readers and readers.start() > 2 else first
    head, rest = _parted(first)
    rest = rest or (found[1] if len(found) > 1 else "")
    title = capitalised(shorten(head, _TITLE_WIDTH))
    subtitle = capitalised(shorten(rest, _SUBTITLE_WIDTH)) if rest else ""
    words = _noun_phrase(_asked_about(head))
    english = language == "English" and not is_east_asian(head)
    words = _with_article(words) if english else words
    return Subject(title, subtitle, words, english and _is_plural(words), readers[1] if readers else "")


def _asked_about(head: str) -> str:
    question = head.rstrip(" ?？")
    found = next((found for pattern in _ASKED if (found := pattern.match(question))), None)
    return found[1].strip() if found else head


def _parted(sentence: str) -> tuple[str, str]:
    """ "Aurora X2: the lamp that learns" in its two parts."""
    border = re.search(r":\s+|：|\s[–—-]\s|——|,\s+|，|\s[(（]", sentence)
    if border and border.start() >= 2 and border.end() < len(sentence):
        return sentence[: border.start()].strip(), sentence[border.end() :].rstrip(" )）")
    return sentence, ""


def _noun_phrase(head: str) -> str:
    """What can stand within a title; empty for clauses and for what is too long."""
    if _CLAUSE.search(head) or _VERBS.search(head.casefold()) or head.endswith(("?", "？", "!", "！", "…")):
        return ""
    if is_east_asian(head):
        return head if width(head) <= 24 else ""
    if width(head) <= _EMBEDDED_WIDTH:
        return head
    short = title_of(head)
    return short if 0 < width(short) <= _EMBEDDED_WIDTH and not short.endswith("…") else ""


def _with_article(words: str) -> str:
    """ "product launch" needs one; "climate change", "electric cars" and "Marie Curie" do not."""
    parts = words.split()
    if not parts:
        return ""
    if parts[0].casefold() in _DETERMINED:
        return words[:1].lower() + words[1:]
    head = _head(parts)
    counted = head.casefold() in _COUNTABLE
    if counted or ("of" in parts and not _is_gerund(parts[0]) and not _is_plural(words) and not _MASS.search(head)):
        return f"the {_lowered(words)}"
    return _lowered(words)


def _lowered(words: str) -> str:
    """A large first letter that only begins the phrase goes; one that belongs to a name stays."""
    parts = words.split()
    first = parts[0]
    if first[1:] != first[1:].lower():
        return words
    others = [part for part in parts[1:] if part.casefold() not in ALL_STOPWORDS]
    common = first.casefold() in _COUNTABLE or (bool(others) and not any(part[:1].isupper() for part in others))
    return first.lower() + words[len(first) :] if common else words


def _head(parts: list[str]) -> str:
    """The noun that the rest tells more of: the last one before "of" and the like."""
    before = [at for at, part in enumerate(parts) if part.casefold() in _PREPOSITIONS]
    return parts[before[0] - 1] if before and before[0] > 0 else parts[-1]


def _is_gerund(word: str) -> bool:
    return len(word) > 5 and word.casefold().endswith("ing")


def _is_plural(words: str) -> bool:
    parts = words.removeprefix("the ").split()
    if not parts or _is_gerund(parts[0]):
        return False
    head = _head(parts).casefold()
    if " and " in words.split(" of ")[0] and not _PLURAL.search(head):
        return True
    return bool(_PLURAL.search(head)) and head not in (
        "news",
        "series",
        "physics",
        "economics",
        "mathematics",
        "politics",
    )
