"""What every dialect answers: which routes it has, its errors, its plan of a request and its answer to one."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar

from aiohttp import web

from support.webui.data import load
from support.webui.errors import BadJson, Crash, Invalid, NotAllowed, Refusal, ServerError
from support.webui.imagefiles import encode
from support.webui.painting import grid_of
from support.webui.plan import Made, Plan
from support.webui.state import State

GENERATE = frozenset({"POST txt2img", "POST img2img"})


class Dialect(ABC):
    name: ClassVar[str]
    routes: ClassVar[frozenset[str]]  # "GET samplers": below /sdapi/v1, others by their whole path
    protected: ClassVar[bool] = True  # has --api-auth

    def __init__(self) -> None:
        requests = load("requests")
        self.elsewhere = {route: set(fields) for route, fields in requests.items()}

    @abstractmethod
    def lists(self) -> dict[str, Any]:
        """The GET answers that are plain data, by route."""

    @abstractmethod
    def read(self, state: State, route: str, body: Any) -> dict[str, Any]:
        """A generation body, checked and complete."""

    @abstractmethod
    def plan(self, state: State, route: str, body: dict[str, Any]) -> Plan:
        """What a checked body asks for; raises ServerError."""

    @abstractmethod
    def answer(self, plan: Plan, made: Made, sent: dict[str, Any], body: dict[str, Any]) -> dict[str, Any]:
        """The 200 answer: `sent` is the body as it came, `body` as it was read."""

    @abstractmethod
    def error(self, error: ServerError) -> web.Response:
        """An error in this dialect's envelope."""

    def has(self, route: str) -> bool:
        return route in self.routes

    def interrupted(self, skip: bool) -> web.Response:
        return web.json_response(None if skip else {})

    def updated(self, values: dict[str, Any]) -> Any:
        """The answer to POST options."""
        return None

    def lists_of_files(self, plan: Plan, made: Made, infotexts: Sequence[str | None]) -> list[str]:
        """Grid, pictures, control maps: base64 in the order in which the servers send them."""
        images = made.images
        front = [grid_of(images)] if plan.grid and images else []
        shown = () if plan.only_grid else images
        texts = [*infotexts[: len(front) + len(shown)], *[None] * len(plan.maps)]
        return [
            encode(image, text, plan.file_kind) for image, text in zip([*front, *shown, *plan.maps], texts, strict=True)
        ]


def plain(error: ServerError) -> tuple[int, str]:
    """Status and sentence of an error, where a dialect says no more than that."""
    match error:
        case Refusal():
            return error.status, error.detail
        case Crash():
            return 500, error.message
        case NotAllowed():
            return 405, "Method Not Allowed"
        case BadJson() | Invalid():
            return 422, str(error)
        case _:
            return 404, "Not Found"
