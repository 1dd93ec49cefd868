"""`[decoders.<name>]` of `lectern.toml`: a remote VAE that turns latents into pictures (hybrid inference)."""

import ssl
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from .access import Name, Seconds, access_token, check_secrecy, checked_url, trust


def _checked_url(url: str) -> str:
    return checked_url(url, "token_env or token_file")


class Decoder(BaseModel):
    """One endpoint that speaks the protocol of diffusers' remote_decode()."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    url: Annotated[str, AfterValidator(_checked_url)] = Field(description="address of the endpoint")
    token_env: str = Field(default="", max_length=256, description="environment variable that holds its token")
    token_file: Path | None = Field(default=None, description="file whose first line is the token")
    verify_tls: bool = Field(default=True, description="whether the certificate of an https address is checked")
    ca_file: Path | None = Field(default=None, description="certificates (PEM) trusted beside the system's")
    connect_seconds: Seconds = Field(default=10, description="longest wait for a connection")
    first_byte_seconds: Seconds = Field(default=300, description="longest wait until an answer begins")
    total_seconds: Seconds = Field(default=600, description="longest time of one request")
    answer_mb: int = Field(default=1024, ge=1, le=65_536, description="largest answer, megabytes")

    @model_validator(mode="after")
    def _safe(self) -> "Decoder":
        if self.token_env or self.token_file:
            check_secrecy(self.url)
        return self

    def token(self) -> str:
        """Raises SettingsError."""
        return access_token(self.token_env, self.token_file, "decoders")

    def tls(self) -> ssl.SSLContext | bool:
        return trust(self.verify_tls, self.ca_file)


Decoders = dict[Name, Decoder]
