"""The contract server itself: an aiohttp application around one dialect, one state and one engine."""

import asyncio
import base64
import json
import threading
from collections.abc import Callable
from typing import Any, NamedTuple, Self, TypeVar

from aiohttp import web

from support.webui.data import load
from support.webui.dialects import DIALECTS
from support.webui.engine import Engine, Job
from support.webui.errors import Refusal, ServerError
from support.webui.faults import Fault, Handler, apply
from support.webui.handlers import add_routes
from support.webui.state import State

T = TypeVar("T")
BODY_LIMIT = 1 << 30
UNPROTECTED = ("controlnet/", "internal/", "adetailer/", "loras", "refresh-loras")


class Seen(NamedTuple):
    """A request as it arrived."""

    route: str  # "txt2img", "samplers"; "controlnet/detect" for what lies elsewhere
    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]  # names in lower case
    body: Any  # JSON; bytes when it is not; None without a body


class Stranger:
    """Somebody else's job on the same server."""

    def __init__(self, engine: Engine, job: Job) -> None:
        self._engine, self._job = engine, job

    @property
    def task_id(self) -> str:
        return self._job.task_id

    @property
    def interrupted(self) -> bool:
        return self._job.interrupted

    @property
    def done(self) -> bool:
        return self._job in self._engine.finished


