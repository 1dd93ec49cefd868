"""Writing systems: what belongs together as one sign, which signs are emoji, and which fonts suit a script."""

import unicodedata
from collections.abc import Iterable

from .fontfiles import Face

_SELECTORS = (0xFE00, 0xFE0F)
_EMOJI_STYLE, _TEXT_STYLE, _JOINER = "\ufe0f", "\ufe0e", "\u200d"
_SKIN_TONES = (0x1F3FB, 0x1F3FF)
_TAGS = (0xE0020, 0xE007F)
_REGIONAL = (0x1F1E6, 0x1F1FF)  # two of them are a flag

# Scripts whose letters change with their neighbours: without Raqm they would come out wrong, not just plain.
_SHAPED = ((0x0590, 0x08FF), (0x0900, 0x0DFF), (0x0E00, 0x0EFF), (0x0F00, 0x0FFF), (0x1000, 0x109F),
           (0x1780, 0x17FF), (0xFB1D, 0xFDFF), (0xFE70, 0xFEFF))  # fmt: skip

# First words of Unicode names that are not the word a font family uses for the script.
_FAMILY_WORDS = {"hiragana": "cjk", "katakana": "cjk", "hangul": "cjk", "ideographic": "cjk", "fullwidth": "cjk",
                 "bopomofo": "cjk", "canadian": "canadian aboriginal"}  # fmt: skip
_SPECIAL = ("mono", "nastaliq", "kufi", "rashi", "looped", "display", "condensed", "math", "music", "symbols",
            "handwritten", "signwriting")  # fmt: skip
_PLACEHOLDERS = ("lastresort", "last resort", "adobe blank", "adobe notdef")  # these have a box for everything


def _within(character: str, bounds: tuple[int, int]) -> bool:
    return bounds[0] <= ord(character) <= bounds[1]


def clusters(text: str) -> list[str]:
    """Characters with the marks, joiners, selectors and tones that follow them: never parted, never in two fonts."""
    found: list[str] = []
    for character in text:
        if found and _belongs(found[-1], character):
            found[-1] += character
        else:
            found.append(character)
    return found


def _belongs(cluster: str, character: str) -> bool:
    if unicodedata.category(character) in ("Mn", "Mc", "Me") or character == _JOINER or cluster[-1] == _JOINER:
        return True
    if _within(character, _SELECTORS) or _within(character, _SKIN_TONES) or _within(character, _TAGS):
        return True
    return _within(character, _REGIONAL) and len(cluster) == 1 and _within(cluster, _REGIONAL)


def is_emoji(cluster: str) -> bool:
    """Whether a sign is shown in colour: asked for by a selector, a flag, or by default (Unicode TR 51)."""
    if _EMOJI_STYLE in cluster or _TEXT_STYLE in cluster:
        return _EMOJI_STYLE in cluster
    first = cluster[0]
    if _within(first, _REGIONAL):
        return len(cluster) > 1
    wide = unicodedata.east_asian_width(first) == "W"  # among symbols: exactly those with emoji presentation
    return wide and (_within(first, (0x231A, 0x2B55)) or _within(first, (0x1F004, 0x1FAFF)))


def invisible(character: str) -> bool:
    """Joiners, variation selectors and other format characters need no glyph of their own."""
    return unicodedata.category(character) in ("Cf", "Zs") or _within(character, _SELECTORS)


def needs_shaping(text: str) -> bool:
    return any(_within(character, bounds) for character in text for bounds in _SHAPED)


def script_of(character: str) -> str:
    """The word that font families use for a character's script: "arabic", "thai", "cjk"."""
    word = unicodedata.name(character, "").split(" ")[0].lower()
    return _FAMILY_WORDS.get(word, word)


def han_region(text: str) -> str:
    """Han characters look different in Japan, Korea and China; kana and hangul tell which is meant."""
    scripts = {unicodedata.name(character, "").split(" ")[0] for character in set(text)}
    if scripts & {"HIRAGANA", "KATAKANA"}:
        return "jp"
    return "kr" if "HANGUL" in scripts else "sc"


def is_placeholder(face: Face) -> bool:
    return any(name in face.family.casefold() for name in _PLACEHOLDERS)


def unlikeliness(face: Face, script: str, region: str) -> int:
    """How little a face suits a script beside the built-in sans serif; the least comes first."""
    family = face.family.casefold()
    words = family.split()
    wanted = f"noto sans cjk {region}" if script == "cjk" else f"noto sans {script}"
    if family == wanted:
        return 0
    special = any(word in words for word in _SPECIAL) or "Condensed" in face.path.stem
    rank = 1 if family.startswith(wanted) else 2 if script in family else 3 if family.startswith("noto sans") else 4
    return rank + (8 if special or face.color else 4 if "serif" in family else 0)


def script_groups(characters: Iterable[str]) -> dict[str, list[str]]:
    groups: dict[str, list[str]] = {}
    for character in characters:
        groups.setdefault(script_of(character), []).append(character)
    return groups
