"""The door: finds out who calls and whether they may, as `[apps] access` in `lectern.toml` says.

The modes: "loopback" lets in whoever sits at this machine, "open" everybody, "keys" whoever shows a key.
Lives on the server's loop.
"""

import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from aiohttp import web

from ...envelope import Call
from ...errors import AppError, SettingsError
from ...settings import Settings
from ..callers import GUEST, HOUSEHOLD, KEY_NEEDED, Caller, Scope
from ..errors import Forbidden, NotReady, NotThisMachine, RateLimited, Unauthorized
from ..store.storage import Storage
from . import origins
from .addresses import client, from_here, named_here, neighbourhood
from .audit import AuditLog, entry
from .buckets import Buckets
from .keyring import KeyRing
from .keys import Key, shown_key
from .notes import notes
from .sessions import COOKIE, Sessions

TRIES = 10  # wrong keys a minute from one address

ELSEWHERE = (
    'Only the machine that ComfyUI runs on may use these apps; to let others in, write access = "keys" below [apps] in'
    " lectern.toml there and give them keys."
)
RENAMED = (
    "These apps answer to http://127.0.0.1 and http://localhost only; open them that way, or write"
    ' access = "keys" below [apps] in lectern.toml.'
)
FOREIGN = (
    "A page of another web site makes this call; to allow it, add that site to cors_origins below [apps] in"
    " lectern.toml."
)


class _Identity(NamedTuple):
    caller: Caller
    key: Key | None = None
    bearer: bool = False  # a program put the key there; browsers add the other proofs by themselves


