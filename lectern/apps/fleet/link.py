"""The connection to NATS: made in the background, made again whenever it is lost, and never given up."""

import asyncio
import logging
import ssl
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from ...errors import SettingsError
from ..errors import NotReady
from . import topology

if TYPE_CHECKING:
    from nats.aio.client import Client
    from nats.js import JetStreamContext
    from nats.js.kv import KeyValue
    from nats.js.object_store import ObjectStore

logger = logging.getLogger(__name__)

RETRY_SECONDS = (0.25, 0.5, 1.0, 2.0, 5.0)
CONNECT_SECONDS = 5
PING_SECONDS = 10
REQUEST_SECONDS = 5.0
NO_STREAM = 10059  # JetStream's code


class Access(NamedTuple):
    """Where NATS is, and who we are there."""

    servers: tuple[str, ...]  # nats://host:port or tls://host:port
    user: str = ""
    password: str = ""
    token: str = ""
    creds: Path | None = None
    ca: Path | None = None  # certificates that are trusted, in PEM


class Link:
    """Lives on one event loop. Made without a connection; `start` begins to connect.

    Args:
        access: read anew with every try, so that a corrected secret needs no restart; may raise SettingsError.
        name: shown by NATS's own monitoring.
        replicas: of everything that is kept.
    """

    def __init__(self, access: Callable[[], Access], name: str, replicas: int = 1) -> None:
        self.name = name
        self._access = access
        self._replicas = replicas
        self._client: Client | None = None
        self._js: JetStreamContext | None = None
        self._problem = "has not connected yet"
        self._told = ""  # the problem that the log has
        self._lost = asyncio.Event()
        self._ready = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._looking: asyncio.Task[None] | None = None
        self._welcome: list[Callable[[], Awaitable[None]]] = []
        self._buckets: dict[str, KeyValue] = {}
        self._shelves: dict[str, ObjectStore] = {}

    @property
    def problem(self) -> str:
        """Why there is no connection, in a sentence; empty when there is one."""
        if self._client is not None and not self._client.is_connected:
            return "NATS does not answer any more; Lectern goes on trying."
        return "" if self._js is not None else f"NATS: {self._problem}."

    @property
    def client(self) -> "Client":
        """Raises NotReady."""
        if self._client is None or not self._client.is_connected:
            raise NotReady(self.problem or "NATS is not connected.")
        return self._client

    @property
    def js(self) -> "JetStreamContext":
        """Raises NotReady."""
        assert self.client
        if self._js is None:
            raise NotReady(self.problem)
        return self._js

    def welcome(self, function: Callable[[], Awaitable[None]]) -> None:
        """Called after every new connection, before anybody else uses it: for subscriptions, which do not outlive it.

        A connection that was only interrupted is not a new one: nats-py renews its subscriptions itself.
        """
        self._welcome.append(function)

    def start(self) -> None:
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._work(), name="lectern nats")

    async def ready(self) -> None:
        """Returns once there is a connection."""
        await self._ready.wait()

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task], timeout=2)
        await self._drop()

    def bucket(self, name: str) -> "KeyValue":
        """Raises NotReady."""
        assert self.js
        return self._buckets[name]

    def shelf(self, name: str) -> "ObjectStore":
        """Raises NotReady."""
        assert self.js
        return self._shelves[name]

    async def _work(self) -> None:
        tries = 0
        while True:
            try:
                await self._connect()
                tries = 0
                await self._lost.wait()
            except ImportError as error:
                self._note(error)
            except _failures() as error:
                self._note(error)
            except Exception as error:  # whatever it is, a fleet must not stay away for ever because of it
                logger.exception("Lectern: the connection to NATS met a fault.")
                self._note(error)
            self._ready.clear()
            await self._drop()
            await asyncio.sleep(RETRY_SECONDS[min(tries, len(RETRY_SECONDS) - 1)])
            tries += 1

    async def _connect(self) -> None:
        self._lost = asyncio.Event()
        self._client = client = await self._dial()
        js = client.jetstream(timeout=REQUEST_SECONDS)
        await topology.ensure(js, self._replicas)
        self._buckets = {bucket.name: await js.key_value(bucket.name) for bucket in topology.BUCKETS}
        self._shelves = {name: await js.object_store(name) for name in topology.SHELVES}
        self._js = js
        for function in self._welcome:
            await function()
        self._welcomed()
        self._ready.set()

    def _welcomed(self) -> None:
        if self._told:
            logger.info("Lectern: NATS answers.")
            self._told = ""

    async def _dial(self) -> "Client":
        from nats.aio.client import Client

        client = Client()
        try:
            await client.connect(
                **_options(self._access()),
                name=self.name,
                allow_reconnect=False,  # at first: it would try for ever and never say what is wrong
                max_reconnect_attempts=1,  # more than 0, or it would go on inside `connect` and tell nobody
                reconnect_time_wait=0.5,  # type: ignore[arg-type] - it only sleeps so long
                connect_timeout=CONNECT_SECONDS,
                ping_interval=PING_SECONDS,
                max_outstanding_pings=2,
                error_cb=self._heard,
                closed_cb=self._closed,
                disconnected_cb=self._interrupted,
                reconnected_cb=self._reconnected,
                pending_size=32 * 2**20,
            )
        except _failures():
            with suppress(*_failures()):
                await client.close()  # a connection that was refused is not closed by itself
            raise
        client.options |= {"allow_reconnect": True, "max_reconnect_attempts": -1}
        return client

    async def _drop(self) -> None:
        client, self._client, self._js = self._client, None, None
        if client is not None:
            with suppress(*_failures()):
                await client.close()

    async def _closed(self) -> None:
        self._lost.set()

    async def _interrupted(self) -> None:
        if self._client is not None:  # else we ended it ourselves
            self._told = "it does not answer any more"
            logger.warning("Lectern: NATS: %s; Lectern goes on trying.", self._told)

    async def _reconnected(self) -> None:
        """To the same server, or to one that lost its disk, or what it kept in memory only: then all begins anew."""
        self._welcomed()
        self._looking = asyncio.create_task(self._look(), name="lectern nats looks")

    async def _look(self) -> None:
        try:
            if self._js is None or await topology.ensure(self._js, self._replicas):
                self._lost.set()
        except _failures() as error:
            logger.debug("NATS: %s", error)
            self._lost.set()

    async def _heard(self, error: Exception) -> None:
        """Errors of a connection that was there."""
        logger.debug("NATS: %s", type(error).__name__)
        if _refused(error):  # with what is in the settings by now it may be otherwise
            self._note(error)
            self._lost.set()

    def _note(self, error: Exception) -> None:
        self._problem = _sentence(error)
        if self._problem != self._told:
            self._told = self._problem
            logger.warning("Lectern: NATS: %s; Lectern goes on trying.", self._problem)


