"""Languages that people can choose, and which one a text is written in as far as its letters tell."""

import re

LANGUAGES = {  # name for the widget -> name for a model
    "English": "English", "中文": "Chinese (Simplified)", "繁體中文": "Chinese (Traditional)", "日本語": "Japanese",
    "한국어": "Korean", "Deutsch": "German", "Français": "French", "Español": "Spanish", "Italiano": "Italian",
    "Português": "Portuguese", "Nederlands": "Dutch", "Polski": "Polish", "Türkçe": "Turkish", "Русский": "Russian",
    "Українська": "Ukrainian", "العربية": "Arabic", "हिन्दी": "Hindi",
}  # fmt: skip

_SCRIPTS = (
    ("日本語", r"[\u3040-\u30ff]"),
    ("한국어", r"[\uac00-\ud7af]"),
    ("中文", r"[\u3400-\u9fff]"),
    ("Українська", r"[іїєґІЇЄҐ]"),
    ("Русский", r"[\u0400-\u04ff]"),
    ("العربية", r"[\u0600-\u06ff]"),
    ("हिन्दी", r"[\u0900-\u097f]"),
)


def script_language(text: str) -> str:
    """The language whose script the text uses; empty for Latin letters, which many languages share."""
    letters = len(re.findall(r"\w", text)) or 1
    for name, pattern in _SCRIPTS:
        if len(re.findall(pattern, text)) * 8 > letters:
            return name
    return ""


def is_chinese(text: str) -> bool:
    return script_language(text) in ("中文", "繁體中文")


_LETTERS = {
    **dict.fromkeys(("中文", "繁體中文"), r"[\u3400-\u9fff]"),
    "日本語": r"[\u3040-\u30ff\u3400-\u9fff]",
    "한국어": r"[\uac00-\ud7af]",
    **dict.fromkeys(("Русский", "Українська"), r"[\u0400-\u04ff]"),
    "العربية": r"[\u0600-\u06ff]",
    "हिन्दी": r"[\u0900-\u097f]",
}
_LATIN = r"[A-Za-z\u00c0-\u024f]"


def could_be(text: str, language: str) -> bool:
    """Whether most of its letters are of that language's script; a text without letters could be anything."""
    letters = [letter for letter in text if letter.isalpha()]
    own = re.compile(_LETTERS.get(language, _LATIN))
    return 2 * sum(bool(own.match(letter)) for letter in letters) >= len(letters)
