"""What the SD WebUI nodes share."""

from collections.abc import Callable
from typing import Any, NamedTuple

from comfy_api.v0_0_2 import io

from ...lectern.errors import LecternError
from ...lectern.mount import webui as webui  # the one hub of servers
from ...lectern.sdwebui.fields import check_no_address, parse_object
from ...lectern.sdwebui.options import Option
from ...lectern.sdwebui.pictures import Bounds
from ..shared import notes as notes
from ..shared import settings as settings

CATEGORY = "Lectern/SD WebUI"
SERVERS_CHOICE = "server's choice"  # nothing is sent, so the server's own setting counts
NONE = "none"


class Target(NamedTuple):
    """What the server node gives to the others."""

    server: str  # name of an entry of lectern.toml
    checkpoint: str  # empty: the one that is loaded there


ServerType = io.Custom("LECTERN_WEBUI_SERVER")  # a Target
OptionsType = io.Custom("LECTERN_WEBUI_OPTIONS")  # a tuple of Option

Options = tuple[Option, ...]


def bounds() -> Bounds:
    side = settings().limits.side
    return Bounds(side, 2 * side * side)


def server_names() -> list[str]:
    """For the widget; with a mistake in lectern.toml the default, so that the editor still opens."""
    try:
        return list(settings().servers)
    except LecternError:
        return ["local"]


def chosen(value: str) -> str:
    """A list's value, or nothing for the entry that leaves it to the server."""
    return "" if value in (SERVERS_CHOICE, NONE) else value


def names(text: str) -> tuple[str, ...]:
    """One name a line, or separated by commas."""
    return tuple(one.strip() for one in text.replace("\n", ",").split(",") if one.strip())


def json_object(text: str) -> dict[str, Any]:
    """Raises RequestError; also for a picture by its address, which the server would fetch."""
    return dict(check_no_address(parse_object(text, settings().limits.text)))


def options_input() -> io.Input:
    return OptionsType.Input(
        "options", optional=True, tooltip="Options of another node; this one's come after them and win."
    )


def valid(check: Callable[[], object]) -> bool | str:
    """ComfyUI's answer to a check of inputs: True, or the sentence that says what is wrong."""
    try:
        check()
    except LecternError as error:
        return str(error)
    return True


def chained(options: Options | None, option: Option) -> Options:
    return (*(options or ()), option)
