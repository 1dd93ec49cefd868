"""`[servers.<name>]` of `lectern.toml`: another machine, or a pool of them, and how to reach it."""

import os
import ssl
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, model_validator

from .errors import SettingsError

Dialects = Literal["auto", "a1111", "a1111-1.8", "reforge", "forge", "sdnext", "sdcpp", "koboldcpp"]

# What people copy from documentation together with the address.
_TAIL = "/sdapi/v1"
_SECRET_BYTES = 4096


def checked_address(url: str, secret: str) -> str:
    """Without trailing slash. The reasons never repeat the address: it may hold a password.

    Args:
        secret: what to use instead of a password in the address.

    Raises:
        ValueError: why it cannot be used.
    """
    url = url.strip().rstrip("/")
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("write it as http://host:port or https://host/path")
    if parts.username is not None or parts.password is not None:
        raise ValueError(f"keep the password out of it; use {secret}")
    if parts.query or parts.fragment:
        raise ValueError("leave out everything from ? or # on")
    try:
        _ = parts.port
    except ValueError:
        raise ValueError("the port behind the host's name must be a number up to 65535") from None
    return url


def _checked_url(url: str) -> str:
    return checked_address(url.strip().rstrip("/").removesuffix(_TAIL), "user and password_env or password_file")


def read_secret(kind: str, variable: str, file: Path | None) -> str:
    """The secret itself, or nothing when neither is named; read when it is needed, kept nowhere.

    Args:
        kind: "password" or "token", for messages.

    Raises:
        SettingsError: the variable is not set, or the file cannot be read.
    """
    if variable:
        value = os.environ.get(variable)
        if value is None:
            raise SettingsError(
                f"The environment variable {variable} is not set. Set it to the {kind} before ComfyUI starts."
            )
        return value
    if file is None:
        return ""
    try:
        with file.open("rb") as source:
            return source.read(_SECRET_BYTES).decode("utf-8").partition("\n")[0].strip("\r")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not text"
        raise SettingsError(f"The {kind} file {file} cannot be read: {reason}.") from None


def trust(verify: bool, file: Path | None) -> ssl.SSLContext | bool:
    """For aiohttp: how a certificate is checked. Raises SettingsError for an unusable ca_file."""
    if not verify:
        return False
    if file is None:
        return True
    context = ssl.create_default_context()
    try:
        context.load_verify_locations(file)
    except (OSError, ssl.SSLError) as error:
        raise SettingsError(f"ca_file {file} cannot be used: {error}. Give a PEM file.") from None
    return context


Seconds = Annotated[float, Field(gt=0, le=86_400)]
Name = Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=r"^[^\x00-\x1f\x7f]+$")]


class Server(BaseModel):
    """One sd-webui server, or with `pool` the names of several that share the work."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    url: Annotated[str, AfterValidator(_checked_url)] | None = Field(default=None, description="base address")
    pool: list[Name] = Field(default=[], max_length=64, description="names of other entries that share the work")
    user: str = Field(default="", max_length=256, description="user name of HTTP Basic authentication")
    password_env: str = Field(default="", max_length=256, description="environment variable that holds the password")
    password_file: Path | None = Field(default=None, description="file whose first line is the password")
    verify_tls: bool = Field(default=True, description="whether the certificate of an https address is checked")
    ca_file: Path | None = Field(default=None, description="certificates (PEM) trusted beside the system's")
    connect_seconds: Seconds = Field(default=10, description="longest wait for a connection")
    first_byte_seconds: Seconds = Field(default=3600, description="longest wait until an answer begins")
    total_seconds: Seconds = Field(default=7200, description="longest time of one request")
    concurrency: int = Field(default=1, ge=1, le=64, description="requests at once; most servers work on one")
    dialect: Dialects = Field(default="auto", description="kind of server; auto asks it")
    mismatch: Literal["warn", "error"] = Field(default="warn", description="when it changes what was asked for")
    answer_mb: int = Field(default=1024, ge=1, le=65_536, description="largest answer, megabytes")

    @model_validator(mode="after")
    def _one_kind(self) -> "Server":
        if (self.url is None) == (not self.pool):
            raise ValueError("give it either a url or a pool")
        if self.user and not (self.password_env or self.password_file):
            raise ValueError("user needs password_env or password_file")
        return self

    def password(self) -> str:
        """The secret itself. Raises SettingsError: the variable is not set, or the file cannot be read."""
        return read_secret("password", self.password_env, self.password_file)

    def tls(self) -> ssl.SSLContext | bool:
        """For aiohttp: how the certificate is checked. Raises SettingsError for an unusable ca_file."""
        return trust(self.verify_tls, self.ca_file)


Servers = dict[Name, Server]

LOCAL: Servers = {"local": Server(url="http://127.0.0.1:7860")}


def check_pools(servers: Servers) -> Servers:
    """Every pool names servers that exist and are no pools themselves. Raises ValueError."""
    for name, server in servers.items():
        for member in server.pool:
            if member not in servers or servers[member].pool:
                known = ", ".join(other for other, one in servers.items() if not one.pool) or "none"
                raise ValueError(f"pool of {name} names {member!r}, which is no server with a url (there are: {known})")
        if len(set(server.pool)) < len(server.pool):
            raise ValueError(f"pool of {name} names a server twice")
    return servers
