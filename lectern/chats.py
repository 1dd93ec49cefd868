"""`[chat.<name>]` of `lectern.toml`: a language model behind a server that speaks OpenAI's chat completions."""

import ssl
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from .access import Name, Seconds, access_token, check_secrecy, checked_url, trust

Backends = Literal["auto", "openai", "ollama", "llamacpp", "lmstudio", "vllm", "transformers"]

# What people copy from documentation together with the address.
_TAILS = ("/chat/completions", "/completions", "/models", "/responses")
_VERSION = "/v1"


def _checked_url(url: str) -> str:
    url = url.strip().rstrip("/")
    for tail in _TAILS:
        url = url.removesuffix(tail)
    url = checked_url(url, "key_env or key_file")
    return url if urlsplit(url).path.strip("/") else url + _VERSION


class Chat(BaseModel):
    """One server, and which of its models is meant."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    url: Annotated[str, AfterValidator(_checked_url)] = Field(description="base address, such as http://host:11434/v1")
    model: str = Field(default="", max_length=256, description="the model's name there; empty: the first it lists")
    backend: Backends = Field(default="auto", description="kind of server, for what only that kind can do")
    key_env: str = Field(default="", max_length=256, description="environment variable that holds the API key")
    key_file: Path | None = Field(default=None, description="file whose first line is the API key")
    plain_http: bool = Field(default=False, description="whether the key may be sent without encryption")
    vision: Literal["auto", "yes", "no"] = Field(default="auto", description="whether the model reads pictures")
    verify_tls: bool = Field(default=True, description="whether the certificate of an https address is checked")
    ca_file: Path | None = Field(default=None, description="certificates (PEM) trusted beside the system's")
    connect_seconds: Seconds = Field(default=10, description="longest wait for a connection")
    first_token_seconds: Seconds = Field(default=300, description="longest wait until it begins to write")
    stall_seconds: Seconds = Field(default=60, description="longest pause while it writes")
    total_seconds: Seconds = Field(default=1800, description="longest time of one answer")
    attempts: int = Field(default=3, ge=1, le=10, description="tries when it is busy or breaks down (429, 5xx)")
    concurrency: int = Field(default=4, ge=1, le=64, description="questions at once")
    answer_kb: int = Field(default=1024, ge=16, le=65_536, description="largest answer, kilobytes")
    document_chars: int = Field(
        default=12_000, ge=1000, le=1_000_000, description="characters of a document that it is given at once"
    )

    @model_validator(mode="after")
    def _safe(self) -> "Chat":
        if (self.key_env or self.key_file) and not self.plain_http:
            check_secrecy(self.url, "the key is only sent over https; plain_http = true allows it in your own network")
        return self

    def key(self) -> str:
        """The secret itself, or nothing. Raises SettingsError."""
        return access_token(self.key_env, self.key_file, "chat")

    def tls(self) -> ssl.SSLContext | bool:
        """For aiohttp: how the certificate is checked. Raises SettingsError for an unusable ca_file."""
        return trust(self.verify_tls, self.ca_file)


Chats = dict[Name, Chat]

LOCAL_CHAT: Chats = {"local": Chat(url="http://127.0.0.1:11434/v1")}
