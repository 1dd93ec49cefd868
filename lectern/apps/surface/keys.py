"""Signing in and out, and the keys: their handlers."""

from collections.abc import Iterable, Mapping
from typing import Any

from aiohttp import web

from ..access.gate import Gate
from ..access.keys import SCOPES, Key, Wanted
from ..access.notes import notes
from ..access.sessions import COOKIE, SECONDS
from ..callers import Caller, Scope
from ..catalog import SLUG
from ..errors import BadRequest, InvalidInput
from ..faces.names import is_backend_slug
from ..inputs import ECHO_LENGTH, shown
from .answers import read_json
from .endpoints import Endpoint, Table
from .views import iso

LOGIN_KB = 1
KEY_KB = 64
NAME_LENGTH = 100  # characters
APPS = 1000
MOST = 1_000_000  # of anything that is counted

_KEYS = ("name", "scopes", "apps", "rate_per_minute", "concurrent")
_PRIVATE = {"Cache-Control": "no-store"}


def access_table(gate: Gate) -> Table:
    """The addresses below /lectern/v1, for `mount`."""
    handlers = KeyRoutes(gate)
    return {
        "/session": {
            "GET": Endpoint(handlers.get_session, Scope.ANYONE),
            "POST": Endpoint(handlers.login, Scope.ANYONE),
            "DELETE": Endpoint(handlers.logout, Scope.ANYONE),
        },
        "/keys": {
            "GET": Endpoint(handlers.list_keys, Scope.ADMIN),
            "POST": Endpoint(handlers.create_key, Scope.ADMIN),
        },
        "/keys/{id}": {"DELETE": Endpoint(handlers.revoke_key, Scope.ADMIN)},
    }


class KeyRoutes:
    """The handlers."""

    def __init__(self, gate: Gate) -> None:
        self._gate = gate

    async def get_session(self, request: web.Request, caller: Caller) -> web.StreamResponse:
        return self._session(caller)

    async def login(self, request: web.Request, caller: Caller) -> web.StreamResponse:
        """Where no keys are asked for there is nothing to sign in to: answers who one is, and sets no cookie."""
        text = _login_key(await read_json(request, LOGIN_KB))
        if self._gate.access() != "keys":
            return self._session(await self._gate.admit(request, Scope.RUN))
        caller, value = await self._gate.login(request, text)
        response = self._session(caller)
        _set_cookie(request, response, value, SECONDS)
        return response

    async def logout(self, request: web.Request, caller: Caller) -> web.StreamResponse:
        notes(request).silent = caller.guest  # else strangers could fill the log with it
        response = web.Response(status=204)
        _set_cookie(request, response, "", 0)
        return response

    async def list_keys(self, request: web.Request, caller: Caller) -> web.StreamResponse:
        keys = await self._gate.keys.all()
        return web.json_response({"keys": [key_view(key) for key in keys]}, headers=_PRIVATE)

    async def create_key(self, request: web.Request, caller: Caller) -> web.StreamResponse:
        """201 with the key's text, this one time."""
        issued = await self._gate.keys.create(parse_key(await read_json(request, KEY_KB)))
        return web.json_response({**key_view(issued.key), "key": issued.text}, status=201, headers=_PRIVATE)

    async def revoke_key(self, request: web.Request, caller: Caller) -> web.StreamResponse:
        await self._gate.keys.revoke(request.match_info["id"])
        return web.Response(status=204)

    def _session(self, caller: Caller) -> web.Response:
        view = {
            "access": self._gate.access(),
            "signed_in": not caller.guest,
            "name": caller.name,
            "scopes": [scope for scope in SCOPES if scope in caller.granted],
        }
        return web.json_response(view, headers=_PRIVATE)


def _set_cookie(request: web.Request, response: web.Response, value: str, seconds: int) -> None:
    """For no script, no other site, and no unencrypted way once it came by an encrypted one."""
    encrypted = request.secure or request.headers.get("X-Forwarded-Proto", "").strip().lower() == "https"
    response.set_cookie(
        COOKIE, value, max_age=seconds, path="/", httponly=True, samesite="Strict", secure=encrypted or None
    )


