"""What the servers do with pictures beside sampling: upscale, interrogate, detect, read a picture's texts.

Lives on the background loop.
"""

import asyncio
import json
from base64 import b64encode
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor

from ..png import png
from .answers import read_extras
from .building import Part
from .checks import lacking
from .connection import Patience
from .dialects import Dialect, Route
from .errors import AnswerError, Unsuited
from .hub import Hub
from .lists import API, load
from .member import Member
from .pictures import Bounds, Room, decode, to_image
from .plan import Plan
from .pool import Crew
from .progress import Glimpse, Watch
from .reading import threads

_AT_ONCE = 8  # pictures in one request of the extras route
_LONGEST_TEXT = 1_000_000  # characters of what a server says of a picture


class Upscaling(NamedTuple):
    """`fields` are those of the extras routes, without pictures; `upscalers` those that they name."""

    fields: Mapping[str, Any]
    upscalers: tuple[str, ...]


async def upscale(
    hub: Hub, server: str, images: Tensor, asked: Upscaling, bounds: Bounds, watch: Watch
) -> list[Tensor]:
    """(B, H, W, C) -> as many pictures, each (1, h, w, 3 or 4), in order. A pool shares them.

    Raises:
        LecternError.
    """
    plan = Plan(1, len(images), _AT_ONCE, repeats=False)
    watch.expect(len(images))
    room = Room(bounds)

    async def make(member: Member, part: Part) -> list[Tensor]:
        chosen = images[part.first : part.first + part.count]
        return await _upscaled(member, await _able(member, Route.EXTRAS), chosen, asked, bounds, room)

    made = await Crew(hub.members(server), plan, watch, make).work()
    return [picture for _, pictures in made for picture in pictures]


async def _upscaled(
    member: Member, dialect: Dialect, images: Tensor, asked: Upscaling, bounds: Bounds, room: Room
) -> list[Tensor]:
    known = await member.named("upscalers")
    for name in asked.upscalers:
        if known and not any(one.is_called(name) for one in known):
            raise lacking(member.label, "upscaler", name, known)
    if len(images) > 1 and Route.EXTRAS_BATCH not in dialect.routes:
        return [one for image in images for one in await _upscaled(member, dialect, image[None], asked, bounds, room)]
    texts = await asyncio.gather(*(asyncio.to_thread(_encoded, image) for image in images))
    path, key, pictures = f"{API}/extra-single-image", "image", {"image": texts[0]}
    if len(images) > 1:
        listed = [{"data": text, "name": f"{number}.png"} for number, text in enumerate(texts)]
        path, key, pictures = f"{API}/extra-batch-images", "images", {"imageList": listed}
    answer = await _ask(member, path, {**asked.fields, **pictures})
    found = await asyncio.to_thread(read_extras, member.label, answer, key)
    if len(found) < len(images):
        raise AnswerError(f"{member.label} sent {len(found)} of {len(images)} pictures. Its console says why.")
    return await _unpacked(member, found[: len(images)], bounds, room)


async def interrogate(hub: Hub, server: str, images: Tensor, model: str, watch: Watch) -> list[str]:
    """What each picture of (B, H, W, C) shows, in the words of the server's model. Raises LecternError."""
    plan = Plan(1, len(images), 1)
    watch.expect(len(images))

    async def make(member: Member, part: Part) -> list[str]:
        await _able(member, Route.INTERROGATE)
        found = []
        for image in images[part.first : part.first + part.count]:
            body = {"image": await asyncio.to_thread(_encoded, image), "model": model}
            content = load(await _ask(member, f"{API}/interrogate", body))
            found.append(_text(content.get("caption") if isinstance(content, dict) else None, member))
            watch.seen(part, part.count, Glimpse(len(found) / part.count))
        return found

    made = await Crew(hub.members(server), plan, watch, make).work()
    return [text for _, texts in made for text in texts]


async def detect(hub: Hub, server: str, images: Tensor, settings: Mapping[str, Any], bounds: Bounds) -> Tensor:
    """The control maps that a ControlNet preprocessor makes of (B, H, W, C); an IMAGE. Raises LecternError.

    Args:
        settings: of a unit: module, processor_res, threshold_a, threshold_b.
    """
    member = hub.members(server)[0]
    await _able(member, Route.CONTROLNET)
    names = {
        "module": "module",
        "processor_res": "processor_res",
        "threshold_a": "threshold_a",
        "threshold_b": "threshold_b",
    }
    body = {f"controlnet_{theirs}": settings[ours] for ours, theirs in names.items() if ours in settings}
    pictures = await asyncio.gather(*(asyncio.to_thread(_encoded, image) for image in images))
    answer = await _ask(member, "/controlnet/detect", {**body, "controlnet_input_images": list(pictures)})
    found = await asyncio.to_thread(read_extras, member.label, answer, "images")
    maps = await _unpacked(member, found, bounds, Room(bounds))
    return await asyncio.to_thread(torch.cat, [one for one in maps if one.shape == maps[0].shape])


class PictureInfo(NamedTuple):
    infotext: str
    parameters: Mapping[str, Any]


async def png_info(hub: Hub, server: str, data: bytes) -> PictureInfo:
    """What the server reads from a picture's file. Raises LecternError."""
    member = hub.members(server)[0]
    await _able(member, Route.PNG_INFO)
    content = load(await _ask(member, f"{API}/png-info", {"image": b64encode(data).decode("ascii")}))
    if not isinstance(content, dict):
        raise AnswerError(f"{member.label} answered with something that is not JSON.")
    parameters = content.get("parameters")
    return PictureInfo(_text(content.get("info") or "", member), parameters if isinstance(parameters, dict) else {})


async def _able(member: Member, route: Route) -> Dialect:
    dialect = await member.dialect()
    if route not in dialect.routes:
        raise Unsuited(f"{member.label} is {dialect.label}, which offers no {route}. Choose another server for it.")
    return dialect


async def _ask(member: Member, path: str, content: Mapping[str, Any]) -> bytearray:
    """One request that takes the server a while, on one of its slots."""
    body = await asyncio.to_thread(lambda: json.dumps(content, allow_nan=False).encode())
    server = member.server
    patience = Patience(server.first_byte_seconds, server.total_seconds)
    async with member.slots:
        answer = await member.connection.send("POST", path, body, patience, server.answer_mb * 2**20)
    return answer.body


async def _unpacked(member: Member, texts: Sequence[memoryview | bytes], bounds: Bounds, room: Room) -> list[Tensor]:
    def one(text: memoryview | bytes) -> Tensor:
        return to_image(decode(member.label, text, bounds, room).pixels)

    loop = asyncio.get_running_loop()
    return list(await asyncio.gather(*(loop.run_in_executor(threads, one, text) for text in texts)))


def _encoded(image: Tensor) -> str:
    return b64encode(png(image)).decode("ascii")


def _text(value: Any, member: Member) -> str:
    if not isinstance(value, str):
        raise AnswerError(f"{member.label} answered without a text. Its console says why.")
    return value[:_LONGEST_TEXT]
