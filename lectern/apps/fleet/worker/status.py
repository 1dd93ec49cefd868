"""What a worker tells those who look after it: /health, /ready and /metrics, on a port of its own."""

from aiohttp import web

from .process import Worker

WORKER = web.AppKey("worker", Worker)
CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


async def serve(worker: Worker, host: str, port: int) -> web.AppRunner:
    """Raises OSError when the port is taken."""
    app = web.Application()
    app[WORKER] = worker
    app.add_routes([web.get("/health", _health), web.get("/ready", _ready), web.get("/metrics", _metrics)])
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, host, port).start()
    return runner


async def _health(_: web.Request) -> web.Response:
    """The process lives, whatever it waits for."""
    return web.json_response({"status": "ok"})


async def _ready(request: web.Request) -> web.Response:
    reasons = request.app[WORKER].lacks
    return web.json_response({"ready": not reasons, "reasons": reasons}, status=503 if reasons else 200)


async def _metrics(request: web.Request) -> web.Response:
    worker = request.app[WORKER]
    content = worker.metrics.render(worker.busy, worker.board.draining, worker.station)
    return web.Response(body=content, headers={"Content-Type": CONTENT_TYPE})