def key_view(key: Key) -> dict[str, Any]:
    wanted = key.wanted
    return {
        "id": key.id,
        "name": wanted.name,
        "prefix": key.prefix,
        "scopes": [scope for scope in SCOPES if scope in wanted.scopes],
        "apps": None if wanted.apps is None else sorted(wanted.apps),
        "rate_per_minute": wanted.rate,
        "concurrent": wanted.concurrent,
        "created_at": iso(key.created_ms),
        "last_used_at": iso(key.last_used_ms),
        "revoked_at": iso(key.revoked_ms),
    }


def _login_key(body: object) -> str:
    """Nothing of the body is ever repeated: it may be a key."""
    key = body.get("key") if isinstance(body, dict) and set(body) == {"key"} else None
    if not isinstance(key, str):
        raise BadRequest('The body must be {"key": "lct_..."}.')
    return key.strip()


def parse_key(body: object) -> Wanted:
    """Raises BadRequest when the body is not an object, InvalidInput with every mistake in its keys."""
    if not isinstance(body, dict):
        raise BadRequest('The body must be a JSON object such as {"name": "n8n", "scopes": ["run"]}.')
    problems = [*_unknown(body), *_name(body), *_scopes(body), *_apps(body), *_counts(body)]
    if problems:
        raise InvalidInput(" ".join(problem["message"] for problem in problems)[:1000], problems)
    apps = body.get("apps")
    return Wanted(
        body["name"].strip(),
        frozenset(map(Scope, body["scopes"])),
        None if apps is None else frozenset(apps),
        body.get("rate_per_minute"),
        body.get("concurrent"),
    )


def _problem(key: str, code: str, message: str) -> dict[str, str]:
    return {"input": key[:ECHO_LENGTH], "code": code, "message": message}


def _unknown(body: Mapping[str, Any]) -> Iterable[dict[str, str]]:
    for key in body:
        if key not in _KEYS:
            message = f"{shown(key)} is not a key of this request; it may have {', '.join(_KEYS)}."
            yield _problem(key, "unknown_key", message)


def _name(body: Mapping[str, Any]) -> Iterable[dict[str, str]]:
    name = body.get("name")
    if not isinstance(name, str) or not 1 <= len(name.strip()) <= NAME_LENGTH or not name.isprintable():
        yield _problem("name", "wrong_value", f"name must be a text of 1 to {NAME_LENGTH} printable characters.")


def _scopes(body: Mapping[str, Any]) -> Iterable[dict[str, str]]:
    scopes = body.get("scopes")
    if not isinstance(scopes, list) or not scopes or any(scope not in SCOPES for scope in scopes):
        yield _problem("scopes", "wrong_value", f"scopes must be a list of one or more of {', '.join(SCOPES)}.")


def _apps(body: Mapping[str, Any]) -> Iterable[dict[str, str]]:
    apps = body.get("apps")
    if apps is None:
        return
    if not isinstance(apps, list) or not 1 <= len(apps) <= APPS or not all(map(_is_slug, apps)):
        yield _problem("apps", "wrong_value", f"apps must be null for all, or a list of up to {APPS} apps' slugs.")
    elif isinstance(body.get("scopes"), list) and Scope.ADMIN in body["scopes"]:
        # It could make itself another key without the limit.
        yield _problem("apps", "not_possible", "A key with the scope admin cannot be limited to apps.")


def _is_slug(value: object) -> bool:
    return isinstance(value, str) and (SLUG.fullmatch(value) is not None or is_backend_slug(value))


def _counts(body: Mapping[str, Any]) -> Iterable[dict[str, str]]:
    for key in ("rate_per_minute", "concurrent"):
        value = body.get(key)
        if value is None:
            continue
        if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= MOST:
            message = f"{key} must be null for no limit, or an integer from 1 to {MOST}; got {shown(value)}."
            yield _problem(key, "wrong_value", message)
