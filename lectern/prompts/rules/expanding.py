"""A short idea made a prompt by rules: its own words first, then what the use, the scene and the"
" deck's look call for."""

import re
from dataclasses import dataclass, replace

from ..families import FAMILIES, USES, Family, Use
from ..wishes import OWN_LANGUAGE, Expansion, Wish
from .additions import Addition, of_idea, of_use
from .phrases import phrases, title_of, without_lead
from .ranking import best, scores
from .sentences import capitalised, clean, is_east_asian, one_line, sentences, size
from .shortening import shorten
from .syntax import extras, has_syntax, holds, plain, tags, without
from .tongues import CHINESE, language_of

_ENOUGH = 5  # phrases
_LONGEST_WORDS = 25  # characters a word, on average: longer is no text
_ALT_WIDTH = 160  # columns
_LETTERED = re.compile(  # an idea that wants something written in the picture
    r"[\"“「『][^\"”」』]+[\"”」』]|\b(?:text|lettering|words?|caption|typography|sign|letters)\b|文字|标语|字样|书法",
    re.IGNORECASE,
)
_PRAISE = frozenset(word for family in FAMILIES.values() for word in family.quality) | {"high quality", "8k", "4k"}
_LETTERS = ("text", "letters", "garbled text", "subtitles")


@dataclass(frozen=True)
class _Job:
    """One wish with what follows from it."""

    wish: Wish
    family: Family
    use: Use
    said: str  # the idea without unwanted terms and without syntax
    idea: str  # the same with its syntax, short enough for the family
    never: tuple[str, ...]
    own: str  # the language of the idea
    notes: tuple[str, ...]

    @property
    def prose(self) -> bool:
        return self.family.form == "prose"

    @property
    def chinese(self) -> bool:
        """Whether the rules write Chinese."""
        wanted = self.own if self.wish.language == OWN_LANGUAGE else self.wish.language
        return self.prose and wanted in CHINESE and wanted in self.family.languages


def expand_by_rules(wish: Wish) -> Expansion:
    """The prompt for the wish; the same for the same wish everywhere.

    Raises:
        KeyError: a family or a use that does not exist.
    """
    job = _job(wish)
    added = of_idea(job.said, job.family, job.use, wish.creativity, wish.look, wish.seed, job.chinese)
    light = next((one for one in added if one.aspect == "light"), None)
    return Expansion(
        positive=_positive(job, added),
        negative=_negative(job),
        title=title_of(job.said) or _untitled(job),
        alt_text=_alt_text(job, light),
        notes=job.notes,
    )


def _job(wish: Wish) -> _Job:
    family, use = FAMILIES[wish.family], USES[wish.use]
    wish = _cleaned(wish)
    must = wish.must
    kept = [term for term in wish.never if any(holds(one, term) for one in must)]
    never = tuple(term for term in wish.never if re.search(r"\w", term) and term not in kept)
    notes = [f"{term!r} is both wanted and unwanted; it was kept." for term in kept]
    idea = wish.text
    own = language_of(plain(idea))
    for term in never:
        if holds(idea, term):
            idea = without(idea, term)
            notes.append(f"{term!r} is unwanted and was taken out of the idea.")
    if not re.search(r"\w", idea):
        idea = "抽象构图" if own in CHINESE and family.language in CHINESE else "abstract composition"
        notes.append("The idea says nothing to draw; an abstract composition was written in its place.")
    short = _short_enough(idea, family)
    if short != idea:
        notes.append(f"The idea is longer than {family.name} reads well; its main points were kept.")
    notes += _language_notes(wish, family, own)
    return _Job(wish, family, use, _without_praise(plain(idea)), short, never, own, tuple(notes))


def _cleaned(wish: Wish) -> Wish:
    """Its texts without control characters; terms without what stands around them, each once."""
    must, never = (
        tuple(dict.fromkeys(term for one in terms if (term := one_line(one)))) for terms in (wish.must, wish.never)
    )
    return replace(wish, text=clean(wish.text).strip(), look=one_line(wish.look), must=must, never=never)


def _without_praise(said: str) -> str:
    """Without words of quality in front, which say nothing of what is seen."""
    parts = tags(said)
    while len(parts) > 1 and parts[0].casefold() in _PRAISE:
        said = said[said.find(parts[0]) + len(parts[0]) :].lstrip(" ,，")
        parts = parts[1:]
    return said


def _language_notes(wish: Wish, family: Family, own: str) -> list[str]:
    wanted = wish.language
    if wanted == OWN_LANGUAGE:
        if own in family.languages:
            return []
        return [
            f"The idea stays in {own}: rules cannot translate, and {family.name} understands {family.language} best."
        ]
    return (
        [] if wanted == own else [f"The idea stays in {own}: rules cannot translate it to {wanted}. A chat model can."]
    )


