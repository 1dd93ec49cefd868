"""A contract server for remote decoding: checks requests as diffusers' own client sends them, decodes with a real VAE.

Its answers can be spoilt, to see what a client makes of that.
"""

import asyncio
import threading
from collections.abc import Callable, Sequence
from typing import Any, Self

import torch
from aiohttp import web

DTYPES = {"float16": torch.float16, "float32": torch.float32, "bfloat16": torch.bfloat16}

Spoil = Callable[[web.Request, bytes, dict[str, str]], web.StreamResponse]


class DecoderServer:
    """`async with DecoderServer(decode) as server: server.url`; decode: latents as a VAE takes them -> pixels."""

    def __init__(self, decode: Callable[[torch.Tensor], torch.Tensor], spoil: Spoil | None = None) -> None:
        self._decode = decode
        self._spoil = spoil
        self.requests: list[dict[str, Any]] = []
        self.url = ""

    async def __aenter__(self) -> Self:
        app = web.Application(client_max_size=1 << 28)
        app.router.add_post("/decode", self._answer)
        self._runner = web.AppRunner(app)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        host, port = self._runner.addresses[0][:2]
        self.url = f"http://{host}:{port}/decode"
        return self

    async def __aexit__(self, *error: object) -> None:
        await self._runner.cleanup()

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        query, body = request.query, await request.read()
        shape = [int(side) for side in query.getall("shape")]
        self.requests.append({"query": dict(query), "shape": shape, "headers": dict(request.headers)})
        assert query["output_type"] == "pt" and query["partial_postprocess"] in ("False", "false")
        latents = torch.frombuffer(bytearray(body), dtype=DTYPES[query["dtype"]]).reshape(shape).float()
        if "scaling_factor" in query:
            latents = latents / float(query["scaling_factor"]) + float(query.get("shift_factor", 0))
        pixels = self._decode(latents).half()
        headers = {"shape": str(list(pixels.shape)), "dtype": "float16"}
        content = pixels.contiguous().numpy().tobytes()
        if self._spoil:
            return self._spoil(request, content, headers)
        return web.Response(body=content, headers=headers, content_type="tensor/binary")


class DecoderThread:
    """The same on a loop and thread of its own, for tests that drive ComfyUI."""

    def __init__(self, decode: Callable[[torch.Tensor], torch.Tensor]) -> None:
        self.server = DecoderServer(decode)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="decoder", daemon=True)

    def __enter__(self) -> DecoderServer:
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self.server.__aenter__(), self._loop).result()
        return self.server

    def __exit__(self, *error: object) -> None:
        asyncio.run_coroutine_threadsafe(self.server.__aexit__(*error), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


def stretched(latents: torch.Tensor) -> torch.Tensor:
    """Stands for a VAE where none is at hand: the first three channels, eight times as large, frames as Wan's."""
    pixels = latents[:, :3].tanh()
    for side in (-1, -2):
        pixels = pixels.repeat_interleave(8, side)
    if pixels.ndim == 5:
        later: Sequence[torch.Tensor] = (pixels[:, :, :1], pixels[:, :, 1:].repeat_interleave(4, 2))
        pixels = torch.cat(list(later), 2)
    return pixels
