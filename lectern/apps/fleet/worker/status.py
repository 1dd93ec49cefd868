"""What a worker tells those who look after it: /health, /ready and /metrics, on a port of its own."""

from aiohttp import web

from .process import Worker

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


async def serve(worker: Worker, host: str, port: int) -> web.AppRunner:
    """Raises OSError when the port is taken."""
    app = web.Application()
    app.add_routes(
        [
            web.get("/health", _health),
            web.get("/ready", lambda _: _ready(worker)),
            web.get("/metrics", lambda _: _metrics(worker)),
        ]
    )
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, host, port).start()
    return runner


async def _health(_: web.Request) -> web.Response:
    """The process lives, whatever it waits for."""
    return web.json_response({"status": "ok"})


async def _ready(worker: Worker) -> web.Response:
    reasons = worker.lacks
    return web.json_response({"ready": not reasons, "reasons": reasons}, status=503 if reasons else 200)


async def _metrics(worker: Worker) -> web.Response:
    content = worker.metrics.render(worker.busy, worker.board.draining, worker.station)
    return web.Response(body=content, headers={"Content-Type": CONTENT_TYPE})
