"""Answers in OpenAI's shape: models, pictures, events, errors."""

import base64
import json
import time
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from aiohttp import web

from ....errors import AppError
from ...errors import InvalidInput, Unauthorized, UnusableFile
from ...surface.answers import error_headers
from ..doors import Model
from ..pictures import Encoded
from .asking import Asked

NO_RETRY = {"x-should-retry": "false"}  # OpenAI's clients run what failed twice more, unless they are told
INVALID, LIMITED, SERVER = "invalid_request_error", "rate_limit_error", "server_error"


class Fault(NamedTuple):
    """An error as OpenAI words it."""

    status: int
    type: str
    code: str | None
    param: str | None
    message: str

    @property
    def body(self) -> dict[str, Any]:
        return {"error": {"message": self.message, "type": self.type, "param": self.param, "code": self.code}}


def fault_of(error: AppError) -> Fault:
    """400 for every mistake in what was asked; other statuses stay as they are."""
    status = 400 if error.status in (409, 415, 422) else error.status
    kind = LIMITED if status == 429 else SERVER if status >= 500 else INVALID
    code, param = error.code, None
    if isinstance(error, Unauthorized):
        code = "invalid_api_key"
    elif status == 429:
        code = "rate_limit_exceeded"
    elif error.code == "model_not_found":
        param = "model"
    elif isinstance(error, UnusableFile):
        param = "image"
    elif isinstance(error, InvalidInput) and isinstance(error.details, list) and error.details:
        code, param = error.details[0]["code"], error.details[0]["input"]
    elif error.code == "run_failed" and isinstance(error.details, Mapping):
        code = error.details.get("code", code)
    return Fault(status, kind, code, param, str(error))


def error_answer(error: AppError) -> web.Response:
    fault = fault_of(error)
    headers = error_headers(error) | (NO_RETRY if error.code in ("run_failed", "answer_too_large") else {})
    return web.json_response(fault.body, status=fault.status, headers=headers)


def model_view(model: Model) -> dict[str, Any]:
    owner = "lectern" if model.kind == "app" else model.kind
    return {"id": model.id, "object": "model", "created": model.created, "owned_by": owner, "title": model.title}


def pictures_body(created: int, pictures: Sequence[Encoded], said: Mapping[str, str]) -> bytes:
    """The answer of both requests. Blocking: pictures may be large.

    Args:
        said: quality and background, where the app has them as choices.
    """
    data = [{"b64_json": base64.b64encode(one.content).decode()} for one in pictures]
    about = {"output_format": pictures[0].format, "size": f"{pictures[0].width}x{pictures[0].height}"}
    return json.dumps({"created": created, "data": data, **about, **said}).encode()


def addresses_body(created: int, addresses: Sequence[str]) -> bytes:
    return json.dumps({"created": created, "data": [{"url": address} for address in addresses]}).encode()


class Events:
    """The events of one stream."""

    def __init__(self, asked: Asked) -> None:
        self._prefix = "image_edit" if asked.images else "image_generation"
        self._asked = asked

    def partial(self, picture: Encoded, index: int) -> bytes:
        size = "auto" if self._asked.size is None else str(self._asked.size)
        return self._event("partial_image", picture, size, {"partial_image_index": index})

    def completed(self, picture: Encoded) -> bytes:
        return self._event("completed", picture, f"{picture.width}x{picture.height}", {})

    def error(self, error: AppError) -> bytes:
        return _encoded("error", {"type": "error", **fault_of(error).body})

    def _event(self, name: str, picture: Encoded, size: str, more: Mapping[str, Any]) -> bytes:
        kind = f"{self._prefix}.{name}"
        data = {
            "type": kind,
            "b64_json": base64.b64encode(picture.content).decode(),
            "created_at": int(time.time()),
            "size": size,
            "quality": self._asked.quality or "auto",
            "background": self._asked.background or "auto",
            "output_format": picture.format,
            **more,
        }
        return _encoded(kind, data)


def _encoded(name: str, data: Mapping[str, Any]) -> bytes:
    return f"event: {name}\ndata: {json.dumps(data)}\n\n".encode()
