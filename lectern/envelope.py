"""How every route of ours words an error: `{"error": {"code", "message", "details"}}`."""

from collections.abc import Mapping

from aiohttp import web

from .errors import AppError


def error_answer(error: AppError, headers: Mapping[str, str] | None = None) -> web.Response:
    body = {"error": {"code": error.code, "message": str(error), "details": error.details}}
    return web.json_response(body, status=error.status, headers=headers)
