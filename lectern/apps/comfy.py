"""ComfyUI's public HTTP and WebSocket API: the one client that every run goes through."""

import json
import logging
import ssl
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote

import aiohttp

from .graph import Graph
from .runs import OutputItem

logger = logging.getLogger(__name__)

TIMEOUT = aiohttp.ClientTimeout(total=None, sock_connect=5, sock_read=60)
HEARTBEAT_SECONDS = 20  # a silent WebSocket is pinged, and counts as lost when no pong comes
CLOSE_SECONDS = 1  # the next run does not wait longer for a goodbye
EVENT_BYTES = 64 * 2**20  # largest WebSocket message; previews and a node's results come this way
CONNECTIONS = 16
PIECE_BYTES = 256 * 1024
UNCOMPRESSED = {"Accept-Encoding": "identity"}  # lengths are those of the files
PREVIEWS = {"preview_method": "auto"}  # ComfyUI makes none by itself unless its command line says so
FILE_STATUSES = frozenset({200, 206, 304, 416})
GATEWAY_ERRORS = frozenset({502, 503, 504})  # a proxy in front of a ComfyUI that is away


class Unreachable(Exception):
    """ComfyUI did not answer. `sent`: the request may have reached it all the same."""

    def __init__(self, message: str, sent: bool = True) -> None:
        super().__init__(message)
        self.sent = sent


class UploadRefused(Exception):
    """ComfyUI answered, but did not take a file."""

    def __init__(self, status: int) -> None:
        super().__init__(f"HTTP {status}")
        self.status = status


class Answer(NamedTuple):
    status: int  # HTTP
    body: Any  # decoded JSON, None when it was none


class Place(NamedTuple):
    """Where a prompt stands in ComfyUI's queue."""

    running: bool
    ahead: int  # jobs that run or wait before it


