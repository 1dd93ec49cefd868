"""What all our routes share: how an error is worded, `{"error": {"code", "message", "details"}}`, and how a handler on
the server's loop calls what lives on another one."""

from collections.abc import Awaitable, Coroutine, Mapping
from typing import Any, Protocol, TypeVar

from aiohttp import web

from .errors import AppError

T = TypeVar("T")


class Call(Protocol):
    """Runs a coroutine on the loop that its object lives on, and gives its result to this one."""

    def __call__(self, coroutine: Coroutine[Any, Any, T], /) -> Awaitable[T]: ...


def error_answer(error: AppError, headers: Mapping[str, str] | None = None) -> web.Response:
    body = {"error": {"code": error.code, "message": str(error), "details": error.details}}
    return web.json_response(body, status=error.status, headers=headers)
