"""Answers of other machines, read no further than somebody allows."""

import asyncio
from collections.abc import Callable

import aiohttp

_STALL = 60.0  # seconds without a byte in the middle of an answer


async def read_bounded(response: aiohttp.ClientResponse, limit: int, larger: Callable[[int], Exception]) -> bytearray:
    """The whole body.

    Args:
        limit: bytes.
        larger: makes the error for a body that is larger than that many megabytes.

    Raises:
        What `larger` makes; TimeoutError when nothing comes for a minute.
    """
    content = bytearray()
    while True:
        async with asyncio.timeout(_STALL):
            piece = await response.content.readany()
        if not piece:
            return content
        content += piece
        if len(content) > limit:
            response.close()
            raise larger(limit // 2**20)
