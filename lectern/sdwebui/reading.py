"""What one answer of a server gave: its pictures put in their places, and everything that is said of them."""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import torch
from torch import Tensor

from ..infotext import Infotext, format_infotext
from ..parallel import cores
from .answers import Reply, read_reply
from .building import Orders, Part
from .dialects import Dialect, Payload
from .draft import SEEDS, Composite
from .masks import laid_over
from .pictures import Bounds, Gallery, Room, decode, to_image
from .truth import asked_size

threads = ThreadPoolExecutor(max(2, cores()), thread_name_prefix="lectern-webui")

Finish = Callable[[Tensor], Tensor]  # (H, W, C) -> the same size


@dataclass(frozen=True)
class Made:
    """What one request gave."""

    server: str  # its name in lectern.toml
    reply: Reply  # without its pictures
    gallery: Gallery
    offset: int  # of its first picture in the gallery
    sizes: list[tuple[int, int]]  # width and height of each picture
    seeds: list[int]
    infotexts: list[str]
    extras: list[Tensor]
    warnings: list[str]


@dataclass(frozen=True)
class Request:
    """One request as it was sent, and where its pictures belong."""

    server: str
    label: str  # how the server is named to people
    dialect: Dialect
    part: Part
    payload: Payload


async def read(
    orders: Orders, request: Request, answer: bytearray, bounds: Bounds, gallery: Gallery | None, room: Room
) -> Made:
    """
    Args:
        gallery: for all pictures of the order; None when the answer alone tells how many there are.
        room: for all grids and control maps of the order.

    Raises:
        AnswerError.
    """
    loop = asyncio.get_running_loop()
    draft, part = orders.draft, request.part
    size = None if gallery is None else asked_size(request.payload)
    reply = await loop.run_in_executor(threads, read_reply, request.label, answer, part.count, size)
    images = reply.images if gallery is None else reply.images[: part.count]
    offset = 0 if gallery is None else part.round * draft.per_round + part.first
    gallery = gallery or Gallery(len(images), bounds)
    finish = await loop.run_in_executor(threads, _finish, orders, request.dialect, part)
    put = partial(_put, gallery, request.label, bounds, finish)
    placed = [loop.run_in_executor(threads, put, offset + place, text) for place, text in enumerate(images)]
    beside = [*reply.extras, *reply.images[len(images) :]]
    others = [loop.run_in_executor(threads, _extra, request.label, bounds, room, text) for text in beside]
    found, extras = await _all(placed), await _all(others)
    seeds = _seeds(orders, request, reply, len(images))
    infotexts = _infotexts(request.payload, reply, [text for _, text in found], seeds)
    said = replace(reply, images=(), extras=())  # they are views of the answer, which is let go here
    return Made(request.server, said, gallery, offset, [size for size, _ in found], seeds, infotexts, extras, [])


async def _all(futures: Sequence["asyncio.Future[Any]"]) -> list[Any]:
    """The results; every one is awaited, so that no thread still writes when an error is told."""
    results = await asyncio.gather(*futures, return_exceptions=True)
    for result in results:
        if isinstance(result, BaseException):
            raise result
    return results


def _put(
    gallery: Gallery, label: str, bounds: Bounds, finish: Finish | None, place: int, text: memoryview | bytes
) -> tuple[tuple[int, int], str]:
    """Decodes one picture into its place; its size, and the infotext that lies in it."""
    decoded = decode(label, text, bounds)
    gallery.put(place, decoded.pixels, finish)
    height, width = decoded.pixels.shape[:2]
    return (width, height), decoded.infotext


def _extra(label: str, bounds: Bounds, room: Room, text: memoryview | bytes) -> Tensor:
    return to_image(decode(label, text, bounds, room).pixels)


def _finish(orders: Orders, dialect: Dialect, part: Part) -> Finish | None:
    """Lays the original over what the mask keeps, where that is wanted and the server does not do it."""
    draft = orders.draft
    wanted = draft.composite is Composite.ALWAYS or (draft.composite is Composite.AUTO and not dialect.composites)
    mask = orders.mask(part.round) if wanted else None
    if mask is None or draft.image is None:
        return None
    original = draft.image[part.round if len(draft.image) > 1 else 0]
    inverted = bool(draft.fields.get("inpainting_mask_invert"))
    blur = draft.fields.get("mask_blur", 4)
    return lambda result: torch.cat([laid_over(original, result[..., :3], mask, inverted, blur), result[..., 3:]], -1)


def _seeds(orders: Orders, request: Request, reply: Reply, count: int) -> list[int]:
    """The server's, or where it tells none, those it was asked for."""
    step = 0 if request.payload.get("subseed_strength") else 1
    first = request.part.round * orders.draft.per_round + request.part.first
    asked = orders.draft.fields.get("seed", 0) + step * first
    return [*reply.seeds[:count], *((asked + step * place) % SEEDS for place in range(len(reply.seeds), count))]


def _infotexts(payload: Payload, reply: Reply, inside: Sequence[str], seeds: Sequence[int]) -> list[str]:
    """From the answer, else from the picture, else our own for a server that writes none."""
    said = [*reply.infotexts, *([""] * len(inside))]
    return [
        answered or in_picture or format_infotext(_own(payload, seed))
        for answered, in_picture, seed in zip(said, inside, seeds, strict=False)
    ]


def _own(payload: Payload, seed: int) -> Infotext:
    named = {
        "Steps": payload.get("steps"),
        "Sampler": payload.get("sampler_name"),
        "CFG scale": payload.get("cfg_scale"),
        "Seed": seed,
        "Size": f"{payload.get('width')}x{payload.get('height')}",
    }
    settings = {key: str(value) for key, value in named.items() if value is not None}
    return Infotext(payload.get("prompt", ""), payload.get("negative_prompt", ""), settings)
