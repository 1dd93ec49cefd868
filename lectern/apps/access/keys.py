"""API keys: how one is made, written, kept and recognised.

`lct_<id>_<secret>`. The id is public and names the key in listings and logs. The secret is 256 random bits and is kept
as its SHA-256 only: a slow hash guards what people make up and others can guess, and nobody can guess this.
"""

import base64
import hashlib
import hmac
import re
import secrets
import string
from dataclasses import dataclass
from typing import NamedTuple

from ..callers import Caller, Scope

SCOPES = (Scope.RUN, Scope.PUBLISH, Scope.ADMIN)

_ID = "abcdefghijklmnopqrstuvwxyz234567"
_ID_LENGTH = 8
_SECRET = string.ascii_letters + string.digits
_SECRET_LENGTH = 43  # 62 ** 43 > 2 ** 256
_TOKEN = re.compile(f"lct_([{_ID}]{{{_ID_LENGTH}}})_([{_SECRET}]{{{_SECRET_LENGTH}}})")
_NOBODY = "0" * 64  # no secret has this hash


class Wanted(NamedTuple):
    """A key that somebody asks for, checked."""

    name: str
    scopes: frozenset[Scope]
    apps: frozenset[str] | None = None  # slugs; None: all
    rate: int | None = None  # requests a minute
    concurrent: int | None = None  # runs that wait or execute at once


@dataclass(frozen=True)
class Key:
    """A key as it is kept: without its secret."""

    id: str
    hash: str
    wanted: Wanted
    created_ms: int
    last_used_ms: int | None = None
    revoked_ms: int | None = None

    @property
    def prefix(self) -> str:
        """The key's beginning, by which its owner finds it among others."""
        return f"lct_{self.id}"

    @property
    def caller(self) -> Caller:
        wanted = self.wanted
        return Caller(self.id, wanted.name, wanted.scopes, wanted.apps, wanted.concurrent)


class Issued(NamedTuple):
    """A new key and, this one time, its text."""

    key: Key
    text: str


class Presented(NamedTuple):
    """The parts of a key that somebody shows."""

    id: str
    secret: str


def issue(wanted: Wanted, now_ms: int) -> Issued:
    key_id = "".join(secrets.choice(_ID) for _ in range(_ID_LENGTH))
    secret = "".join(secrets.choice(_SECRET) for _ in range(_SECRET_LENGTH))
    return Issued(Key(key_id, _hashed(secret), wanted, now_ms), f"lct_{key_id}_{secret}")


def read(text: str) -> Presented:
    """The parts; empty ones for what is not written like a key."""
    found = _TOKEN.fullmatch(text)
    return Presented(found[1], found[2]) if found else Presented("", "")


def fits(presented: Presented, key: Key | None) -> bool:
    """Whether it is that key. Takes equally long for a wrong secret and for an id that no key has."""
    kept = _NOBODY if key is None else key.hash
    return hmac.compare_digest(_hashed(presented.secret), kept) and key is not None


def shown_key(header: str | None) -> tuple[str, str] | None:
    """The scheme and the key: Bearer's token, or Basic's password or user; an empty key for anything else.

    None without a header, and for a Basic pair without a key of ours: it is for the proxy in front of ComfyUI.
    """
    if header is None:
        return None
    scheme, _, value = header.strip().partition(" ")
    scheme, value = scheme.lower(), value.strip()
    if scheme != "basic":
        return scheme, value if scheme == "bearer" else ""
    try:
        user, _, password = base64.b64decode(value, validate=True).decode().partition(":")
    except ValueError:  # also what b64decode says of other characters than ASCII
        return scheme, ""
    return next(((scheme, part) for part in (password, user) if part.startswith("lct_")), None)


def _hashed(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
