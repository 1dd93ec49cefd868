"""What a server's error answer says: OpenAI's `{"error": {"message", "param"}}`, FastAPI's `{"detail"}`, and their kin.

The words may repeat the key, the prompt or a picture. They are for telling what to do; a person sees them only
through `Discretion`.
"""

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from ..loosejson import unescaped

_READ = 2048  # characters of a message that are looked at
_SHOWN = 200  # of those that are shown
_RUN = 24  # characters of a prompt in a row that are too many to show
_SHORTEST = 6  # of a whole prompt that is
_KEY_RUN = 8  # and of a key
_ESCAPED = 2  # times: servers show a request as JSON, some within another one
_QUOTED = re.compile(r"""(["'`])(.*?)\1""")


class Complaint(NamedTuple):
    words: str = ""  # in one line
    fields: tuple[str, ...] = ()  # those it names apart from its words
    code: int = 0  # an HTTP status that it carries; 0: none
    further: str = ""  # what a server behind the server said; never shown

    def about(self, field: str) -> bool:
        return any(one == field or one.startswith((f"{field}.", f"{field}[")) for one in self.fields)

    def named(self, fields: Iterable[str]) -> set[str]:
        """Those of the fields that it is about: named apart, else in the words."""
        fields = set(fields)
        apart = {field for field in fields if self.about(field)}
        return apart or {field for field in fields if re.search(rf"(?<!\w){re.escape(field)}(?!\w)", self.all_words)}

    @property
    def all_words(self) -> str:
        return f"{self.words} {self.further}"


def complaint(body: bytes | bytearray) -> Complaint:
    """Of an error answer's body; empty words when it is no JSON that is understood."""
    try:
        return complaint_of(json.loads(bytes(body).decode("utf-8", "replace")))
    except (ValueError, RecursionError):
        return Complaint()


def complaint_of(content: Any) -> Complaint:
    if isinstance(content, list) and content:  # Gemini
        content = content[0]
    if not isinstance(content, Mapping):
        return Complaint(_line(content) if isinstance(content, str) else "")
    inner = content.get("error")
    if isinstance(inner, Mapping):
        content = inner
    elif isinstance(inner, str):
        return Complaint(_line(inner), (), _code(content))
    detail = content.get("detail")
    if isinstance(detail, list):
        return _of_list(detail)
    words = next((content[key] for key in ("message", "detail") if isinstance(content.get(key), str)), "")
    param = content.get("param")
    fields = (param,) if isinstance(param, str) and param else ()
    return Complaint(_line(words), fields, _code(content), _behind(content.get("metadata")))


def _behind(metadata: Any) -> str:
    """OpenRouter passes on what the provider said."""
    raw = metadata.get("raw") if isinstance(metadata, Mapping) else None
    return _line(raw) if isinstance(raw, str) else ""


def _of_list(detail: list[Any]) -> Complaint:
    """FastAPI: one entry for every field. Its `input` is what was sent, so it is not looked at."""
    places, words = [], []
    for one in detail[:10]:
        if isinstance(one, Mapping):
            steps = one.get("loc") if isinstance(one.get("loc"), list) else []
            place = ".".join(str(step) for step in steps or [] if step != "body")
            places.append(place)
            words.append(f"{place}: {one.get('msg', '')}" if place else str(one.get("msg", "")))
    return Complaint(_line("; ".join(words)), tuple(place for place in places if place))


def _code(content: Mapping[str, Any]) -> int:
    for key in ("code", "status", "status_code"):
        code = content.get(key)
        if isinstance(code, str) and re.fullmatch(r"[45]\d\d", code):
            return int(code)
        if isinstance(code, int) and not isinstance(code, bool) and 400 <= code < 600:
            return code
    return 0


def _line(words: str) -> str:
    return " ".join(re.sub(r"[\x00-\x1f\x7f]+", " ", words[:_READ]).split())


class Discretion(NamedTuple):
    """What must not be repeated to a person, who may pass it on."""

    key: str
    texts: tuple[str, ...]  # of the question

    def shown(self, words: str) -> str:
        """The server's words, shortened; nothing where they repeat what was asked."""
        if self.key:
            words = words.replace(self.key, "***")
        words = words if len(words) <= _SHOWN else f"{words[: _SHOWN - 3]}..."
        return "" if self.repeats(words) or self._quoted_in(words) else words.rstrip(". ")

    def repeats(self, words: str) -> bool:
        said, key = _alike(words), _alike(self.key)
        if "base64" in said or any(part in key for part in _runs(said, _KEY_RUN)):
            return True
        return any(_repeats(said, text) for text in self.texts)

    def _quoted_in(self, words: str) -> bool:
        """Whether they quote a word or two of what was asked."""
        texts = [_alike(text) for text in self.texts]
        quoted = [found[2] for found in _QUOTED.finditer(_alike(words))]
        return any(len(one) >= _SHORTEST and one in text for one in quoted for text in texts)


def _alike(text: str) -> str:
    """However it is spelt: in one line and small letters, without JSON's escapes."""
    for _ in range(_ESCAPED):
        text = unescaped(text)
    return " ".join(text.casefold().split())


def _repeats(said: str, text: str) -> bool:
    """Whether it holds a long part of the text, or all of a short one; an idea is one of several lines at times."""
    whole = _alike(text)
    if any(part in whole for part in _runs(said, _RUN)):
        return True
    return any(_SHORTEST <= len(one) < _RUN and one in said for one in (whole, *map(_alike, text.splitlines())))


def _runs(words: str, length: int) -> Iterable[str]:
    return (words[start : start + length] for start in range(len(words) - length + 1))
