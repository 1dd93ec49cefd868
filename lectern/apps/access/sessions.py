"""The cookie of a browser that is signed in: a key's id and an end, signed; nothing is kept on the server."""

import asyncio
import base64
import hashlib
import hmac
import os
import re
import secrets
from collections.abc import Awaitable, Callable
from pathlib import Path

COOKIE = "lectern_session"
SECONDS = 7 * 24 * 3600  # that it lasts

_SECRET_NAME = "session_secret"
_SECRET_BYTES = 32
_VALUE = re.compile(r"([a-z2-7]{8})\.([0-9]{1,12})\.([A-Za-z0-9_-]{43})")


Shared = Callable[[str], Awaitable[str]]


class Sessions:
    """Signs and reads cookies with a secret from the private folder, made when it is first needed."""

    def __init__(self, folder: Path, shared: Shared | None = None) -> None:
        """`shared`: gives the secret that several processes share, which is the one that is offered if none is."""
        self._file = folder / _SECRET_NAME
        self._shared = shared
        self._secret = b""

    @property
    def ready(self) -> bool:
        return bool(self._secret)

    async def prepare(self) -> None:
        """Raises OSError or NotReady when there can be no secret."""
        if self._shared is not None:
            self._secret = bytes.fromhex(await self._shared(secrets.token_hex(_SECRET_BYTES)))
        else:
            self._secret = await asyncio.to_thread(_read_or_make, self._file)

    def open(self, key_id: str, now: float) -> str:
        """The cookie's value; only when `ready`."""
        end = int(now) + SECONDS
        return f"{key_id}.{end}.{self._sign(key_id, end)}"

    def read(self, value: str, now: float) -> str | None:
        """The key's id; None when the cookie is not ours or has ended. Only when `ready`."""
        found = _VALUE.fullmatch(value)
        if found is None:
            return None
        key_id, end = found[1], int(found[2])
        genuine = hmac.compare_digest(self._sign(key_id, end), found[3])
        return key_id if genuine and now < end else None

    def _sign(self, key_id: str, end: int) -> str:
        digest = hmac.digest(self._secret, f"session {key_id} {end}".encode(), hashlib.sha256)
        return base64.urlsafe_b64encode(digest).decode().rstrip("=")


def _read_or_make(file: Path) -> bytes:
    """Nobody else may read it; written whole or not at all."""
    try:
        kept = file.read_bytes()
        if len(kept) >= _SECRET_BYTES:
            return kept
    except FileNotFoundError:
        file.parent.mkdir(parents=True, exist_ok=True)
    made = secrets.token_bytes(_SECRET_BYTES)
    new = file.with_name(f"{file.name}.{secrets.token_hex(4)}")
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as target:
        target.write(made)
    os.replace(new, file)
    return made
