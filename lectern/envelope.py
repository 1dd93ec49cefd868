"""What all our routes share: how an error is worded, `{"error": {"code", "message", "details"}}`, and how a handler on
the server's loop calls what lives on another one."""

from collections.abc import Awaitable, Coroutine, Mapping
from typing import Any, Protocol, TypeVar

from aiohttp import web

from .errors import AppError, LecternError, SettingsError

T = TypeVar("T")


class Call(Protocol):
    """Runs a coroutine on the loop that its object lives on, and gives its result to this one."""

    def __call__(self, coroutine: Coroutine[Any, Any, T], /) -> Awaitable[T]: ...


def error_answer(error: AppError, headers: Mapping[str, str] | None = None) -> web.Response:
    body = {"error": {"code": error.code, "message": str(error), "details": error.details}}
    return web.json_response(body, status=error.status, headers=headers)


class SettingsUnusable(AppError):
    """`lectern.toml` has a mistake; the message says which."""

    status = 503
    code = "not_ready"


# What a cause is answered as; of several that fit, the first. Mistakes in the settings need not be named.
Meanings = Mapping[type[LecternError], type[AppError]]
_ALWAYS: Meanings = {SettingsError: SettingsUnusable}


async def answered(content: Awaitable[Mapping[str, Any]], meanings: Meanings) -> web.Response:
    """The content as JSON, or the error that its failure stands for."""
    try:
        return web.json_response(await content)
    except (*meanings, *_ALWAYS) as error:
        kind = next(kind for cause, kind in {**meanings, **_ALWAYS}.items() if isinstance(error, cause))
        return error_answer(kind(str(error)))


async def noted(content: Awaitable[Mapping[str, Any]], empty: Mapping[str, Any], meanings: Meanings) -> web.Response:
    """The content as JSON, or where `answered` would answer an error, what is empty with the reason as its note."""
    try:
        return web.json_response(await content)
    except (*meanings, *_ALWAYS) as error:
        return web.json_response({**empty, "note": str(error)})