def _short_enough(idea: str, family: Family) -> str:
    """The idea as it is, or its main points where it is too long for the family."""
    room = family.words[1]
    if len(idea) > room * _LONGEST_WORDS and size(idea) <= room:  # no words to choose among
        return shorten(idea, room * _LONGEST_WORDS // 2)
    if size(plain(idea)) <= room * (0.6 if family.form == "tags" and len(sentences(idea)) > 1 else 1):
        return idea
    said = sentences(plain(idea)) if has_syntax(idea) else sentences(idea)
    if family.form == "prose":
        return " ".join([*_within(said, int(room * 0.7)), *extras(idea)])
    listed = tags(plain(idea)) if _is_list(idea) else _telling([one for sentence in said for one in phrases(sentence)])
    return ", ".join([*_within(list(dict.fromkeys(listed)), int(room * 0.5)), *extras(idea)])


def _telling(found: list[str]) -> list[str]:
    """Without single words, which are mostly verbs, where there is enough else."""
    longer = [phrase for phrase in found if " " in phrase or is_east_asian(phrase)]
    return longer if len(longer) >= _ENOUGH else found


def _is_list(idea: str) -> bool:
    parts = tags(idea)
    return len(parts) > 3 and sum(size(part) for part in parts) <= 5 * len(parts) and "." not in idea


def _within(pieces: list[str], room: int) -> list[str]:
    """The pieces that matter most, in order, with at most so many words; the first one always."""
    values = scores(pieces, before=1.0)
    kept, used = set[int](), 0
    for at in sorted(range(len(pieces)), key=lambda at: (-values[at], at)):
        if used + size(pieces[at]) <= room:
            kept.add(at)
            used += size(pieces[at])
    if not kept:
        return [shorten(pieces[best(values, 1)[0]], room * 6)] if pieces else []
    return [pieces[at] for at in sorted(kept)]


def _positive(job: _Job, added: list[Addition]) -> str:
    chosen = [*of_use(job.use, job.prose, job.chinese), *(one.text for one in added)]
    chosen = [text for text in chosen if _allowed(job, text) and not holds(job.idea, text)]
    look = job.wish.look
    for term in job.never:
        look = without(look, term)
    joined = _paragraph if job.prose else _listed
    while chosen and size(joined(job, chosen, look)) > job.family.words[1]:
        chosen.pop()
    return joined(job, chosen, look)


def _allowed(job: _Job, text: str) -> bool:
    return not any(holds(text, term) for term in job.never)


def _listed(job: _Job, chosen: list[str], look: str) -> str:
    quality = [word for word in job.family.quality if _allowed(job, word) and not holds(job.idea, word)]
    idea = job.idea.rstrip(" \n,;，；。") if has_syntax(job.idea) else job.idea.rstrip(" \n,;.，；。")
    front, back = ", ".join([*quality, idea]), ", ".join([*chosen, *([look.rstrip(" .,")] if look else [])])
    missing = _missing(job, f"{front}, {back}")
    return ", ".join(part for part in (front, ", ".join(missing), back) if part)


def _paragraph(job: _Job, chosen: list[str], look: str) -> str:
    idea = _ended(job.idea.rstrip(" ,;，；"), job.chinese)
    style = [_labelled(job, "风格" if job.chinese else "Style", look)] if look else []
    missing = _missing(job, " ".join([idea, *chosen, *style]))
    if missing:
        listed = ("、" if job.chinese else ", ").join(missing)
        style.insert(0, _labelled(job, "画面中还有" if job.chinese else "Also in the picture", listed))
    return ("" if job.chinese else " ").join([idea, *chosen, *style])


def _labelled(job: _Job, label: str, text: str) -> str:
    """With a label in front, unless that is a term which is not wanted."""
    colon = "：" if job.chinese else ": "
    return _ended(f"{label}{colon}{text}" if _allowed(job, label) else text, job.chinese)


def _ended(text: str, chinese: bool) -> str:
    if re.search(r"(?:[.!?…。！？>)\]]|BREAK)[\"”’」』]?$", text):
        return text
    return text + ("。" if chinese or language_of(text) in CHINESE else ".")


def _missing(job: _Job, text: str) -> list[str]:
    return [term for term in job.wish.must if term not in text]


def _negative(job: _Job) -> str:
    if not job.family.negative:
        return ""
    wanted = " , ".join([plain(job.idea), *job.wish.must])
    usual = [*tags(job.family.negative), *job.use.negative]
    if _LETTERED.search(wanted):
        usual = [term for term in usual if term not in _LETTERS]
    usual = [term for term in usual if not holds(wanted, term)]
    return ", ".join(dict.fromkeys([*usual, *job.never]))


def _untitled(job: _Job) -> str:
    return "抽象构图" if job.own in CHINESE else "Abstract composition"


def _alt_text(job: _Job, light: Addition | None) -> str:
    """One sentence in the language of the idea."""
    found = sentences(job.said)
    first = shorten(without_lead(found[0]) if found else _untitled(job), _ALT_WIDTH)
    chinese = job.own in CHINESE
    lit = light is not None and not first.endswith(("…", "?", "？"))
    if chinese:
        return _ended(f"{first}，{light.phrase.chinese}" if lit and light else first, True)
    if job.own == "English" and lit and light:
        first = f"{first}, in {light.phrase.english}"
    return _ended(capitalised(first), False)
