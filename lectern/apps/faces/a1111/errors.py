"""Errors in the shapes of AUTOMATIC1111's server, which clients read: FastAPI's `{"detail": ...}` for credentials and
for bodies that do not fit, `{"error", "detail", "body", "errors"}` for everything else."""

from typing import Any

from aiohttp import web

from ....errors import AppError
from ...errors import InvalidInput, MethodNotAllowed, RunFailed, Unauthorized
from ...surface.answers import error_headers

CHALLENGE = 'Basic realm="lectern"'  # what these clients can answer; a key is the password


class Unprocessable(AppError):
    """A body does not fit the interface."""

    status = 422
    code = "unprocessable"

    def __init__(self, mistakes: str | list[dict[str, Any]]) -> None:
        """One sentence, or FastAPI's list of `loc`, `msg` and `type`."""
        super().__init__(mistakes if isinstance(mistakes, str) else "The body does not fit.", mistakes)


def worded(error: AppError) -> web.Response:
    headers = error_headers(error)
    if "WWW-Authenticate" in headers:
        headers["WWW-Authenticate"] = CHALLENGE
    return web.json_response(_body(error), status=error.status, headers=headers)


def _body(error: AppError) -> dict[str, Any]:
    if isinstance(error, Unprocessable):
        return {"detail": error.details}
    if isinstance(error, InvalidInput) and isinstance(error.details, list):
        return {"detail": [_mistake(one) for one in error.details]}
    if isinstance(error, (Unauthorized, MethodNotAllowed)):
        return {"detail": str(error)}
    if isinstance(error, RunFailed):  # clients read either of the texts
        cause = error.details.get("code") if isinstance(error.details, dict) else None
        return {"error": cause or error.code, "detail": str(error), "body": "", "errors": str(error)}
    return {"error": error.code, "detail": str(error), "body": "", "errors": ""}


def _mistake(problem: dict[str, Any]) -> dict[str, Any]:
    return {"loc": ["body", problem.get("input", "")], "msg": problem.get("message", ""), "type": problem.get("code")}