def _failures() -> tuple[type[Exception], ...]:
    """What making or ending a connection may raise."""
    from nats.errors import Error

    return Error, SettingsError, NotReady, OSError, TimeoutError, ValueError


def _options(access: Access) -> dict[str, Any]:
    options: dict[str, Any] = {"servers": list(access.servers)}
    if access.creds is not None:
        options["user_credentials"] = str(access.creds)
    if access.user:
        options |= {"user": access.user, "password": access.password}
    if access.token:
        options["token"] = access.token
    if access.ca is not None:
        options["tls"] = ssl.create_default_context(cafile=str(access.ca))
    return options


def _refused(error: Exception) -> bool:
    text = str(error).lower()
    return "authorization" in text or "authentication" in text or type(error).__name__ == "AuthorizationError"


def _sentence(error: Exception) -> str:
    """What is wrong and what to do, without secrets: nats-py's own texts may repeat an address with a password."""
    if isinstance(error, ImportError):
        return "the Python package nats-py is not installed"
    if isinstance(error, SettingsError):
        return str(error).rstrip(".")
    kind = type(error).__name__
    text = str(error).lower()
    if _refused(error):
        return "it refuses the credentials; correct the user and password, token or creds file of [fleet]"
    if isinstance(error, FileNotFoundError):
        return f"the file {error.filename} is not there; correct the settings of [fleet]"
    if "no responders" in text or "serviceunavailable" in kind.lower():
        return "it has no JetStream; start nats-server with -js"
    if isinstance(error, NotReady):
        return str(error).rstrip(".")
    if isinstance(error, (OSError, TimeoutError)) or "noservers" in kind.lower() or "timeout" in kind.lower():
        return "no server answers at the address of [fleet]"
    return f"the connection cannot be made ({kind})"


@contextmanager
def translated() -> Iterator[None]:
    """Whatever means that NATS does not answer becomes NotReady; answers that are errors of their own stay."""
    from nats import errors
    from nats.js import errors as js_errors

    away: tuple[type[Exception], ...] = (
        errors.TimeoutError,
        errors.ConnectionClosedError,
        errors.ConnectionReconnectingError,
        errors.NoRespondersError,
        errors.OutboundBufferLimitError,
        errors.StaleConnectionError,
        js_errors.NoStreamResponseError,
        js_errors.ServiceUnavailableError,
        TimeoutError,
        ConnectionError,
    )
    try:
        yield
    except away as error:
        raise NotReady(f"NATS does not answer ({type(error).__name__}).") from error
    except js_errors.NotFoundError as error:
        if error.err_code != NO_STREAM:
            raise
        raise NotReady("NATS lost what it kept, and gets it anew.") from error
