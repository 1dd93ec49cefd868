"""`[hub]` of `lectern.toml`: whether pipelines may be downloaded, from where, and how much."""

import ssl
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, model_validator

from .access import Name, Seconds, access_token, check_secrecy, checked_url, trust

_HOST = r"(?i)^(\*\.)?[a-z0-9_-]+(\.[a-z0-9_-]+)*$"

Host = Annotated[str, StringConstraints(max_length=253, pattern=_HOST, to_lower=True)]


def _checked_url(url: str) -> str:
    return checked_url(url, "token_env or token_file")


class ModelHub(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    downloads: bool = Field(default=False, description="whether a workflow may have pipelines downloaded")
    url: Annotated[str, AfterValidator(_checked_url)] = Field(
        default="https://huggingface.co", description="the hub, or a mirror of it"
    )
    # The hub hands large files to hosts that it chooses by place and changes now and then; all lie below these two
    # (https://huggingface.co/docs/hub/models-downloading, "Downloading behind a proxy or firewall").
    hosts: list[Host] = Field(
        default=["*.huggingface.co", "*.hf.co"], max_length=64, description="where the url may redirect to"
    )
    owners: list[Name] = Field(default=[], max_length=1000, description="whose pipelines; empty for anybody's")
    token_env: str = Field(default="", max_length=256, description="environment variable that holds the access token")
    token_file: Path | None = Field(default=None, description="file whose first line is the access token")
    verify_tls: bool = Field(default=True, description="whether the certificate of an https address is checked")
    ca_file: Path | None = Field(default=None, description="certificates (PEM) trusted beside the system's")
    largest_gb: float = Field(default=100, gt=0, le=100_000, description="largest pipeline, gigabytes")
    connect_seconds: Seconds = Field(default=10, description="longest wait for a connection")
    stall_seconds: Seconds = Field(default=60, description="longest wait for the next byte")
    attempts: int = Field(default=5, ge=1, le=100, description="in a row without success, before it is given up")

    @model_validator(mode="after")
    def _safe(self) -> "ModelHub":
        if self.token_env or self.token_file:
            check_secrecy(self.url)
        return self

    def token(self) -> str:
        """The secret itself, or nothing. Raises SettingsError: the variable is not set, or the file unreadable."""
        return access_token(self.token_env, self.token_file, "hub")

    def tls(self) -> ssl.SSLContext | bool:
        """For aiohttp: how the certificate is checked. Raises SettingsError for an unusable ca_file."""
        return trust(self.verify_tls, self.ca_file)

    def allows_owner(self, owner: str) -> bool:
        return not self.owners or owner.casefold() in {one.casefold() for one in self.owners}

    def allows_host(self, host: str) -> bool:
        """Whether the url may redirect to it; the url's own host need not be named."""
        return any(host == one or (one.startswith("*.") and host.endswith(one[1:])) for one in self.hosts)
