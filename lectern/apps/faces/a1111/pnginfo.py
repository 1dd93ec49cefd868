"""POST png-info: the texts in a picture's file, as A1111, its relatives, ComfyUI or this pack wrote them. Blocking."""

import re
from typing import Any

from ....errors import ImageError
from ....infotext import PARAMETERS, parse_infotext, read_parameters
from .errors import Unprocessable
from .pictures import decoded

SIZE = re.compile(r"(\d+)x(\d+)")


def png_info(image: str) -> dict[str, Any]:
    """`info` as it stands, other texts as `items`, and what `info` says as `parameters`. Raises Unprocessable."""
    try:
        found = read_parameters(decoded(image, "image"))
    except ImageError as error:
        raise Unprocessable(str(error)) from None
    items = {key: text for key, text in found.texts.items() if key != PARAMETERS}
    info = found.infotext or ""
    return {"info": info, "items": items, "parameters": _parameters(info) if info else {}}


def _parameters(info: str) -> dict[str, str]:
    """As A1111 names them: a size is two."""
    read = parse_infotext(info)
    parts = {"Prompt": read.prompt, "Negative prompt": read.negative}
    for name, value in read.settings.items():
        size = SIZE.fullmatch(value)
        parts |= {f"{name}-1": size[1], f"{name}-2": size[2]} if size else {name: value}
    return parts