class Gate:
    """A `Guard` for `surface.endpoints.mount`."""

    def __init__(
        self,
        keys: KeyRing,
        sessions: Sessions,
        audit: AuditLog,
        settings: Callable[[], Settings],
        clock: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
    ) -> None:
        """`settings` may raise SettingsError; nobody is let in then."""
        self.keys = keys
        self._sessions = sessions
        self._audit = audit
        self._settings = settings
        self._wall = wall
        self._rates = Buckets(clock)  # by id of the key
        self._tries = Buckets(clock)  # by address

    async def admit(self, request: web.Request, scope: Scope) -> Caller:
        """Raises Unauthorized, Forbidden, NotThisMachine, RateLimited, NotReady, SettingsError."""
        try:
            identity = await self._identify(request)
        except (AppError, SettingsError):
            if scope is not Scope.ANYONE:
                raise
            identity = _Identity(GUEST)
        notes(request).caller = identity.caller
        if not identity.bearer and self._foreign(request):
            if scope is Scope.ANYONE and request.method in origins.SAFE:
                return GUEST
            raise Forbidden(FOREIGN)
        if scope is not Scope.ANYONE:
            _check(identity.caller, scope, request.match_info.get("slug"))
            await self._count(identity)
        return identity.caller

    async def login(self, request: web.Request, text: str) -> tuple[Caller, str]:
        """The caller of this key and a cookie's value.

        Tries are counted before they are checked: past the limit even the right key has to wait.

        Raises Unauthorized, RateLimited, NotReady.
        """
        address = neighbourhood(client(request))
        self._limit(self._tries, address, TRIES, "There were too many tries from this address")
        try:
            key = await self.keys.verify(text)
        except Unauthorized:
            notes(request).refused = True
            raise
        self._tries.give_back(address, TRIES)
        notes(request).caller = key.caller
        await self.keys.use(key)
        return key.caller, (await self._ready_sessions()).open(key.id, self._wall())

    def access(self) -> str:
        """The mode. Raises SettingsError."""
        return self._settings().apps.access

    def is_stranger(self, request: web.Request) -> bool:
        """Without a key, or while no key can be looked up; whoever sits at this machine is none."""
        return notes(request).caller.guest and not from_here(request)

    def headers(self, request: web.Request) -> Mapping[str, str]:
        """Of every answer to this request."""
        return origins.cors(request.headers, self._listed())

    def preflight(self, request: web.Request, methods: Iterable[str]) -> Mapping[str, str] | None:
        return origins.preflight(request.headers, self._listed(), methods)

    def finished(self, request: web.Request, status: int | None, location: str | None) -> None:
        """Writes down who changed something, and wrong keys as long as they are not throttled."""
        noted = notes(request)
        changed = request.method not in origins.SAFE and (not noted.caller.guest or (status or 500) < 400)
        if not (changed or noted.refused) or noted.silent or not self._audited():
            return
        self._audit.write(entry(request, noted.caller, status, location, self._wall()))

    async def close(self) -> None:
        await self._audit.close()

    async def _identify(self, request: web.Request) -> _Identity:
        access = self._settings().apps.access
        if access == "keys":
            return await self._by_key(request)
        if access == "loopback":
            _check_place(request)
        return _Identity(HOUSEHOLD)

    async def _by_key(self, request: web.Request) -> _Identity:
        shown = shown_key(request.headers.get("Authorization"))
        if shown is None:
            return await self._by_cookie(request)
        scheme, text = shown
        try:
            key = await self.keys.verify(text)
        except Unauthorized:
            # Only wrong keys are counted here: whoever tries them must not shut out others behind the same address.
            self._limit(self._tries, neighbourhood(client(request)), TRIES, "There were too many wrong keys")
            notes(request).refused = True
            raise
        return _Identity(key.caller, key, scheme == "bearer")

    async def _by_cookie(self, request: web.Request) -> _Identity:
        """A session that has ended, or whose key was revoked, is as good as none."""
        value = request.cookies.get(COOKIE)
        if value is None:
            return _Identity(GUEST)
        key_id = (await self._ready_sessions()).read(value, self._wall())
        key = await self.keys.find(key_id) if key_id else None
        return _Identity(GUEST) if key is None else _Identity(key.caller, key)

    async def _ready_sessions(self) -> Sessions:
        try:
            if not self._sessions.ready:
                await self._sessions.prepare()
        except OSError as error:
            raise NotReady(f"The secret for sessions cannot be kept in Lectern's folder: {error.strerror}.") from None
        return self._sessions

    async def _count(self, identity: _Identity) -> None:
        key = identity.key
        if key is None:
            return
        if key.wanted.rate is not None:
            message = f"This key may be used {key.wanted.rate} times a minute"
            self._limit(self._rates, key.id, key.wanted.rate, message)
        await self.keys.use(key)

    def _limit(self, buckets: Buckets, name: str, per_minute: int, message: str) -> None:
        seconds = buckets.take(name, per_minute)
        if seconds:
            raise RateLimited(f"{message}; try again in {seconds} s.", seconds)

    def _foreign(self, request: web.Request) -> bool:
        """Changes by a page of another origin, and what such a page would read with the visitor's own rights."""
        if request.method in origins.SAFE and "Origin" not in request.headers:
            return False  # a link, a picture
        return origins.is_foreign(request.headers, self._listed())

    def _listed(self) -> list[str]:
        with suppress(SettingsError):
            return self._settings().apps.cors_origins
        return []

    def _audited(self) -> bool:
        with suppress(SettingsError):
            return self._settings().apps.audited
        return True


def _check_place(request: web.Request) -> None:
    if not from_here(request):
        raise NotThisMachine(ELSEWHERE)
    if not named_here(request.headers):
        raise NotThisMachine(RENAMED)


def _check(caller: Caller, scope: Scope, slug: str | None) -> None:
    """What can be told without the app; the service asks `require_app` for guests, and for runs by their id."""
    if caller.guest:
        if scope is not Scope.GUEST:
            raise Unauthorized(KEY_NEEDED)
        return
    needed = Scope.RUN if scope is Scope.GUEST else scope
    if not caller.may(needed):
        raise Forbidden(f"This key lacks the scope {needed}.")
    if slug is not None and not caller.may_use(slug):
        raise Forbidden(f"This key is for other apps, not for {slug[:63]}.")


def create_gate(private: Path, storage: Storage, settings: Callable[[], Settings], call: Call) -> Gate:
    """Puts the parts together; opens and writes nothing.

    Args:
        private: Lectern's folder.
        storage: the service's own, on whose loop `call` runs what it is given.
        settings: may raise SettingsError.
    """

    async def secret(made: str) -> str:
        return await call(storage.call(lambda store: store.secrets.keep("session", made)))

    sessions = Sessions(private, secret if storage.shared else None)
    return Gate(KeyRing(storage, private, call), sessions, AuditLog(private), settings)
