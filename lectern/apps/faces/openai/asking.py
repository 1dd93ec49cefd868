"""What a request of OpenAI's Images API asks for, read and checked as far as it can be without the app.

Fields as in openai-python's `ImageGenerateParams` and `ImageEditParams`; what is not known is ignored, as the original
does.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple, NoReturn

from ...errors import BadRequest, InvalidInput
from ...files.names import ID, file_url
from ...inputs import Problem, shown
from ...surface.submission import parse_json
from ..pictures import FORMATS

MOST_PICTURES = 10
MOST_SOURCES = 16
MOST_PARTIAL = 3
MODEL_LENGTH = 500  # characters; a checkpoint's name is part of it
NUMBERS = ("n", "seed", "output_compression", "partial_images")
FILES = ("image", "image[]", "mask")  # parts of a form


class Size(NamedTuple):
    """In pixels."""

    width: int
    height: int

    def __str__(self) -> str:
        return f"{self.width}x{self.height}"


@dataclass(frozen=True)
class Asked:
    """A request for pictures; what it leaves open is None."""

    model: str
    prompt: str
    n: int = 1
    size: Size | None = None
    quality: str | None = None
    background: str | None = None
    format: str | None = None  # a key of pictures.FORMATS
    compression: int | None = None  # 0 to 100, of JPEG and WebP
    as_url: bool = False
    stream: bool = False
    partial: int = 0  # pictures of the way there
    seed: int | None = None  # not in the original
    input: Mapping[str, Any] = field(default_factory=dict)  # further inputs of the app; not in the original
    images: tuple[str, ...] = ()  # as an input takes files: data URLs and addresses
    mask: str | None = None


def read_generation(body: object) -> Asked:
    """The body of POST /images/generations. Raises BadRequest, InvalidInput."""
    body = _object(body)
    size, image_format = _text(body, "size", "auto"), _choice(body, "output_format", tuple(FORMATS))
    return Asked(
        model=_text(body, "model", "")[:MODEL_LENGTH],
        prompt=_prompt(body),
        n=_integer(body, "n", 1, MOST_PICTURES) or 1,
        size=None if size == "auto" else _size(size),
        quality=_text(body, "quality", None),
        background=_text(body, "background", None),
        format=image_format,
        compression=_integer(body, "output_compression", 0, 100),
        as_url=_choice(body, "response_format", ("b64_json", "url")) == "url",
        stream=_switch(body, "stream"),
        partial=_integer(body, "partial_images", 0, MOST_PARTIAL) or 0,
        seed=_integer(body, "seed", 0, 2**64 - 1),
        input=_input(body),
    )


def read_edit(body: object) -> Asked:
    """The body of POST /images/edits as JSON, or what `form_fields` made of a form. Raises BadRequest, InvalidInput."""
    from dataclasses import replace

    asked = read_generation(body)
    body = _object(body)
    given = body.get("images", body.get("image"))
    given = [] if given is None else given if isinstance(given, list) else [given]
    if not 1 <= len(given) <= MOST_SOURCES:
        refuse("image", "missing" if not given else "too_many", f"Send 1 to {MOST_SOURCES} pictures as image.")
    mask = body.get("mask")
    images = tuple(_reference("image", one) for one in given)
    return replace(asked, images=images, mask=None if mask is None else _reference("mask", mask))


def without_pictures(asked: Asked) -> Asked:
    """What is kept of a request while its run is waited for."""
    from dataclasses import replace

    return replace(asked, images=("",) * len(asked.images), mask=None)


def form_fields(fields: Mapping[str, str]) -> dict[str, Any]:
    """A form's texts as the same request has them in JSON; what is no number stays a text, and is refused as one."""
    body: dict[str, Any] = {}
    for name, text in fields.items():
        if name in FILES or (text == "" and name != "prompt"):
            continue
        number = name in NUMBERS and re.fullmatch(r"-?[0-9]{1,20}", text)
        body[name] = int(text) if number else text == "true" if name == "stream" else text
    return body


def refuse(param: str, code: str, message: str) -> NoReturn:
    """Raises InvalidInput."""
    raise InvalidInput(message, [Problem(param, code, message)._asdict()])


def _object(body: object) -> Mapping[str, Any]:
    if not isinstance(body, dict):
        raise BadRequest('The body must be a JSON object such as {"model": "...", "prompt": "..."}.')
    return body


def _prompt(body: Mapping[str, Any]) -> str:
    prompt = body.get("prompt")
    if not isinstance(prompt, str):
        refuse("prompt", "missing" if prompt is None else "wrong_type", "prompt must be a text.")
    return prompt


def _text(body: Mapping[str, Any], name: str, default: Any) -> Any:
    value = body.get(name)
    if value is None:
        return default
    if not isinstance(value, str):
        refuse(name, "wrong_type", f"{name} must be a text; got {shown(value)}.")
    return value


def _choice(body: Mapping[str, Any], name: str, choices: tuple[str, ...]) -> str | None:
    value = body.get(name)
    if value is not None and value not in choices:
        refuse(name, "not_a_choice", f"{name} must be one of {', '.join(choices)}; got {shown(value)}.")
    return value


def _integer(body: Mapping[str, Any], name: str, low: int, high: int) -> int | None:
    value = body.get(name)
    if value is None:
        return None
    if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
        refuse(name, "out_of_range", f"{name} must be an integer from {low} to {high}; got {shown(value)}.")
    return value


def _switch(body: Mapping[str, Any], name: str) -> bool:
    value = body.get(name)
    if value is not None and not isinstance(value, bool):
        refuse(name, "wrong_type", f"{name} must be true or false; got {shown(value)}.")
    return bool(value)


def _size(text: str) -> Size:
    found = re.fullmatch(r"([1-9][0-9]{0,4})x([1-9][0-9]{0,4})", text)
    if found is None:
        refuse("size", "wrong_value", f"size must be auto or a width and a height such as 1024x768; got {shown(text)}.")
    return Size(int(found[1]), int(found[2]))


def _input(body: Mapping[str, Any]) -> Mapping[str, Any]:
    """Of a form it is JSON; `input` is ours, so that a request can say what OpenAI has no word for."""
    value = body.get("input")
    if isinstance(value, str):
        try:
            value = parse_json(value.encode())
        except BadRequest as error:
            refuse("input", "wrong_type", f"input must be an object of the app's own inputs. {error}")
    if value is not None and not isinstance(value, dict):
        refuse("input", "wrong_type", "input must be an object of the app's own inputs.")
    return value or {}


def _reference(param: str, value: object) -> str:
    """`{"image_url": ...}`, `{"file_id": ...}` or the address itself, as an input takes files."""
    if isinstance(value, dict):
        file_id = value.get("file_id")
        if isinstance(file_id, str) and ID.fullmatch(file_id):
            return file_url(file_id)
        if file_id is not None:
            refuse(param, "not_a_file", "file_id must be the id that POST /lectern/v1/files gave.")
        value = value.get("image_url")
        value = value.get("url") if isinstance(value, dict) else value
    if not isinstance(value, str):
        refuse(
            param, "wrong_type", f'{param} must be {{"image_url": "data:... or https://..."}} or {{"file_id": ...}}.'
        )
    return value
