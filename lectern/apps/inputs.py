"""One input of an app: what it allows, and what is wrong with a value that it does not allow."""

import json
import math
import re
from dataclasses import dataclass
from typing import NamedTuple

from .media import Media, accepts
from .nodeinfo import Kind, Scalar

RANDOM = "random"  # what a caller may write instead of a seed
ECHO_LENGTH = 100  # characters of a caller's value that an error repeats
CHOICES_LISTED = 20
DATA_URL = re.compile(r"data:([^,;]*)((?:;[^,;]*)*),", re.IGNORECASE)
FILE_URL = re.compile(r"/lectern/v1/files/[0-9a-f]{32}")
WEB_URL = re.compile(r"https?://[^\s/?#]+[^\s]*", re.IGNORECASE)
URL_LENGTH = 8192  # characters of a web address
NOUNS = {
    Media.IMAGE: "a picture",
    Media.MASK: "a mask (a picture)",
    Media.AUDIO: "a sound",
    Media.VIDEO: "a video",
    Media.FILE: "a file",
}


@dataclass(frozen=True)
class Input:
    """One input of an app, and the widget that it sets."""

    name: str
    node_id: str
    widget: str
    kind: Kind
    label: str = ""
    description: str = ""
    required: bool = False
    default: Scalar | None = None  # None when required; also an optional mask's
    minimum: int | float | None = None
    maximum: int | float | None = None
    max_length: int | None = None  # characters
    choices: tuple[Scalar, ...] | None = None
    multiline: bool = False
    seed: bool = False
    step: int | float | None = None
    media: Media | None = None  # exactly when the kind is FILE
    mask_of: str = ""  # the image input that this mask is painted over
    channel: str = ""  # the channel that a mask-only node reads: alpha, red, green or blue
    class_type: str = ""
    node_title: str = ""
    also: tuple[tuple[str, str], ...] = ()  # further (node id, widget) that get the same value


class Problem(NamedTuple):
    """One mistake in one input."""

    input: str
    code: str
    message: str


def check_value(item: Input, value: object) -> Problem | None:
    """The mistake in one value, or None."""
    fault = _fault(item, value)
    if fault is None:
        return None
    got = f"{len(value)} characters" if fault == "too_long" and isinstance(value, str) else _echo(item, value)
    return Problem(item.name, fault, f"{item.name} must be {allowed(item)}; got {got}.")


def _fault(item: Input, value: object) -> str | None:
    if item.seed and value == RANDOM:
        return None
    if item.kind is Kind.CHOICE:
        return "not_a_choice" if find_choice(item, value) is None else None
    if item.media is not None:
        return _file_fault(item, item.media, value)
    if not _has_type(item.kind, value):
        return "wrong_type"
    if isinstance(value, str):
        return "too_long" if item.max_length is not None and len(value) > item.max_length else None
    if isinstance(value, (int, float)) and item.kind is not Kind.BOOLEAN and not _in_range(item, value):
        return "out_of_range"
    return None


def _file_fault(item: Input, media: Media, value: object) -> str | None:
    """A file is named by where it is; whether it is there is for whoever fetches it to see."""
    if not isinstance(value, str):
        return "wrong_type"
    if value == item.default and item.default is not None:
        return None
    data = DATA_URL.match(value)
    if data is not None:
        return None if accepts(media, data[1] or "text/plain") else "wrong_media"
    if FILE_URL.fullmatch(value) or (len(value) <= URL_LENGTH and WEB_URL.fullmatch(value)):
        return None
    return "not_a_file"


def _echo(item: Input, value: object) -> str:
    """What was given; of a data URL only its type, because the rest is somebody's picture."""
    data = DATA_URL.match(value) if item.media is not None and isinstance(value, str) else None
    return shown(value) if data is None else f"a data URL of {(data[1] or 'text/plain')[:ECHO_LENGTH]}"


def _has_type(kind: Kind, value: object) -> bool:
    if kind is Kind.STRING:
        return isinstance(value, str)
    if isinstance(value, bool) or kind is Kind.BOOLEAN:
        return isinstance(value, bool) and kind is Kind.BOOLEAN
    if kind is Kind.INTEGER:
        # JSON has one number type: 5.0 is an integer to it.
        return isinstance(value, int) or (isinstance(value, float) and value.is_integer())
    return isinstance(value, (int, float)) and _is_finite(value)


def _is_finite(value: int | float) -> bool:
    try:
        return math.isfinite(value)
    except OverflowError:  # an integer that no float can hold
        return False


def _in_range(item: Input, value: int | float) -> bool:
    return (item.minimum is None or value >= item.minimum) and (item.maximum is None or value <= item.maximum)


def find_choice(item: Input, value: object) -> Scalar | None:
    """The choice that equals the value. Python's True == 1 must not let a boolean through as a number."""
    for choice in item.choices or ():
        if value == choice and isinstance(value, bool) == isinstance(choice, bool):
            return choice
    return None


def allowed(item: Input) -> str:
    """What an input may be, as the object of a sentence: 'an integer from 1 to 8'."""
    if item.kind is Kind.CHOICE:
        return _choices(item.choices or ())
    if item.kind is Kind.BOOLEAN:
        return "true or false"
    if item.media is not None:
        return f"{NOUNS[item.media]} as a data URL, the URL that POST /lectern/v1/files gave, or an http(s) URL"
    if item.kind is Kind.STRING:
        return "a text" + (f" of at most {item.max_length} characters" if item.max_length is not None else "")
    noun = "an integer" if item.kind is Kind.INTEGER else "a number"
    return f"{noun}{_range(item)}" + (f' or "{RANDOM}"' if item.seed else "")


def _range(item: Input) -> str:
    if item.minimum is not None and item.maximum is not None:
        return f" from {item.minimum} to {item.maximum}"
    if item.minimum is not None:
        return f" of at least {item.minimum}"
    return f" of at most {item.maximum}" if item.maximum is not None else ""


def _choices(choices: tuple[Scalar, ...]) -> str:
    if not choices:
        return "one of the choices, but ComfyUI has none installed"
    listed = ", ".join(shown(choice) for choice in choices[:CHOICES_LISTED])
    more = len(choices) - CHOICES_LISTED
    return f"one of {listed}" + (f" and {more} more" if more > 0 else "")


def shown(value: object) -> str:
    """A value as JSON, cut to a length that may be repeated."""
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= ECHO_LENGTH else f"{text[: ECHO_LENGTH - 1]}…"