class ContractServer:
    """A double of one AUTOMATIC1111-compatible server on a free port of this machine, on the running loop.

    `seconds_per_image` is spent per picture and pass; `webui` adds the web UI's routes; `auth` is (user, password);
    `boot` requests are answered 404 first; `absent` routes do not exist ("GET schedulers"); `grain` (0.1 is much) makes
    files as large as those of real pictures; `replay` repeats answers at once; `base_path` ("/sd") is a proxy's prefix,
    part of `url`.
    """

    def __init__(
        self,
        dialect: str = "forge",
        *,
        seconds_per_image: float = 0.0,
        ignore_interrupts: int = 0,
        webui: bool = False,
        auth: tuple[str, str] | None = None,
        strict: bool = True,
        fault: Fault | list[Fault] | None = None,
        boot: int = 0,
        absent: tuple[str, ...] = (),
        model_loaded: bool = True,
        max_pixels: int = 2**26,
        base_path: str = "",
        grain: float = 0.0,
        replay: bool = False,
        port: int = 0,
    ) -> None:
        self.dialect = DIALECTS[dialect]()
        self.engine = Engine()
        self.engine.seconds_per_image = seconds_per_image
        self.engine.ignore_interrupts = ignore_interrupts
        self.state = State(self._lists(), strict=strict, model_loaded=model_loaded, max_pixels=max_pixels)
        self.webui, self.auth, self.absent = webui, auth, frozenset(absent)
        self.requests: list[Seen] = []
        self.base_path = base_path
        self.grain = grain
        self.replay = replay
        self._replies: dict[str, bytes] = {}
        self.fault = fault
        if boot:
            self.faults.append(Fault("missing", times=boot))
        self._port = port
        self._closing = asyncio.Event()
        self._tasks: set[asyncio.Task[Any]] = set()
        self._runner: web.AppRunner | None = None

    def _lists(self) -> dict[str, Any]:
        extensions = load("extensions")
        kept = ("model_list", "module_list", "control_types", "adetailer_models")
        return self.dialect.lists() | {key: extensions[key] for key in kept}

    # Life

    async def start(self) -> Self:
        app = web.Application(client_max_size=BODY_LIMIT, middlewares=[self._front])
        add_routes(app, self, self.base_path)
        self._loop, self._thread = asyncio.get_running_loop(), threading.get_ident()
        self._runner = web.AppRunner(app, shutdown_timeout=0.1, access_log=None)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self._port)
        await site.start()
        self.port: int = self._runner.addresses[0][1]
        return self

    async def stop(self) -> None:
        self._closing.set()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._runner is not None:
            await self._runner.cleanup()

    async def __aenter__(self) -> Self:
        return await self.start()

    async def __aexit__(self, *error: object) -> None:
        await self.stop()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}{self.base_path}"

    # What tests look at and turn

    @property
    def active(self) -> list[Job]:
        """Jobs generating now: at most one."""
        return self.engine.active

    @property
    def queued(self) -> list[Job]:
        return self.engine.queued

    @property
    def finished(self) -> list[Job]:
        return self.engine.finished

    @property
    def interrupts(self) -> int:
        return self.engine.interrupts

    @property
    def unknown_keys(self) -> list[str]:
        return self.state.unknown_keys

    @property
    def ignored_keys(self) -> list[str]:
        return self.state.ignored_keys

    @property
    def lists(self) -> dict[str, Any]:
        return self.state.lists

    @property
    def fault(self) -> Fault | None:
        return self.faults[0] if self.faults else None

    @fault.setter
    def fault(self, fault: Fault | list[Fault] | None) -> None:
        self.faults: list[Fault] = fault if isinstance(fault, list) else [fault] if fault else []

    def bodies(self, route: str) -> list[Any]:
        """The bodies that came to a route, in order."""
        return [seen.body for seen in self.requests if seen.route == route and seen.body is not None]

    def routes(self) -> list[str]:
        return [seen.route for seen in self.requests]

    def hold(self, after: int = 1) -> None:
        """Jobs stop after so many sampling steps and wait for release() or an interrupt."""
        self.engine.gate = asyncio.Event()
        self.engine.hold_after = after

    def release(self) -> None:
        self.engine.hold_after = None
        self._on_loop(self.engine.gate.set)

    def stranger(self, seconds: float) -> Stranger:
        """Somebody else's job, next in the queue."""

        def occupy() -> Stranger:
            job = self.engine.stranger()
            self._spawn(self.engine.occupy(job, seconds))
            return Stranger(self.engine, job)

        return self._on_loop(occupy)

    async def until(self, true: Callable[["ContractServer"], object], timeout: float = 10) -> None:
        """Waits for something about the jobs to become true."""
        async with asyncio.timeout(timeout):
            while not true(self):
                await self.engine.changed.wait()

    def _on_loop(self, work: Callable[[], T]) -> T:
        """Calls on the server's own loop, from whatever thread."""

        async def call() -> T:
            return work()

        if threading.get_ident() == self._thread:
            return work()
        return asyncio.run_coroutine_threadsafe(call(), self._loop).result()

    # Requests

    def _spawn(self, work: Any) -> asyncio.Task[Any]:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def work(self, work: Any) -> Any:
        """Runs to its end even when the client has gone, as on a real server."""
        return await asyncio.shield(self._spawn(work))

    @web.middleware
    async def _front(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        route = self.route_of(request)
        if route == "__control":
            return await handler(request)
        self.requests.append(await _seen(request, route))
        self.engine.tell()
        fault = next((fault for fault in self.faults if fault.hits(route, request.method)), None)
        if fault is not None:
            return await apply(fault, request, lambda request: self._guarded(request, handler, route), self._closing)
        if self.replay and route in ("txt2img", "img2img"):
            return await self._replayed(request, handler, route)
        return await self._guarded(request, handler, route)

    async def _replayed(self, request: web.Request, handler: Handler, route: str) -> web.StreamResponse:
        """The same answer to the same request, at once: for measuring what a client itself costs."""
        key = json.dumps({**self.requests[-1].body, "force_task_id": None}, sort_keys=True)
        if key not in self._replies:
            response = await self._guarded(request, handler, route)
            assert isinstance(response, web.Response) and isinstance(response.body, bytes)
            if response.status != 200:
                return response
            self._replies[key] = response.body
        return web.Response(body=self._replies[key], content_type="application/json")

    async def _guarded(self, request: web.Request, handler: Handler, route: str) -> web.StreamResponse:
        try:
            self._authorize(request, route)
            return await handler(request)
        except ServerError as error:
            response = self.dialect.error(error)
            if isinstance(error, Refusal) and error.status == 401:
                response.headers["WWW-Authenticate"] = "Basic"
            return response

    def _authorize(self, request: web.Request, route: str) -> None:
        if self.auth is None or not self.dialect.protected or route.startswith(UNPROTECTED):
            return
        given = request.headers.get("Authorization")
        if given is None:
            raise Refusal(401, "Not authenticated")
        if given != "Basic " + base64.b64encode(":".join(self.auth).encode()).decode():
            raise Refusal(401, "Incorrect username or password")

    def route_of(self, request: web.Request) -> str:
        return request.path.removeprefix(self.base_path).removeprefix("/sdapi/v1").strip("/")

    def offers(self, route: str) -> bool:
        """Whether this server has a route such as "GET samplers"."""
        internal = "/internal/" in route
        return self.dialect.has(route) and route not in self.absent and (self.webui or not internal)


async def _seen(request: web.Request, route: str) -> Seen:
    data = await request.read()
    try:
        body = json.loads(data) if data else None
    except ValueError:
        body = data
    headers = {name.lower(): value for name, value in request.headers.items()}
    return Seen(route, request.method, request.path, dict(request.query), headers, body)
