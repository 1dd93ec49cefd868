"""How an entry of `lectern.toml` reaches another machine: its address, its secret, and whom it trusts."""

import os
import re
import ssl
from pathlib import Path
from typing import Annotated
from urllib.parse import SplitResult, urlsplit

from pydantic import Field, StringConstraints

from .errors import SettingsError

_SECRET_BYTES = 4096

Seconds = Annotated[float, Field(gt=0, le=86_400)]
Name = Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=r"^[^\x00-\x1f\x7f]+$")]


def checked_url(url: str, instead: str) -> str:
    """Without trailing slash. The reasons never repeat the address: it may hold a password.

    Args:
        instead: where a password belongs.

    Raises:
        ValueError.
    """
    url = url.strip().rstrip("/")
    try:
        parts = urlsplit(url)
        name = (parts.hostname or "").encode("idna")  # no part of it empty or too long
    except ValueError:
        parts, name = SplitResult("", "", "", "", ""), b""
    if parts.scheme not in ("http", "https") or not re.fullmatch(rb"[^\s\\/]+", name):
        raise ValueError("write it as http://host:port or https://host/path")
    if parts.username is not None or parts.password is not None:
        raise ValueError(f"keep the password out of it; use {instead}")
    if parts.query or parts.fragment:
        raise ValueError("leave out everything from ? or # on")
    try:
        _ = parts.port
    except ValueError:
        raise ValueError("the port behind the host's name must be a number up to 65535") from None
    return url


def secret(variable: str, file: Path | None, what: str) -> str:
    """The secret itself; read when it is needed, kept nowhere. Empty where neither is named.

    Args:
        variable: name of an environment variable; it wins over the file.
        file: its first line is the secret.
        what: "password" or "token", for messages.

    Raises:
        SettingsError: the variable is not set, or the file cannot be read.
    """
    if variable:
        value = os.environ.get(variable)
        if value is None:
            raise SettingsError(
                f"The environment variable {variable} is not set. Set it to the {what} before ComfyUI starts."
            )
        return value
    if file is None:
        return ""
    try:
        with file.open("rb") as source:
            return source.read(_SECRET_BYTES).decode("utf-8").partition("\n")[0].strip("\r")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not text"
        raise SettingsError(f"The {what} file {file} cannot be read: {reason}.") from None


def access_token(variable: str, file: Path | None, section: str) -> str:
    """As `secret`, and fit for a header. Raises SettingsError."""
    token = secret(variable, file, "token").strip()
    if not token.isascii() or not token.isprintable():
        raise SettingsError(f"The token of [{section}] holds characters that no access token has. Store it anew.")
    return token


def check_secrecy(url: str, advice: str = "a token is only sent over https") -> None:
    """For an entry with a token. Raises ValueError with the advice: anybody on the way could read it."""
    parts = urlsplit(url)
    if parts.scheme == "http" and parts.hostname not in ("127.0.0.1", "localhost", "::1"):
        raise ValueError(advice)


def trust(verify: bool, ca_file: Path | None) -> ssl.SSLContext | bool:
    """For aiohttp: how the certificate is checked. Raises SettingsError for an unusable ca_file."""
    if not verify:
        return False
    if ca_file is None:
        return True
    context = ssl.create_default_context()
    try:
        context.load_verify_locations(ca_file)
    except (OSError, ssl.SSLError) as error:
        raise SettingsError(f"ca_file {ca_file} cannot be used: {error}. Give a PEM file.") from None
    return context