class ComfyClient:
    """Talks to one ComfyUI server. Lives on one event loop; made without one."""

    def __init__(self, base_url: Callable[[], str], tls: Callable[[], ssl.SSLContext | None]) -> None:
        self._base_url = base_url
        self._tls = tls
        self._open_session: aiohttp.ClientSession | None = None

    async def close(self) -> None:
        if self._open_session is not None:
            await self._open_session.close()
            self._open_session = None

    async def submit(self, graph: Graph, prompt_id: str, client_id: str) -> Answer:
        """POST /prompt. Raises Unreachable."""
        body = {"prompt": graph, "prompt_id": prompt_id, "client_id": client_id, "extra_data": PREVIEWS}
        return await self._json("POST", "/prompt", json=body)

    async def history(self, prompt_id: str) -> Mapping[str, Any] | None:
        """The history entry of a prompt that has ended, else None. Raises Unreachable."""
        answer = await self._json("GET", f"/history/{quote(prompt_id, safe='')}")
        entry = answer.body.get(prompt_id) if isinstance(answer.body, dict) else None
        return entry if isinstance(entry, dict) else None

    async def place(self, prompt_id: str) -> Place | None:
        """Where the prompt stands in the queue, None when it is not there. Raises Unreachable."""
        answer = await self._json("GET", "/queue")
        if not isinstance(answer.body, dict):
            raise Unreachable(f"/queue answered HTTP {answer.status} without JSON")
        return find_place(answer.body, prompt_id)

    async def cancel(self, prompt_id: str) -> None:
        """Interrupts or dequeues the prompt, whichever it needs. Raises Unreachable."""
        await self._json("POST", f"/api/jobs/{quote(prompt_id, safe='')}/cancel")

    async def object_info(self, class_type: str) -> Mapping[str, Any]:
        """One class of `/object_info`; empty when ComfyUI does not know it. Raises Unreachable."""
        answer = await self._json("GET", f"/object_info/{quote(class_type, safe='')}")
        info = answer.body.get(class_type) if isinstance(answer.body, dict) else None
        return info if isinstance(info, dict) else {}

    async def all_object_info(self) -> Mapping[str, Any]:
        """`/object_info` of every class. Raises Unreachable."""
        answer = await self._json("GET", "/object_info")
        return answer.body if isinstance(answer.body, dict) else {}

    async def system_stats(self) -> Mapping[str, Any]:
        """Its version, and the memory of the machine and its devices; empty when it says none. Raises Unreachable."""
        answer = await self._json("GET", "/system_stats")
        return answer.body if isinstance(answer.body, dict) else {}

    async def saved_workflows(self) -> list[Mapping[str, Any]]:
        """The files below the user's workflows folder: path, size (bytes), modified. Raises Unreachable."""
        asked = {"dir": "workflows", "recurse": "true", "full_info": "true"}
        answer = await self._json("GET", "/api/userdata", params=asked)
        return [file for file in answer.body if isinstance(file, dict)] if isinstance(answer.body, list) else []

    async def saved_workflow(self, path: str, limit: int) -> bytes | None:
        """One of those files; None when there is none, or it is larger than so many bytes. Raises Unreachable."""
        response = await self._send("GET", f"/api/userdata/{quote(f'workflows/{path}', safe='')}")
        with _translated():
            async with response:
                if response.status != 200 or (response.content_length or 0) > limit:
                    return None
                content = await response.content.read(limit + 1)
                while len(content) <= limit and (piece := await response.content.read(limit + 1 - len(content))):
                    content += piece
        return content if len(content) <= limit else None

    async def size(self, item: OutputItem) -> int | None:
        """Bytes of an output file; None when ComfyUI does not have it or does not say."""
        try:
            response = await self._send("HEAD", "/view", params=_view(item), headers=UNCOMPRESSED)
        except Unreachable:
            return None
        response.release()
        return response.content_length if response.status == 200 else None

    async def file(self, item: OutputItem, asked: Mapping[str, str] | None = None) -> aiohttp.ClientResponse | None:
        """An open answer with the file's bytes, to be closed by the caller; None when the file is gone.

        Args:
            asked: further headers, such as Range and If-None-Match; the answer may then also be 206, 304 or 416.

        Raises Unreachable.
        """
        response = await self._send("GET", "/view", params=_view(item), headers={**UNCOMPRESSED, **(asked or {})})
        if response.status in FILE_STATUSES:
            return response
        response.release()
        return None

    async def upload(self, content: Path | bytes, name: str, content_type: str, subfolder: str) -> str:
        """Puts a file into ComfyUI's input folder, in place of one of that name; how nodes name it.

        ComfyUI's `/upload/image` takes files of every kind. Raises UploadRefused, Unreachable.
        """
        form = aiohttp.FormData({"type": "input", "subfolder": subfolder, "overwrite": "true"})
        with ExitStack() as opened:
            source = content if isinstance(content, bytes) else opened.enter_context(content.open("rb"))
            form.add_field("image", source, filename=name, content_type=content_type)
            answer = await self._json("POST", "/upload/image", data=form)
        stored = answer.body.get("name") if isinstance(answer.body, dict) else None
        if answer.status != 200 or not isinstance(stored, str):
            raise UploadRefused(answer.status)
        return f"{subfolder}/{stored}"

    async def has_input(self, name: str, subfolder: str, size: int) -> bool:
        """Whether ComfyUI's input folder has the file, and has it whole (`size` in bytes). Raises Unreachable."""
        response = await self._send("HEAD", "/view", params=_input_view(name, subfolder), headers=UNCOMPRESSED)
        response.release()
        return response.status == 200 and response.content_length == size

    async def read_input(self, name: str, limit: int) -> bytes | None:
        """A file of the input folder by the name that nodes use; None when it is gone or larger than `limit` bytes.

        Raises Unreachable.
        """
        subfolder, _, last = name.rpartition("/")
        response = await self._send("GET", "/view", params=_input_view(last, subfolder), headers=UNCOMPRESSED)
        with _translated():
            async with response:
                if response.status != 200 or (response.content_length or 0) > limit:
                    return None
                content = bytearray()
                async for piece in response.content.iter_chunked(PIECE_BYTES):
                    content += piece
                    if len(content) > limit:
                        return None
                return bytes(content)

    async def events(self, client_id: str) -> aiohttp.ClientWebSocketResponse | None:
        """An open WebSocket; None when ComfyUI answers but gives none. Raises Unreachable."""
        try:
            with _translated():
                return await self._session.ws_connect(
                    f"{self._base_url()}/ws",
                    params={"clientId": client_id},
                    heartbeat=HEARTBEAT_SECONDS,
                    timeout=aiohttp.ClientWSTimeout(ws_close=CLOSE_SECONDS),  # pyright: ignore[reportCallIssue]
                    max_msg_size=EVENT_BYTES,
                    ssl=self._tls() or True,
                )
        except aiohttp.WSServerHandshakeError as error:
            logger.debug("no WebSocket: HTTP %s", error.status)
            return None

    @property
    def _session(self) -> aiohttp.ClientSession:
        if self._open_session is None:
            connector = aiohttp.TCPConnector(limit=CONNECTIONS)
            self._open_session = aiohttp.ClientSession(timeout=TIMEOUT, connector=connector)
        return self._open_session

    async def _json(self, method: str, path: str, **options: Any) -> Answer:
        response = await self._send(method, path, **options)
        with _translated():
            async with response:
                content = await response.read()
        try:
            return Answer(response.status, json.loads(content))
        except ValueError:
            return Answer(response.status, None)

    async def _send(self, method: str, path: str, **options: Any) -> aiohttp.ClientResponse:
        with _translated():
            url = f"{self._base_url()}{path}"
            response = await self._session.request(method, url, ssl=self._tls() or True, **options)
        if response.status in GATEWAY_ERRORS:
            response.release()
            raise Unreachable(f"HTTP {response.status}", sent=False)
        return response


@contextmanager
def _translated() -> Iterator[None]:
    """Everything that means "no answer" becomes Unreachable; a refused WebSocket is an answer."""
    try:
        yield
    except aiohttp.WSServerHandshakeError:
        raise
    except aiohttp.ClientConnectorError as error:
        raise Unreachable(_reason(error), sent=False) from error
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        raise Unreachable(_reason(error)) from error


def find_place(queue: Mapping[str, Any], prompt_id: str) -> Place | None:
    """Reads `/queue`: items are [number, prompt id, ...], waiting ones in heap order, so sorted here by number."""
    running = [item for item in queue.get("queue_running", ()) if len(item) > 1]
    pending = sorted((item for item in queue.get("queue_pending", ()) if len(item) > 1), key=lambda item: item[0])
    if any(item[1] == prompt_id for item in running):
        return Place(True, 0)
    for ahead, item in enumerate(pending):
        if item[1] == prompt_id:
            return Place(False, len(running) + ahead)
    return None


def _view(item: OutputItem) -> dict[str, str]:
    return {"filename": item.name, "subfolder": item.subfolder, "type": item.folder}


def _input_view(name: str, subfolder: str) -> dict[str, str]:
    return {"filename": name, "subfolder": subfolder, "type": "input"}


def _reason(error: Exception) -> str:
    return str(error) or type(error).__name__
