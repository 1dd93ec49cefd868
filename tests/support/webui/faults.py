"""Misbehaviour: what stands in for an answer, or is done to one on its way out.

A fault hits the next `times` requests to its `route` (every one when these are None), then is gone.
"""

import asyncio
import base64
import io
import json
import zlib
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from typing import Any

from aiohttp import web
from PIL import Image

from support.webui.imagefiles import decode, encode
from support.webui.painting import grid_of

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass
class Fault:
    kind: str  # a key of INSTEAD, SPOILED or SENT
    times: int | None = None  # requests still to hit
    route: str | None = None  # "txt2img", "progress", "controlnet/detect", ...
    method: str | None = None
    seconds: float = 0.0  # slow: before the first byte
    at: int = 0  # disconnect: after so many bytes of the body; below zero, before the headers
    size: tuple[int, int] = (0, 0)  # wrong-size, bomb: pixels
    location: str = "/moved"  # redirect: put in front of the path

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"No fault is called {self.kind!r}; the faults are {', '.join(sorted(KINDS))}.")
        self.size = (self.size[0], self.size[1])

    def hits(self, route: str, method: str) -> bool:
        return self.times != 0 and self.route in (None, route) and self.method in (None, method)


async def apply(fault: Fault, request: web.Request, handler: Handler, closing: asyncio.Event) -> web.StreamResponse:
    """The faulty answer; `closing` ends whatever would last for ever."""
    if fault.times is not None:
        fault.times -= 1
    if fault.kind in INSTEAD:
        return INSTEAD[fault.kind](request, fault)
    if fault.kind == "hang":
        await closing.wait()
        return web.Response(status=503)
    response = await handler(request)
    if fault.kind in SPOILED:
        return _spoil(response, SPOILED[fault.kind], fault)
    return await SENT[fault.kind](request, response, fault, closing)


def _spoil(response: web.StreamResponse, change: Callable[[dict[str, Any], Fault], None], fault: Fault) -> web.Response:
    body = json.loads(_body(response) or b"null")
    if isinstance(body, dict):
        change(body, fault)
    return web.json_response(body, status=response.status)


def _body(response: web.StreamResponse) -> bytes:
    body = response.body if isinstance(response, web.Response) else b""
    return body if isinstance(body, bytes) else b""


# Instead of an answer


def _answer(status: int, content: Any, **headers: str) -> Callable[[web.Request, Fault], web.Response]:
    return lambda request, fault: web.json_response(content, status=status, headers=headers)


def _text(status: int, text: str, kind: str) -> Callable[[web.Request, Fault], web.Response]:
    return lambda request, fault: web.Response(status=status, text=text, content_type=kind)


def _redirect(request: web.Request, fault: Fault) -> web.Response:
    return web.Response(status=308, headers={"Location": fault.location + request.path_qs})


PROBLEM = {"loc": ["body", "steps"], "msg": "value is not a valid integer", "type": "type_error.integer"}
GATEWAY = "<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1><hr>nginx</body></html>"
OUT_OF_MEMORY = "CUDA out of memory. Tried to allocate 20.00 GiB"
ENVELOPE = {"error": "OutOfMemoryError", "detail": "", "body": ""}
INSTEAD: dict[str, Callable[[web.Request, Fault], web.Response]] = {
    "unauthorized": _answer(401, {"detail": "Not authenticated"}, **{"WWW-Authenticate": "Basic"}),
    "missing": _answer(404, {"detail": "Not Found"}),
    "invalid": _answer(422, {"detail": [PROBLEM]}),
    "error-errors": _answer(500, ENVELOPE | {"errors": OUT_OF_MEMORY}),
    "error-message": _answer(500, ENVELOPE | {"message": OUT_OF_MEMORY}),
    "bare-string": _answer(500, "unsupported operand type(s) for +: 'NoneType' and 'int'"),
    "html": _text(502, GATEWAY, "text/html"),
    "empty": _text(500, "", "application/json"),
    "not-json": _text(200, "<html><body>Gradio is loading</body></html>", "text/html"),
    "too-many": _answer(429, {"detail": "rate limit exceeded"}, **{"Retry-After": "1"}),
    "redirect": _redirect,
    "no-images": _answer(200, {"images": [], "parameters": {}, "info": ""}),
    "empty-image": _answer(200, {"images": [""], "parameters": {}, "info": ""}),
}

# Done to the JSON of an answer


