"""`[servers.<name>]` of `lectern.toml`: another machine, or a pool of them, and how to reach it."""

import ssl
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from .access import Name, Seconds, checked_url, secret, trust

Dialects = Literal["auto", "a1111", "a1111-1.8", "reforge", "forge", "sdnext", "sdcpp", "koboldcpp"]

# What people copy from documentation together with the address.
_TAIL = "/sdapi/v1"


def _checked_url(url: str) -> str:
    return checked_url(url.strip().rstrip("/").removesuffix(_TAIL), "user and password_env or password_file")


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
        """Raises SettingsError."""
        return secret(self.password_env, self.password_file, "password")

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
