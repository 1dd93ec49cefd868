"""The hub's API as Lectern uses it, with what goes wrong on the way.

Answers follow https://huggingface.co/docs/hub/api and what huggingface_hub 2.4 expects: X-Repo-Commit, X-Linked-ETag,
X-Error-Code, pages by the Link header. A file ending in .safetensors or .bin is a large one: its list entry has the
sha256, and its address leads to the store.
"""

import asyncio
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, Self

from aiohttp import web

LARGE = (".safetensors", ".bin")
MAIN = "main"

Files = Mapping[str, bytes]  # by path


class Seen(NamedTuple):
    place: str  # "hub" or "store"
    path: str
    headers: dict[str, str]  # names in lower case


@dataclass
class Fault:
    """Happens to requests of a place whose path holds `path`, as often as `times` says.

    kind: cut (half of it, then the connection ends), hang (half of it, then nothing), wrong (a byte is changed),
    whole (Range is ignored), shifted (begins at another byte), squeezed (says gzip), longer (a byte more),
    to (redirects to `value`), or a status with `value` as Retry-After.
    """

    kind: str | int
    path: str = ""
    place: str = "store"
    times: int = 1
    value: str = ""


class HubDouble:
    """`repositories`: id -> branch -> files. Every branch is one commit."""

    def __init__(
        self,
        repositories: Mapping[str, Mapping[str, Files]],
        *,
        faults: list[Fault] | None = None,
        token: str = "",
        gated: bool = False,
        page: int = 1000,
        extra: list[dict[str, Any]] | None = None,
    ) -> None:
        """token: without it everything is refused, as for a private pipeline, or with `gated` as for a gated one.
        page: entries on one page of a list. extra: list entries that have no file.
        """
        self.repositories = repositories
        self.faults = faults or []
        self.token, self.gated, self.page, self.extra = token, gated, page, extra or []
        self.requests: list[Seen] = []
        self._runners: list[web.AppRunner] = []
        self._closing = asyncio.Event()
        self.hanging = asyncio.Event()  # set while a fault of kind hang holds an answer

    async def start(self) -> Self:
        self._closing.clear()
        self.url = f"http://127.0.0.1:{await self._serve('hub', self._hub)}"
        self.store = f"http://localhost:{await self._serve('store', self._store)}"
        return self

    async def stop(self) -> None:
        self._closing.set()
        for runner in self._runners:
            await runner.cleanup()
        self._runners.clear()

    async def __aenter__(self) -> Self:
        return await self.start()

    async def __aexit__(self, *error: object) -> None:
        await self.stop()

    def paths(self, place: str = "") -> list[str]:
        return [one.path for one in self.requests if place in ("", one.place)]

    async def _serve(self, place: str, handler: Any) -> int:
        async def front(request: web.Request) -> web.StreamResponse:
            headers = {name.lower(): value for name, value in request.headers.items()}
            self.requests.append(Seen(place, request.path_qs, headers))
            return await handler(request)

        app = web.Application()
        app.router.add_get("/{path:.*}", front)
        runner = web.AppRunner(app, shutdown_timeout=0.1, access_log=None)
        await runner.setup()
        self._runners.append(runner)
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        return runner.addresses[0][1]

    # The hub

    async def _hub(self, request: web.Request) -> web.StreamResponse:
        if fault := self._fault("hub", request.path, kinds=(int, "to")):
            return _refusal(fault)
        api = re.fullmatch(r"/api/models/([^/]+/[^/]+)/(revision|tree)/(.+)", request.path)
        file = re.fullmatch(r"/([^/]+/[^/]+)/resolve/([^/]+)/(.+)", request.path)
        match = api or file
        if not match or match[1] not in self.repositories:
            return _error(401, "RepoNotFound")
        if self.token and request.headers.get("Authorization") != f"Bearer {self.token}":
            return _error(401, "GatedRepo" if self.gated else "")
        files = self._files(match[1], match[3] if api else match[2])
        if files is None:
            return _error(404, "RevisionNotFound")
        if api:
            return self._revision(match[1], match[3]) if api[2] == "revision" else self._tree(request, files)
        if match[3] not in files:
            return _error(404, "EntryNotFound")
        if match[3].endswith(LARGE):
            digest = hashlib.sha256(files[match[3]]).hexdigest()
            headers = {"Location": f"{self.store}/{digest}?of={match[3]}", "X-Linked-ETag": f'"{digest}"'}
            return web.Response(status=302, headers=headers)
        return await self._sent(request, "hub", files[match[3]])

    def _files(self, repository: str, revision: str) -> Files | None:
        branches = self.repositories[repository]
        named = {commit_of(branch): files for branch, files in branches.items()} | dict(branches)
        return named.get(revision)

    def _revision(self, repository: str, revision: str) -> web.Response:
        branches = self.repositories[repository]
        commit = commit_of(revision) if revision in branches else revision
        return web.json_response({"id": repository, "sha": commit, "siblings": []})

    def _tree(self, request: web.Request, files: Files) -> web.Response:
        entries = [*self.extra, *(_entry(path, content) for path, content in sorted(files.items()))]
        folders = {path.rpartition("/")[0] for path in files} - {""}
        entries = [*({"type": "directory", "oid": "0" * 40, "size": 0, "path": one} for one in folders), *entries]
        first = int(request.query.get("cursor", "at=0").removeprefix("at="))
        headers = {}
        if first + self.page < len(entries):
            # With an escape in it, as the real cursors have.
            headers["Link"] = f'<{self.url}{request.path}?recursive=true&cursor=at%3D{first + self.page}>; rel="next"'
        return web.json_response(entries[first : first + self.page], headers=headers)

    # The store

    async def _store(self, request: web.Request) -> web.StreamResponse:
        path = request.query.get("of", "")
        if fault := self._fault("store", path, kinds=(int, "to")):
            return _refusal(fault)
        found = [
            content
            for branches in self.repositories.values()
            for files in branches.values()
            for content in files.values()
            if request.path == f"/{hashlib.sha256(content).hexdigest()}"
        ]
        return await self._sent(request, "store", found[0], path) if found else web.Response(status=403)

    async def _sent(self, request: web.Request, place: str, content: bytes, path: str = "") -> web.StreamResponse:
        fault = self._fault(place, path or request.path, kinds=(str,))
        kind = fault.kind if fault else ""
        first = int(request.headers.get("Range", "bytes=0-").removeprefix("bytes=").removesuffix("-"))
        if first and first >= len(content):
            return web.Response(status=416)
        first = 0 if kind == "whole" else max(0, first - 1) if kind == "shifted" else first
        body = content[first:]
        body = bytes([body[0] ^ 1]) + body[1:] if kind == "wrong" else body + b"!" if kind == "longer" else body
        response = web.StreamResponse(status=206 if first else 200)
        response.content_length = len(body)
        response.headers["ETag"] = f'"{hashlib.sha256(content).hexdigest()}"'
        if first:
            response.headers["Content-Range"] = f"bytes {first}-{len(content) - 1}/{len(content)}"
        if kind == "squeezed":
            response.headers["Content-Encoding"] = "gzip"
        await response.prepare(request)
        if kind in ("cut", "hang"):
            await response.write(body[: len(body) // 2])
            if kind == "hang":
                self.hanging.set()
                await self._closing.wait()
            if request.transport:
                request.transport.close()
            return response
        await response.write(body)
        return response

    def _fault(self, place: str, path: str, kinds: tuple[Any, ...]) -> Fault | None:
        for one in self.faults:
            fits = one.kind in kinds or (type(one.kind) in kinds and one.kind != "to")
            if one.place == place and one.path in path and fits and one.times > 0:
                one.times -= 1
                return one
        return None


def commit_of(branch: str) -> str:
    return hashlib.sha1(branch.encode(), usedforsecurity=False).hexdigest()


def _entry(path: str, content: bytes) -> dict[str, Any]:
    blob = hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()
    entry = {"type": "file", "oid": blob, "size": len(content), "path": path}
    if path.endswith(LARGE):
        entry["lfs"] = {"oid": hashlib.sha256(content).hexdigest(), "size": len(content), "pointerSize": 135}
    return entry


def _refusal(fault: Fault) -> web.Response:
    if fault.kind == "to":
        return web.Response(status=302, headers={"Location": fault.value})
    return web.Response(status=int(fault.kind), headers={"Retry-After": fault.value} if fault.value else {})


def _error(status: int, code: str) -> web.Response:
    return web.json_response({"error": "said"}, status=status, headers={"X-Error-Code": code} if code else {})