def _pictures(change: Callable[[Image.Image, Fault], str]) -> Callable[[dict[str, Any], Fault], None]:
    """Every picture of an answer, the previews and the extras' too."""

    def spoil(body: dict[str, Any], fault: Fault) -> None:
        body["images"] = [change(decode(text), fault) for text in body.get("images") or ()]
        for key in ("image", "current_image"):
            if body.get(key):
                body[key] = change(decode(body[key]), fault)

    return spoil


def _wrong_size(image: Image.Image, fault: Fault) -> str:
    return encode(image.resize(fault.size if fault.size[0] else (image.width + 8, max(image.height - 8, 8))))


def _truncated(image: Image.Image, fault: Fault) -> str:
    text = encode(image)
    return text[: len(text) * 2 // 3 // 4 * 4 + 1]


def _half_file(image: Image.Image, fault: Fault) -> str:
    data = base64.b64decode(encode(image))
    return base64.b64encode(data[: len(data) // 2]).decode()


def _bomb(image: Image.Image, fault: Fault) -> str:
    return base64.b64encode(bomb(*(fault.size if fault.size[0] else (20000, 20000)))).decode()


def _extra_grid(body: dict[str, Any], fault: Fault) -> None:
    """One picture too many in front that index_of_first_image knows nothing of."""
    images = tuple(decode(text) for text in body.get("images") or ())
    if images:
        body["images"].insert(0, encode(grid_of(images * 2)))


SPOILED: dict[str, Callable[[dict[str, Any], Fault], None]] = {
    "truncated-base64": _pictures(_truncated),
    "half-file": _pictures(_half_file),
    "not-base64": _pictures(lambda image, fault: "!!not base64!!"),
    "not-a-picture": _pictures(lambda image, fault: base64.b64encode(b"<svg/>" * 40).decode()),
    "data-url": _pictures(lambda image, fault: f"data:image/png;base64,{encode(image)}"),
    "wrong-size": _pictures(_wrong_size),
    "jpeg": _pictures(lambda image, fault: encode(image, kind="jpg")),
    "webp": _pictures(lambda image, fault: encode(image, kind="webp")),
    "bomb": _pictures(_bomb),
    "extra-grid": _extra_grid,
    "bad-info": lambda body, fault: body.update(info="{not json"),
    "no-info": lambda body, fault: body.pop("info", None) and None,
}


@cache
def bomb(width: int, height: int) -> bytes:
    """A small PNG file of very many black pixels: one bit each, compressed about a thousandfold."""
    packer, row = zlib.compressobj(9), bytes(1 + -(-width // 8))
    rows = max(1, 2**20 // len(row))
    chunks = [packer.compress(row * min(rows, height - start)) for start in range(0, height, rows)]
    header = width.to_bytes(4, "big") + height.to_bytes(4, "big") + bytes([1, 0, 0, 0, 0])
    parts = {b"IHDR": header, b"IDAT": b"".join(chunks) + packer.flush(), b"IEND": b""}
    file = io.BytesIO(b"\x89PNG\r\n\x1a\n")
    file.seek(0, io.SEEK_END)
    for name, data in parts.items():
        file.write(len(data).to_bytes(4, "big") + name + data + zlib.crc32(name + data).to_bytes(4, "big"))
    return file.getvalue()


# Done while an answer is sent


async def _slow(
    request: web.Request, response: web.StreamResponse, fault: Fault, closing: asyncio.Event
) -> web.StreamResponse:
    with suppress(TimeoutError):
        await asyncio.wait_for(closing.wait(), fault.seconds)
    return response


async def _disconnect(
    request: web.Request, response: web.StreamResponse, fault: Fault, closing: asyncio.Event
) -> web.StreamResponse:
    """Announces the whole body and hangs up within it."""
    body = _body(response)
    partial = web.StreamResponse(status=response.status, headers={"Content-Type": "application/json"})
    partial.content_length = max(len(body), 1)
    if fault.at >= 0:
        await partial.prepare(request)
        await partial.write(body[: min(fault.at, max(len(body) - 1, 0))])
    if request.transport is not None:
        request.transport.close()
    return partial


async def _endless(
    request: web.Request, response: web.StreamResponse, fault: Fault, closing: asyncio.Event
) -> web.StreamResponse:
    """A picture that never ends, as fast as the client reads it."""
    stream = web.StreamResponse(headers={"Content-Type": "application/json"})
    await stream.prepare(request)
    with suppress(ConnectionError):
        await stream.write(b'{"images": ["iVBORw0KGgo')
        while not closing.is_set():
            await stream.write(b"A" * 65536)
    return stream


SENT = {"slow": _slow, "disconnect": _disconnect, "endless": _endless}
KINDS = frozenset({*INSTEAD, *SPOILED, *SENT, "hang"})
