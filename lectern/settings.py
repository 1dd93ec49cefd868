"""`lectern.toml`: limits and folders that a person may change. Absent file: all defaults."""

import re
import tomllib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from .chats import LOCAL_CHAT, Chats
from .decoders import Decoders
from .errors import SettingsError
from .fleets import Fleet
from .hosts import Host
from .modelhub import ModelHub
from .servers import LOCAL, Servers, check_pools

FILE_NAME = "lectern.toml"


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Fonts(_Section):
    folders: list[Path] = Field(default=[], description="folders searched for fonts before the system's own")


class Limits(_Section):
    """Bounds on what one node or request may ask for."""

    side: int = Field(default=16384, ge=64, le=65536, description="longest side of a picture, pixels")
    slides: int = Field(default=500, ge=1, le=10000, description="pictures in one deck or one background batch")
    text: int = Field(default=100_000, ge=100, le=10_000_000, description="characters of one text")
    template_mb: int = Field(default=256, ge=1, le=4096, description="megabytes that a template deck may unpack to")


def _origin(text: str) -> str:
    """As browsers send it in `Origin`: lower case, without the scheme's own port. Raises ValueError."""
    text = text.strip().lower().removesuffix("/")
    if text == "*":
        raise ValueError("list each web site; * would let every page that you open in")
    found = re.fullmatch(r"([a-z][a-z0-9+.-]*)://(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(:[0-9]{1,5})?", text)
    if found is None:
        raise ValueError("write it as https://host or https://host:port")
    own = found[3] in {"http": (":80",), "https": (":443",)}.get(found[1], ())
    return text.removesuffix(found[3]) if own else text


Origin = Annotated[str, AfterValidator(_origin)]


class Apps(_Section):
    queued: int = Field(default=100, ge=1, le=100_000, description="runs waiting at once; more are answered 429")
    body_kb: int = Field(default=1024, ge=1, le=1_048_576, description="largest request body, kilobytes")
    wait_seconds: int = Field(default=60, ge=1, le=600, description="longest wait of a `Prefer: wait` request")
    publish_mb: int = Field(default=16, ge=1, le=256, description="largest body of a publish request, megabytes")
    keep_days: int = Field(default=0, ge=0, le=36_500, description="until a run that ended is forgotten; 0: never")
    streams: int = Field(default=2000, ge=1, le=100_000, description="listeners to events of runs at once")
    access: Literal["loopback", "keys", "open"] = Field(
        default="loopback", description="who may use apps: this machine only, holders of keys, or everybody"
    )
    cors_origins: list[Origin] = Field(default=[], max_length=100, description="web sites whose pages may call")
    audit: bool | None = Field(default=None, description="write audit.log; by default only where access is keys")

    @property
    def audited(self) -> bool:
        return self.access == "keys" if self.audit is None else self.audit

    file_mb: int = Field(default=100, ge=1, le=100_000, description="largest file that is taken in, megabytes")
    files_mb: int = Field(default=4096, ge=1, le=10_000_000, description="all files that are kept together, megabytes")
    file_hours: int = Field(default=24, ge=1, le=8760, description="how long a file is kept after its last upload")
    fetch_hosts: list[Host] = Field(default=[], max_length=1000, description="where inputs may be fetched from by URL")
    webhook_hosts: list[Host] = Field(default=[], max_length=1000, description="where webhooks may be sent to")
    private_hosts: list[Host] = Field(
        default=[], max_length=1000, description="which of these hosts may lie on this machine or in its own network"
    )
    webhook_secret_env: str = Field(default="", max_length=256, description="variable that holds the signing secret")
    webhook_secret_file: Path | None = Field(default=None, description="file whose first line is the signing secret")


class Prompts(_Section):
    styles: list[Path] = Field(default=[], description="A1111's styles.csv files, beside the one in Lectern's folder")
    wildcards: list[Path] = Field(default=[], description="folders of wildcards, beside the one in Lectern's folder")
    picture_side: int = Field(
        default=1024, ge=64, le=4096, description="longest side of pictures sent to models, pixels"
    )


class Settings(_Section):
    """Everything `lectern.toml` may hold, validated."""

    fonts: Fonts = Fonts()
    limits: Limits = Limits()
    apps: Apps = Apps()
    hub: ModelHub = ModelHub()
    servers: Annotated[Servers, AfterValidator(check_pools)] = Field(default=LOCAL, min_length=1)
    decoders: Decoders = {}
    chat: Chats = Field(default=LOCAL_CHAT, min_length=1)
    prompts: Prompts = Prompts()
    fleet: Fleet = Fleet()


def read_settings(file: Path) -> Settings:
    """Reads and validates the file; a missing file gives the defaults.

    Raises:
        SettingsError: names the file, and the key and value at fault.
    """
    try:
        content = tomllib.loads(file.read_text("utf-8"))
    except FileNotFoundError:
        return Settings()
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SettingsError(f"{file} cannot be read: {error}. Correct it or delete it.") from error
    try:
        return Settings.model_validate(content)
    except ValidationError as error:
        raise SettingsError(_explain(file, error)) from error


def _explain(file: Path, error: ValidationError) -> str:
    """One sentence per mistake: key, value, what is allowed."""
    mistakes = []
    for item in error.errors(include_url=False):
        key = ".".join(map(str, item["loc"]))
        if item["type"] == "extra_forbidden":
            mistakes.append(f"{key} is not a setting; remove it or correct its name")
        elif item["type"] == "missing":
            mistakes.append(f"{key} is missing; write it")
        else:
            reason = item["msg"].removeprefix("Value error, ")
            mistakes.append(f"{key} is {_shown(item['input'])}: {reason[0].lower()}{reason[1:]}")
    # An address may also stand where a name belongs; what is before its @ may be a password.
    return f"{file}: {re.sub(r'[^ ]+@', '***@', '; '.join(mistakes))}."


def _shown(value: object) -> str:
    """The value as a person may see it: short, and an address without its password or key."""
    if isinstance(value, dict):
        return "a table" if value else "an empty table"
    text = re.sub(r"[?#].*", "?***", re.sub(r".*@", "***@", repr(value)))
    return text if len(text) <= 120 else f"{text[:117]}..."


@dataclass(frozen=True)
class SettingsFile:
    """`lectern.toml` in a folder; read again when it changed, so that no restart is needed."""

    folder: Path

    @property
    def path(self) -> Path:
        return self.folder / FILE_NAME

    @cached_property
    def _memory(self) -> dict[tuple[int, int], Settings]:
        return {}

    def read(self) -> Settings:
        """Raises SettingsError while the file has a mistake."""
        try:
            status = self.path.stat()
            stamp = (status.st_mtime_ns, status.st_size)
        except OSError:
            stamp = (0, 0)
        known = self._memory.get(stamp)
        if known is None:  # no lock: at worst two threads read it at once
            known = read_settings(self.path)
            self._memory.clear()
            self._memory[stamp] = known
        return known
