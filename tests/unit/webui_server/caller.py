"""A caller of the contract server, and pictures to send to it."""

import base64
import io
import json
from typing import Any, NamedTuple

import aiohttp
import numpy as np
from PIL import Image

from support.webui import ContractServer
from support.webui.imagefiles import encode

SMALL = {"prompt": "a cat", "negative_prompt": "dog", "seed": 42, "steps": 2, "width": 64, "height": 64}


class Answer(NamedTuple):
    status: int
    headers: Any
    text: str

    @property
    def json(self) -> Any:
        return json.loads(self.text)

    @property
    def info(self) -> dict[str, Any]:
        return json.loads(self.json["info"])

    @property
    def pictures(self) -> list[Image.Image]:
        return [Image.open(io.BytesIO(base64.b64decode(text))) for text in self.json["images"]]

    @property
    def sizes(self) -> list[tuple[int, int]]:
        return [picture.size for picture in self.pictures]


class Webui:
    """One server and a caller of it."""

    def __init__(self, server: ContractServer, session: aiohttp.ClientSession) -> None:
        self.server, self.session = server, session

    async def call(self, method: str, route: str, **options: Any) -> Answer:
        path = route if route.startswith("/") else f"/sdapi/v1/{route}"
        async with self.session.request(method, self.server.url + path, allow_redirects=False, **options) as answer:
            return Answer(answer.status, answer.headers, await answer.text())

    async def get(self, route: str, **options: Any) -> Answer:
        return await self.call("GET", route, **options)

    async def post(self, route: str, body: Any = None, **options: Any) -> Answer:
        return await self.call("POST", route, json=body, **options)

    async def txt2img(self, **body: Any) -> Answer:
        return await self.post("txt2img", SMALL | body)

    async def img2img(self, **body: Any) -> Answer:
        return await self.post("img2img", SMALL | body)


def pixels(image: Image.Image) -> np.ndarray:
    return np.asarray(image.convert("RGB"), np.int16)


def halves(width: int, height: int, left: Any, right: Any, mode: str = "RGB") -> str:
    """A picture of two colours, as base64."""
    image = Image.new(mode, (width, height), left)
    image.paste(right, (width // 2, 0, width, height))
    return encode(image)
