"""`[fleet]` of `lectern.toml`: the NATS server that gateways and workers share, and who we are there."""

import re
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

SCHEMES = ("nats", "tls", "ws", "wss")
PORT = 4222


def checked_address(text: str) -> str:
    """`nats://host:port`; the scheme and the port may be left out. The reasons never repeat the address.

    Raises ValueError.
    """
    text = text.strip()
    try:
        parts = urlsplit(text if "://" in text else f"nats://{text}")
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise ValueError("write it as nats://host:4222 or tls://host:4222") from None
    if parts.username is not None or parts.password is not None:
        raise ValueError("keep user and password out of it; use user and password_env, or token_env")
    if parts.scheme not in SCHEMES or not re.fullmatch(r"[^\s\\/@]+", host) or parts.path.strip("/") or parts.query:
        raise ValueError("write it as nats://host:4222 or tls://host:4222")
    shown = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{shown}:{port or PORT}"


def split_addresses(value: object) -> object:
    """One text may name several, with commas between them."""
    return [piece for piece in map(str.strip, value.split(",")) if piece] if isinstance(value, str) else value


Address = Annotated[str, AfterValidator(checked_address)]


class Fleet(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    nats: Annotated[list[Address], BeforeValidator(split_addresses)] = Field(
        default=[], max_length=64, description="addresses of NATS; empty: runs execute in this ComfyUI"
    )
    user: str = Field(default="", max_length=256, description="user name at NATS")
    password_env: str = Field(default="", max_length=256, description="environment variable that holds the password")
    password_file: Path | None = Field(default=None, description="file whose first line is the password")
    token_env: str = Field(default="", max_length=256, description="environment variable that holds NATS's token")
    token_file: Path | None = Field(default=None, description="file whose first line is the token")
    creds_file: Path | None = Field(default=None, description="NATS's own file of credentials, .creds")
    ca_file: Path | None = Field(default=None, description="certificates (PEM) that are trusted for tls://")
    replicas: Literal[1, 3, 5] = Field(default=1, description="copies of everything that NATS keeps")
    store_env: str = Field(
        default="LECTERN_STORE_URL", max_length=256, description="environment variable that holds PostgreSQL's URL"
    )
