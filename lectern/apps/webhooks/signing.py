"""Signatures of Standard Webhooks, version 1: https://github.com/standard-webhooks/standard-webhooks/blob/main/spec."""

import base64
import binascii
import hashlib
import hmac
import os
import secrets
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from ...access import secret
from ...errors import SettingsError
from ...settings import Apps

if TYPE_CHECKING:
    from ..store.secrets import SecretStore
    from ..store.storage import Storage

FILE_NAME = "webhook_secret"
PREFIX = "whsec_"
_LENGTHS = range(24, 65)  # bytes that the specification allows
_MADE_LENGTH = 32


def sign(key: bytes, webhook_id: str, seconds: int, body: bytes) -> dict[str, str]:
    """The three headers of a delivery that is sent `seconds` after 1970."""
    digest = hmac.digest(key, f"{webhook_id}.{seconds}.".encode() + body, hashlib.sha256)
    return {
        "webhook-id": webhook_id,
        "webhook-timestamp": str(seconds),
        "webhook-signature": f"v1,{base64.b64encode(digest).decode('ascii')}",
    }


def read_secret(apps: Apps, private: Path) -> str:
    """The secret as receivers get it, `whsec_...`; made in the private folder when no setting names one. Blocking.

    Raises SettingsError.
    """
    if names_secret(apps):
        found = secret(apps.webhook_secret_env, apps.webhook_secret_file, "webhook secret")
        return PREFIX + found.strip().removeprefix(PREFIX)
    file = private / FILE_NAME
    with suppress(FileExistsError):
        _make(file)
    return secret("", file, "webhook secret").strip()


def names_secret(apps: Apps) -> bool:
    return bool(apps.webhook_secret_env or apps.webhook_secret_file)


async def shared_secret(storage: "Storage") -> str:
    """The one of all processes that share the store. Raises NotReady."""
    return await storage.call(lambda store: keep_secret(store.secrets))


def keep_secret(store: "SecretStore") -> str:
    return store.keep(FILE_NAME, new_secret())


def new_secret() -> str:
    return PREFIX + base64.b64encode(secrets.token_bytes(_MADE_LENGTH)).decode("ascii")


def _make(file: Path) -> None:
    """Raises FileExistsError, SettingsError."""
    if file.exists():
        raise FileExistsError
    part = file.with_name(f"{FILE_NAME}.{secrets.token_hex(8)}")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w", encoding="ascii") as target:
            target.write(new_secret() + "\n")
            target.flush()
            os.fsync(target.fileno())
        os.replace(part, file)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise SettingsError(f"The webhook secret cannot be written to {file}: {error.strerror}.") from error


def key_of(text: str) -> bytes:
    """The key within a secret. Raises SettingsError, which does not repeat it."""
    try:
        key = base64.b64decode(text.removeprefix(PREFIX), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if len(key) not in _LENGTHS:
        raise SettingsError(
            f"The webhook secret must be {PREFIX} and 24 to 64 bytes in base64; `openssl rand -base64 32` makes such a"
            " text. Store it anew."
        )
    return key
