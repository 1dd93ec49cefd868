"""How handlers answer: JSON, and every error as `{"error": {"code", "message", "details"}}`."""

import asyncio
import functools
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from ... import envelope
from ...errors import AppError, SettingsError
from ..access.notes import notes
from ..errors import (
    BadRequest,
    BodyTooLarge,
    MethodNotAllowed,
    NoSuchRange,
    NotReady,
    Unauthorized,
    UnsupportedMedia,
    UploadStalled,
)
from .submission import parse_json

CHALLENGE = 'Bearer realm="lectern"'  # never Basic, which makes browsers ask for a password and remember it

STALL_SECONDS = 60.0  # without a byte of a body
LARGE = 256 * 1024  # bytes of JSON that are read on a thread

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
Worded = Callable[[AppError], web.Response]  # how an API words its errors


def answered(handler: Handler, worded: Worded | None = None) -> Handler:
    """The handler, with our errors as answers. Only ours: a programming error stays visible as what it is."""
    worded = worded or error_answer

    @functools.wraps(handler)
    async def run(request: web.Request) -> web.StreamResponse:
        try:
            return await handler(request)
        except AppError as error:
            return worded(error)
        except SettingsError as error:
            return worded(NotReady(str(error)))

    return run


def error_answer(error: AppError) -> web.Response:
    return envelope.error_answer(error, error_headers(error))


def error_headers(error: AppError) -> dict[str, str]:
    headers: dict[str, str] = {}
    retry_after = getattr(error, "retry_after", None)
    if retry_after is not None:
        headers["Retry-After"] = str(retry_after)
    if isinstance(error, Unauthorized):
        headers["WWW-Authenticate"] = CHALLENGE
    if isinstance(error, NoSuchRange) and error.range:
        headers["Content-Range"] = error.range
    if isinstance(error, MethodNotAllowed):
        headers["Allow"] = error.allowed
    return headers


async def begin(request: web.Request, response: web.StreamResponse) -> None:
    """Sends the headers of an answer that is then written piece by piece. Use this, never `response.prepare`."""
    dress(request, response)
    await response.prepare(request)


def check_range(request: web.Request, size: int) -> None:
    """For a file of so many bytes. Raises NoSuchRange."""
    try:
        start = request.http_range.start
    except ValueError:
        raise NoSuchRange(size) from None
    if start is not None and start >= size:
        raise NoSuchRange(size)


def dress(request: web.Request, response: web.StreamResponse) -> None:
    """Adds what every answer to this request carries."""
    for name, value in notes(request).headers.items():
        if name == "Vary":
            varies = response.headers.getall(name, [])
            response.headers[name] = ", ".join(dict.fromkeys([*varies, value]))
        else:
            response.headers[name] = value


async def read_json(request: web.Request, limit_kb: int) -> Any:
    """The request's JSON body, of which never more than the limit is read.

    Raises UnsupportedMedia, BodyTooLarge, BadRequest.
    """
    check_json(request)
    content = await read_body(request, limit_kb)
    # Workflows may be large, and this is the loop that serves everybody.
    return await asyncio.to_thread(parse_json, content) if len(content) > LARGE else parse_json(content)


def check_json(request: web.Request) -> None:
    """Raises UnsupportedMedia."""
    if request.content_type != "application/json":
        raise UnsupportedMedia("The body must be JSON, sent with Content-Type: application/json.")
    if request.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise UnsupportedMedia("The body must not be compressed.")


async def read_body(request: web.Request, limit_kb: int) -> bytes:
    """Raises BodyTooLarge, BadRequest, UploadStalled."""
    limit = limit_kb * 1024
    too_large = BodyTooLarge(f"The body may have at most {limit_kb} KB.")
    if (request.content_length or 0) > limit:
        raise too_large
    content = bytearray()
    try:
        while piece := await _piece(request, limit + 1 - len(content)):
            content += piece
            if len(content) > limit:
                raise too_large
    except (web.RequestPayloadError, ConnectionError):
        raise BadRequest("The body ended before it was complete.") from None
    return bytes(content)


async def _piece(request: web.Request, most: int) -> bytes:
    """Raises UploadStalled: what was read so far must not stay in memory for a sender who does not go on."""
    try:
        async with asyncio.timeout(STALL_SECONDS):
            return await request.content.read(most)
    except TimeoutError:
        raise UploadStalled(f"Nothing came for {STALL_SECONDS:g} seconds; send it again.") from None
