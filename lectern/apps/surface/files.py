"""POST /files and GET /files/{id}."""

import re
from collections.abc import Awaitable, Callable
from urllib.parse import quote, unquote

from aiohttp import web

from ...envelope import Call
from ..callers import Caller, Scope
from ..files.keeper import FileKeeper, Kept
from ..files.records import StoredFile
from ..files.types import INLINE
from .answers import check_range
from .endpoints import Endpoint, Table
from .receiving import Receiver
from .views import iso


class FileRoutes:
    """The handlers; `keeper` lives where `call` leads."""

    def __init__(
        self, keeper: FileKeeper, call: Call, guests: Callable[[Caller], Awaitable[None]] | None = None
    ) -> None:
        """`guests` raises Unauthorized for callers without a key to whom no app is open."""
        self._keeper = keeper
        self._call = call
        self._receiver = Receiver(keeper, call)
        self._guests = guests

    def table(self) -> Table:
        return {
            "/files": {"POST": Endpoint(self.add, Scope.GUEST)},
            "/files/{id}": {"GET": Endpoint(self.get, Scope.GUEST)},  # and HEAD, which comes with it
        }

    async def add(self, request: web.Request, caller: Caller) -> web.StreamResponse:
        """201 for a new file, 200 for one that is here already; the file in a form's part `file`, or as the body."""
        if self._guests is not None and caller.guest:
            await self._call(_awaited(self._guests(caller)))
        if request.content_type == "multipart/form-data":
            kept = await self._receiver.one_file(request, caller.owner)
        else:
            kept = await self._receiver.body(request, caller.owner, _told_name(request))
        return web.json_response(file_view(kept), status=201 if kept.new else 200, headers={"Location": kept.url})

    async def get(self, request: web.Request, caller: Caller) -> web.StreamResponse:
        """The bytes, with Range and ETag."""
        opened = await self._call(self._keeper.open(request.match_info["id"], caller.sees))
        check_range(request, opened.row.size)
        return web.FileResponse(opened.path, headers=_headers(opened.row, "download" in request.query))


async def _awaited(work: Awaitable[None]) -> None:
    await work


def file_view(kept: Kept) -> dict[str, object]:
    return {
        "id": kept.id,
        "url": kept.url,
        "name": kept.name,
        "content_type": kept.content_type,
        "size_bytes": kept.size,
        "expires_at": iso(kept.expires_ms),
    }


def _told_name(request: web.Request) -> str:
    """What a raw body is called: `Content-Disposition: attachment; filename="x.png"` or filename*=UTF-8''x.png."""
    header = request.headers.get("Content-Disposition", "")[:1000]
    extended = re.search(r"filename\*=UTF-8''([^;\s]+)", header, re.IGNORECASE)
    if extended:
        return unquote(extended[1], errors="replace")
    plain = re.search(r'filename="?([^";]+)', header, re.IGNORECASE)
    return plain[1] if plain else "file"


def _headers(row: StoredFile, download: bool) -> dict[str, str]:
    """Only what carries no script is shown in place: all else could reach into ComfyUI's origin."""
    disposition = "inline" if row.content_type in INLINE and not download else "attachment"
    plain = re.sub(r"[^ !#-\[\]-~]", "_", row.name)  # printable ASCII without quote and backslash
    return {
        "Content-Type": row.content_type,
        "Content-Disposition": f"{disposition}; filename=\"{plain}\"; filename*=UTF-8''{quote(row.name, safe='')}",
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "private, no-cache",
    }
