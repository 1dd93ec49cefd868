"""A1111's "parameters" text, which pictures carry: read, written, and found in a picture's file.

A prompt, "Negative prompt: ...", and one last line of settings: "Steps: 20, Sampler: Euler a, Hires prompt: "a, b"".
Forge, reForge, SD.Next, stable-diffusion.cpp and sites such as Civitai write it too. There is no specification. A value
with a comma, a colon or a new line in it is written as a JSON string; some write JSON lists and objects as they are.
"""

import io
import json
import re
import struct
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from PIL import Image

from .errors import ImageError

PARAMETERS = "parameters"  # the PNG keyword that A1111 and Forge read
EXIF_IFD, USER_COMMENT = 0x8769, 0x9286  # EXIF tags: where the comment lies, and the comment

_NEGATIVE = "Negative prompt:"
_STEPS = re.compile(r"Steps:\s*\d+\s*(?:,|$)")  # every known writer begins its settings with these
_NAME = re.compile(r'([^:,"]+):(\s|$)?')
_PLAIN_NAME = re.compile(r"\w[\w \-/]*[\w\-/]")  # the names that A1111 reads back
_FEWEST = 3  # settings in a line without steps, as A1111 counts: fewer are a prompt's last words
_SPACE = re.compile(r"\s*")
_END = re.compile(r"\s*(?:,|$)")
_JSON = json.JSONDecoder()
_JSON_BEGINS = ('"', "{", "[")
_MOST_MANGLED = 20  # values that begin as JSON and are none, after which it is no longer tried: each costs a whole look

_FORMATS = ("PNG", "JPEG", "WEBP", "AVIF", "GIF")
_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_HEADER_END = len(_SIGNATURE) + 25  # the first chunk, IHDR, has always this length
_TEXT_CHUNKS = (b"tEXt", b"zTXt", b"iTXt", b"eXIf")
_UTF16, _ASCII = b"UNICODE\0", b"ASCII\0\0\0"  # how an EXIF comment begins
_DAMAGE = (  # what Pillow's readers raise for files that are not as they should be
    *(OSError, SyntaxError, ValueError, LookupError, TypeError, OverflowError, EOFError, RuntimeError, MemoryError),
    *(struct.error, zlib.error, Image.DecompressionBombError),
)
_COMFYUI = ("prompt", "workflow")  # what ComfyUI keeps as `key:JSON` in EXIF where there are no text chunks


@dataclass(frozen=True)
class Infotext:
    """What a picture was made from; prompts without white space around them."""

    prompt: str = ""
    negative: str = ""
    settings: Mapping[str, str] = field(default_factory=dict)  # in the order of the text, "Steps" first


@dataclass(frozen=True)
class PictureTexts:
    """The texts in a picture's file."""

    infotext: str | None  # A1111's, as it stands
    texts: Mapping[str, str]  # PNG keyword to text, such as ComfyUI's `prompt` and `workflow`


class Setting(NamedTuple):
    name: str
    value: str
    plain: bool  # written just as A1111 writes it


def parse_infotext(text: str) -> Infotext:
    """Takes any text: what is no settings line and not behind "Negative prompt:" is the prompt."""
    *lines, last = text.replace("\r\n", "\n").strip().split("\n")
    settings = _settings(last.strip())
    if not settings:
        lines.append(last)
    negative = next((at for at, line in enumerate(lines) if line.lstrip().startswith(_NEGATIVE)), len(lines))
    below = "\n".join(lines[negative:]).strip().removeprefix(_NEGATIVE)
    return Infotext("\n".join(lines[:negative]).strip(), below.strip(), settings)


def format_infotext(infotext: Infotext) -> str:
    """The text as A1111 writes it; `parse_infotext` reads the same from it where the first setting is the steps."""
    settings = ", ".join(f"{name}: {_quoted(value)}" for name, value in infotext.settings.items())
    negative = f"{_NEGATIVE} {infotext.negative}" if infotext.negative else ""
    return "\n".join(part for part in (infotext.prompt, negative, settings) if part)


def _quoted(value: str) -> str:
    special = any(mark in value for mark in ",:\n") or value != value.strip() or value.startswith(_JSON_BEGINS)
    return json.dumps(value, ensure_ascii=False) if special else value


def _settings(line: str) -> dict[str, str]:
    """The settings of a line; none where it is the end of a prompt, such as "(best quality:1.2), style: photo"."""
    if line.startswith(_NEGATIVE):
        return {}
    found: dict[str, str] = {}
    plain = True
    for setting in _pieces(line):
        plain &= setting.plain
        if setting.name:
            found.setdefault(setting.name, setting.value)
    return found if _STEPS.match(line) or (plain and len(found) >= _FEWEST) else {}


def _pieces(line: str) -> Iterator[Setting]:
    """What stands between commas; a piece that says nothing readable has no name."""
    at, mangled = 0, 0
    while at < len(line):
        start = _behind_spaces(line, at)
        name = _NAME.match(line, start)
        if name:
            start = _behind_spaces(line, name.end(1) + 1)
            opened = line.startswith(_JSON_BEGINS, start)
            found = _json_value(line, start) if opened and mangled < _MOST_MANGLED else None
            mangled += opened and found is None
            value, at = found or _until_comma(line, start)
            yield Setting(name[1].strip(), value, name[2] is not None and bool(_PLAIN_NAME.fullmatch(name[1])))
        else:  # A1111 writes a setting whose value is its name as the name alone
            word, at = _until_comma(line, start)
            word = "" if {":", '"'} & set(word) else word
            yield Setting(word, word, False)


