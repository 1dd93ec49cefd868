"""One line of an outline in Markdown: what it is and what it says. See markdown.py for the form as a whole.

A text after a backslash is taken as it stands. That is how a text is written that would be read as something else.
"""

import re
from collections.abc import Callable
from typing import Literal, NamedTuple

Kind = Literal["blank", "heading", "bullet", "quote", "label", "plain"]

_LABELS = {  # as people and models write them -> the field
    "look": "look", "style": "look", "外观": "look", "风格": "look",
    "cover": "cover", "封面": "cover",
    "section": "section", "章节": "section",
    "title": "title", "slide title": "title", "标题": "title",
    "subtitle": "subtitle", "副标题": "subtitle",
    "level": "level", "级别": "level",
    "picture": "picture", "image": "picture", "visual": "picture", "图片": "picture", "配图": "picture",
    "prompt": "prompt", "image prompt": "prompt", "提示词": "prompt",
    "negative": "negative", "negative prompt": "negative", "负面": "negative", "负面提示词": "negative",
    "alt": "alt_text", "alt text": "alt_text", "alt-text": "alt_text", "替代文本": "alt_text",
    "notes": "notes", "speaker notes": "notes", "备注": "notes", "演讲备注": "notes",
    "bullets": "bullets", "bullet points": "bullets", "key points": "bullets", "content": "bullets", "要点": "bullets",
}  # fmt: skip
_NAMES = "|".join(sorted(map(re.escape, _LABELS), key=len, reverse=True))
_LABEL = re.compile(rf"^([*_]{{0,3}})({_NAMES})[*_]{{0,3}}\s?[:：][*_]{{0,3}}(?:\s+|(?=\S)|$)(.*)$", re.IGNORECASE)
_IN_LISTS = ("subtitle", "picture", "prompt", "negative", "alt_text", "notes")  # labels that may be entries of a list
_HEADINGS = re.compile(  # labels that models write as headings below a slide's
    r"^(?:bullet points|key points|speaker notes|image prompt|negative prompt|alt text|要点|演讲备注)$", re.IGNORECASE
)
NONE = ("none", "no", "无", "没有", "無")
_VERBATIM = ("prompt", "negative")  # asterisks and brackets mean something there

_HEADING = re.compile(r"^(#{1,6}(?=\s|$)|#{2,6}(?=[^#]))\s*(.*)$")
_BULLET = re.compile(r"^(?:(?:[-*+•·–]|\d{1,3}[.)])(?:\s+|$)|\d{1,3}、\s*)(.*)$")
_RULE = re.compile(r"^[-*_=|: ]{3,}$")
_NUMBERED = re.compile(
    r"^(?:(?:slide|section|folie|diapositive|幻灯片)\s*\d{1,3}\s*(?:[:：.)—–-]\s*)(?=\S)"
    r"|第\s*[\d一二三四五六七八九十]{1,4}\s*[页张頁張]\s*[:：、.—-]\s*(?=\S)"
    r"|\d{1,3}(?:\.\d{1,3}){0,3}[.)]\s+|\d{1,3}、\s*)",
    re.IGNORECASE,
)
_EMPHASIS = re.compile(r"(?<![\w*\\])(\*{1,3}|_{2,3})(?=[^\s*_])([^*\n]{1,400}?)(?<=[^\s*_\\])\1(?![\w*])")
_TAGS = re.compile(
    r"</?(?:b|i|u|em|strong|br|p|span|div|center|small|sub|sup|mark|ul|ol|li|a|img|h[1-6]|details|summary)"
    r"(?:\s[^<>]{0,300})?/?>",
    re.IGNORECASE,
)
_TASK = re.compile(r"^\[[ xX]\]\s+")
# A title where a document has no headings: a line that is bold as a whole, or says which slide it is.
_POSED = re.compile(r"^(?:\*\*([^*]{1,300})\*\*:?|((?:slide|幻灯片)\s*\d{1,3}\s*[:：.—–-].{1,300}))$", re.IGNORECASE)


class Line(NamedTuple):
    kind: Kind
    text: str
    number: int = 0  # counted from 1
    depth: int = 0  # of a heading
    field: str = ""  # of a label
    indented: bool = False
    whole: str = ""  # a label with its text


def read_line(line: str, number: int = 0, posed: bool = False) -> Line:
    """What the line is.

    Args:
        posed: the document has no headings, so that lines that pose as headings are some.
    """
    bare = line.strip()
    indented = line[:1] in (" ", "\t")
    if not bare or _RULE.match(bare):
        return Line("blank", "", number)
    if posed and (found := _POSED.match(bare)):
        return Line("heading", _title(found[1] or found[2]), number, 2)
    if found := _HEADING.match(bare):
        return _heading(len(found[1]), found[2], number)
    if bare[0] == ">":
        return Line("quote", _quoted(line.rstrip().lstrip()[1:].removeprefix(" ")), number)
    if found := _BULLET.match(bare):
        inner = _label(found[1], number)
        return inner if inner and inner.field in _IN_LISTS else Line("bullet", _said(found[1]), number)
    return _label(bare, number) or Line("plain", _said(bare), number, indented=indented)


def written(mark: str, text: str, kind: Kind, field: str = "") -> str:
    """The line that is read as this text of this kind."""
    line = f"{mark}{text}".rstrip()
    found = read_line(line)
    same = (found.kind, found.text, found.field) == (kind, text, field)
    return line if same and text[:1] != "\\" else f"{mark}\\{text}"


def _heading(depth: int, text: str, number: int) -> Line:
    if depth > 2 and _HEADINGS.match(text.rstrip(":： ")):
        return Line("label", "", number, field=_LABELS[text.rstrip(":： ").lower()], whole=text)
    return Line("heading", _title(text), number, depth)


def _label(bare: str, number: int) -> Line | None:
    found = _LABEL.match(bare)
    field = _LABELS.get(found[2].lower()) if found else None
    if found is None or field is None:
        return None
    value = found[3]
    if found[1] and value.endswith(found[1]) and value[:1] != "\\":  # *Picture: all of the line is emphasised*
        value = value[: -len(found[1])]
    if field == "section" and value.casefold() in NONE:
        value = ""
    text = _unescaped(value, str if field in _VERBATIM else _plain)
    return Line("label", text, number, field=field, whole=_plain(bare))


def _unescaped(text: str, clean: Callable[[str], str]) -> str:
    return (text[1:] if text[:1] == "\\" else clean(text)).strip()


def _said(text: str) -> str:
    return _unescaped(text, lambda raw: "" if _RULE.match(raw) else _plain(_TASK.sub("", raw)))


def _title(text: str) -> str:
    return _unescaped(text, lambda raw: _NUMBERED.sub("", _plain(re.sub(r"(?:^|\s)#{1,6}$", "", raw))))


def _quoted(text: str) -> str:
    if text[:1] == "\\":
        return text[1:]
    label = _label(text.strip(), 0)
    return label.text if label and label.field == "notes" else text


def _plain(text: str) -> str:
    return _EMPHASIS.sub(r"\2", _TAGS.sub(" ", text) if "<" in text else text)
