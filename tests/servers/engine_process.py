"""The engine in a process of its own, which a test kills: `python engine_process.py FOLDER COMFYUI PORT HOOK_HOST`."""

import asyncio
import os
import sys
from pathlib import Path

from aiohttp import web

from lectern.apps.running.dispatcher import Pace
from lectern.apps.service import create_service
from lectern.apps.surface.routes import add_routes
from lectern.settings import Apps, Settings

PACE = Pace(poll=0.1, retry=0.02, retry_limit=0.1)


async def serve(folder: Path, comfyui: str, port: int, hook_host: str) -> None:
    apps = Apps(queued=10_000, webhook_hosts=[hook_host], private_hosts=["127.0.0.1"])
    service = create_service(
        workflows=folder / "workflows",
        private=folder / "private",
        base_url=lambda: comfyui,
        tls=lambda: None,
        settings=lambda: Settings(apps=apps),
        pace=PACE,
    )
    routes = web.RouteTableDef()
    add_routes(routes, service)
    app = web.Application()
    app.add_routes(routes)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port, reuse_address=True).start()
    await service.resume()
    parent = os.getppid()
    while os.getppid() == parent:  # noqa: ASYNC110  a test that was killed leaves nothing behind
        await asyncio.sleep(1)


if __name__ == "__main__":
    asyncio.run(serve(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), sys.argv[4]))