def _behind_spaces(line: str, start: int) -> int:
    found = _SPACE.match(line, start)
    return found.end() if found else start


def _json_value(line: str, start: int) -> tuple[str, int] | None:
    """A string's text, a list or an object as it stands, and where the next piece begins; None if it is no JSON."""
    try:
        value, end = _JSON.raw_decode(line, start)
    except (ValueError, RecursionError):
        return None
    after = _END.match(line, end)
    return (value if isinstance(value, str) else line[start:end], after.end()) if after else None


def _until_comma(line: str, start: int) -> tuple[str, int]:
    end = line.find(",", start)
    end = len(line) if end < 0 else end
    return line[start:end].strip(), end + 1


def user_comment(text: str) -> bytes:
    """The value of EXIF's UserComment as A1111 writes it: UTF-16, its high bytes first."""
    return _UTF16 + text.replace("\0", "").encode("utf-16-be", "replace")


def read_parameters(data: bytes) -> PictureTexts:
    """The texts in a PNG, JPEG, WebP, AVIF or GIF file. No pixel is decoded, however many the file claims to have.

    Raises:
        ImageError: the file is damaged, of another kind, or its texts are larger than Pillow reads.
    """
    try:
        if data.startswith(_SIGNATURE):
            data = _without_pixels(data)
        Image.init()
        with Image.open(io.BytesIO(data), formats=[name for name in _FORMATS if name in Image.OPEN]) as image:
            return _texts(image)
    except _DAMAGE as error:
        raise ImageError(
            "The texts in the picture cannot be read: the file is damaged, too large, or none of PNG, JPEG, WebP, AVIF"
            " and GIF. Choose another file, or save it anew."
        ) from error


def with_parameters(data: bytes, text: str) -> bytes:
    """The file with A1111's text in it: a PNG that has none yet. Every other file is given as it is.

    Raises:
        ImageError: the PNG is damaged.
    """
    if not data.startswith(_SIGNATURE) or not text or read_parameters(data).infotext is not None:
        return data
    return b"".join((data[:_HEADER_END], _text_chunk(PARAMETERS, text.replace("\0", "")), data[_HEADER_END:]))


def _text_chunk(key: str, text: str) -> bytes:
    """tEXt, or iTXt for what Latin-1 cannot write."""
    try:
        return _chunk(b"tEXt", key.encode() + b"\0" + text.encode("latin-1"))
    except UnicodeEncodeError:
        return _chunk(b"iTXt", key.encode() + b"\0\0\0\0\0" + text.encode("utf-8", "replace"))


def _without_pixels(data: bytes) -> bytes:
    """A PNG of one pixel with all text chunks of a larger one, also those behind its pixels.

    Pillow decodes the pixels to get at the latter.
    """
    parts, at = [_SIGNATURE, _chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0))], len(_SIGNATURE)
    kind = b""
    while kind != b"IEND":
        length, kind = struct.unpack_from(">I4s", data, at)
        if kind in _TEXT_CHUNKS:
            parts.append(data[at : at + 12 + length])
        at += 12 + length
    return b"".join((*parts, _chunk(b"IDAT", zlib.compress(b"\0\0")), _chunk(b"IEND", b"")))


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def _texts(image: Image.Image) -> PictureTexts:
    texts = {str(key): str(value) for key, value in image.info.items() if isinstance(value, str)}
    exif = image.getexif()
    for value in exif.values():
        key, colon, rest = value.partition(":") if isinstance(value, str) else ("", "", "")
        if colon and key in _COMFYUI:
            texts.setdefault(key, rest.rstrip("\0"))
    comments = (exif.get_ifd(EXIF_IFD).get(USER_COMMENT), image.info.get("comment"))
    found = (texts.get(PARAMETERS, ""), *map(_decoded, comments))
    return PictureTexts(next((text for text in found if text.strip()), None), texts)


def _decoded(comment: Any) -> str:
    """A comment's text. Its first eight bytes say how it is written; where they do not, it is taken for UTF-8."""
    if isinstance(comment, str):
        return comment
    if not isinstance(comment, bytes):
        return ""
    if comment.startswith(_UTF16):
        return _decoded_utf16(comment[len(_UTF16) :]).strip("\0")
    return comment.removeprefix(_ASCII).decode("utf-8", "replace").strip("\0")


def _decoded_utf16(text: bytes) -> str:
    """Either byte order: EXIF's own rule, the order of the file, is not what A1111 keeps to."""
    if text.startswith((b"\xff\xfe", b"\xfe\xff")):
        return text.decode("utf-16", "replace")
    little = text[1::2].count(0) > text[::2].count(0)  # the high byte of every plain letter, digit and space is zero
    return text.decode("utf-16-le" if little else "utf-16-be", "replace")
