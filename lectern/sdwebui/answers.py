"""Reads the answer of txt2img and img2img: which of its pictures are the generated ones, and what is said of them."""

import json
import struct
from binascii import a2b_base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .errors import AnswerError
from .skeleton import read_long

_MOST_PICTURES = 4096
_HEAD = 32  # characters of base64 that hold a PNG's size
_LONGEST_TEXT = 100_000  # characters of one infotext


@dataclass(frozen=True)
class Reply:
    """One answer. Pictures are base64, as they lie in the answer's bytes."""

    images: Sequence[memoryview | bytes]  # the generated ones, in order
    extras: Sequence[memoryview | bytes]  # grids and control maps
    seeds: Sequence[int]  # of the generated ones; may be fewer
    infotexts: Sequence[str]  # likewise
    info: Mapping[str, Any]  # what the server says; empty when it says nothing


def read_reply(server: str, body: bytes | bytearray, asked: int, size: tuple[int, int] | None = None) -> Reply:
    """
    Args:
        server: how the server is named to people.
        asked: pictures that were asked for; what the server says of itself goes before.
        size: width and height that were asked for; tells a grid that the server says nothing of.

    Raises:
        AnswerError: no JSON, or no pictures in it.
    """
    try:
        content, holes = read_long(body)
    except ValueError:
        raise AnswerError(
            f"{server} answered with something that is not JSON. Look whether its url in lectern.toml leads to the"
            " server itself, not to a proxy or a login page."
        ) from None
    pictures = _pictures(content, holes)
    if not pictures:
        raise AnswerError(
            f"{server} answered without any picture. Look whether a checkpoint is loaded there, and at its console."
        )
    info = _info(content, holes)
    seeds = [seed for seed in _list(info.get("all_seeds")) if type(seed) is int]
    told = _number(info.get("index_of_first_image"), len(pictures) - 1)
    first = _first(pictures, told, len(seeds) or asked, size)
    count = min(len(seeds) or asked, len(pictures) - first)
    texts = [text[:_LONGEST_TEXT] if isinstance(text, str) else "" for text in _list(info.get("infotexts"))]
    return Reply(
        images=pictures[first : first + count],
        extras=[*pictures[:first], *pictures[first + count :]],
        seeds=seeds[:count],
        infotexts=texts[told : told + count],  # there is none for a grid that the server does not tell of
        info=info,
    )


def read_extras(server: str, body: bytes | bytearray, key: str) -> list[memoryview | bytes]:
    """The pictures of an answer of the extras routes, under `image` or `images`. Raises AnswerError."""
    try:
        content, holes = read_long(body)
    except ValueError:
        raise AnswerError(f"{server} answered with something that is not JSON.") from None
    value = content.get(key) if isinstance(content, dict) else None
    pictures = _pictures({"images": value if isinstance(value, list) else [value]}, holes)
    if not pictures:
        raise AnswerError(f"{server} answered without any picture. Its console says why.")
    return pictures


def _pictures(content: Any, holes: Mapping[str, memoryview]) -> list[memoryview | bytes]:
    values = content.get("images") if isinstance(content, dict) else None
    found: list[memoryview | bytes] = []
    for value in _list(values)[:_MOST_PICTURES]:
        if isinstance(value, str) and value:  # koboldcpp answers [""] when it failed
            found.append(holes[value] if value in holes else value.encode("utf-8", "replace"))
    return found


def _first(pictures: Sequence[memoryview | bytes], told: int, count: int, size: tuple[int, int] | None) -> int:
    """Where the generated pictures begin: where the server says, unless they have the wanted size elsewhere alone."""
    if size is None or len(pictures) <= count:
        return told
    sizes = [_size(picture) for picture in pictures]
    fits = [at for at in range(len(pictures) - count + 1) if all(one == size for one in sizes[at : at + count])]
    return told if told in fits or not fits else fits[0]


def _size(picture: memoryview | bytes) -> tuple[int, int] | None:
    """Width and height from the head of a PNG in base64; of other files None."""
    try:
        head = a2b_base64(picture[:_HEAD])
    except ValueError:
        return None
    return struct.unpack(">II", head[16:24]) if head.startswith(b"\x89PNG") and len(head) >= 24 else None


def _info(content: Any, holes: Mapping[str, memoryview]) -> Mapping[str, Any]:
    """`info` is a text that holds JSON; koboldcpp leaves it empty."""
    text = content.get("info")
    if isinstance(text, str) and text in holes:
        text = str(holes[text], "utf-8", "replace")
    try:
        found = json.loads(text) if isinstance(text, str) else text
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _number(value: Any, most: int) -> int:
    return min(max(value, 0), most) if type(value) is int else 0
