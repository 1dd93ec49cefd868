"""POST /files, GET /files/{id} and the forms of runs, over a real socket."""

import asyncio
import gzip

import pytest
from aiohttp import FormData, web
from aiohttp.test_utils import TestClient, TestServer

from lectern.apps.callers import HOUSEHOLD, Caller, Scope
from lectern.apps.files.keeper import FileKeeper
from lectern.apps.store.storage import Storage
from lectern.apps.surface.answers import answered
from lectern.apps.surface.endpoints import OpenGuard, mount
from lectern.apps.surface.files import FileRoutes
from lectern.apps.surface.receiving import Receiver
from lectern.apps.surface.routes import here
from lectern.settings import Apps, Settings
from unit.apps.media import picture, sound

V1 = "/lectern/v1"
NAMES = {"text": "", "image": "image", "sound": "audio"}


class Door(OpenGuard):
    """Callers by the header X-Key; nobody without one is anybody else."""

    async def admit(self, request: web.Request, scope: Scope) -> Caller:
        owner = request.headers.get("X-Key", "")
        return Caller(owner, scopes=frozenset({Scope.RUN})) if owner else HOUSEHOLD


class Desk:
    def __init__(self, folder):
        self.folder = folder / "files"
        self.settings = Settings(apps=Apps(file_mb=1))
        self.storage = Storage(folder)
        self.keeper = FileKeeper(self.folder, self.storage, lambda: self.settings)
        self.forms = []

    async def start(self):
        routes = web.RouteTableDef()
        files = FileRoutes(self.keeper, here)
        mount(routes, V1, files.table(), Door())
        receiver = Receiver(self.keeper, here, stall=0.2)

        async def form(request):
            self.forms.append(await receiver.form(request, NAMES, "k1", fields_kb=1))
            return web.Response()

        async def slow(request):
            await receiver.body(request, "k1", "slow")
            return web.Response()

        routes.post("/form")(answered(form))
        routes.post("/slow")(answered(slow))
        app = web.Application()
        app.add_routes(routes)
        self.client = TestClient(TestServer(app))
        await self.client.start_server()

    async def add(self, data, **headers):
        return await self.client.post(f"{V1}/files", data=data, headers=headers)

    async def form(self, *parts):
        """Sends (name, value, file name, content type)."""
        data = FormData(default_to_multipart=True)
        for name, value, filename, kind in parts:
            data.add_field(name, value, filename=filename, content_type=kind)
        return await self.client.post("/form", data=data)

    async def raw(self, path, head, body=b"", *, end=True):
        """Bytes as they are; the answer's status line."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.client.port)
        writer.write(f"POST {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n".encode() + head + b"\r\n\r\n" + body)
        await writer.drain()
        if end and writer.can_write_eof():
            writer.write_eof()
        try:
            return await asyncio.wait_for(reader.readline(), 5)
        finally:
            writer.close()

    def kept(self):
        return [path for path in self.folder.rglob("*") if path.is_file()]


@pytest.fixture
async def desk(tmp_path):
    made = Desk(tmp_path)
    await made.start()
    yield made
    await made.client.close()
    await made.storage.close()


async def told(answer, status, code):
    body = await answer.json()
    assert (answer.status, body["error"]["code"]) == (status, code)
    return body["error"]


def part(filename="photo.png", content=None, kind="image/png", name="file"):
    data = FormData()
    data.add_field(name, content or picture(), filename=filename, content_type=kind)
    return data


async def test_a_file_in_a_form(desk):
    answer = await desk.add(part())
    body = await answer.json()
    assert answer.status == 201 and answer.headers["Location"] == body["url"] == f"{V1}/files/{body['id']}"
    assert (body["name"], body["content_type"], body["size_bytes"]) == ("photo.png", "image/png", len(picture()))
    assert set(body) == {"id", "url", "name", "content_type", "size_bytes", "expires_at"}
    assert body["expires_at"].endswith("Z")
    again = await desk.add(part("other.png"))
    assert again.status == 200 and (await again.json())["id"] == body["id"]


@pytest.mark.parametrize(
    ("headers", "name"),
    [
        ({"Content-Type": "image/png"}, "file.png"),
        ({"Content-Type": "image/png", "Content-Disposition": 'attachment; filename="a b.png"'}, "a b.png"),
        ({"Content-Type": "image/png", "Content-Disposition": "attachment; filename*=UTF-8''%E5%9B%BE.png"}, "图.png"),
        ({"Content-Type": "image/png", "Content-Disposition": 'attachment; filename="../../x"'}, "x.png"),
        ({"Content-Type": "application/octet-stream"}, "file.png"),
    ],
)
async def test_a_file_as_the_body(desk, headers, name):
    answer = await desk.add(picture(), **headers)
    assert answer.status == 201 and (await answer.json())["name"] == name


async def test_the_bytes_come_back_with_range_and_etag(desk):
    url = (await (await desk.add(part())).json())["url"]
    answer = await desk.client.get(url)
    assert await answer.read() == picture() and answer.status == 200
    assert answer.headers["Content-Type"] == "image/png"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Content-Disposition"] == "inline; filename=\"photo.png\"; filename*=UTF-8''photo.png"
    some = await desk.client.get(url, headers={"Range": "bytes=1-3"})
    assert (some.status, await some.read()) == (206, b"PNG")
    same = await desk.client.get(url, headers={"If-None-Match": answer.headers["ETag"]})
    assert same.status == 304
    head = await desk.client.head(url)
    assert (head.status, head.content_length, await head.read()) == (200, len(picture()), b"")
    assert (await desk.client.get(f"{url}?download")).headers["Content-Disposition"].startswith("attachment")
    beyond = await desk.client.get(url, headers={"Range": "bytes=999999-"})
    assert (beyond.status, (await beyond.json())["error"]["code"]) == (416, "no_such_range")


@pytest.mark.parametrize(
    ("name", "content", "kind", "shown", "told_type"),
    [
        ("page.html", b"<script>alert(1)</script>", "text/html", "attachment", "application/octet-stream"),
        ("notes.txt", b"<script>", "text/plain", "attachment", "text/plain"),
        ("sound.wav", sound(), "audio/wav", "inline", "audio/wav"),
        ("x.pdf", b"%PDF-1.7", "application/pdf", "attachment", "application/pdf"),
    ],
)
async def test_only_what_carries_no_script_is_shown_in_place(desk, name, content, kind, shown, told_type):
    url = (await (await desk.add(part(name, content, kind))).json())["url"]
    headers = (await desk.client.get(url)).headers
    assert headers["Content-Disposition"].startswith(shown)
    assert (headers["Content-Type"], headers["X-Content-Type-Options"]) == (told_type, "nosniff")


async def test_other_peoples_files_are_not_there(desk):
    url = (await (await desk.add(part(), **{"X-Key": "k1"})).json())["url"]
    assert (await desk.client.get(url, headers={"X-Key": "k1"})).status == 200
    await told(await desk.client.get(url, headers={"X-Key": "k2"}), 404, "file_not_found")


@pytest.mark.parametrize("file_id", ["x", "0" * 32, "..%2f..%2flectern.db", "%00", "A" * 32])
async def test_files_that_are_not_there(desk, file_id):
    await told(await desk.client.get(f"{V1}/files/{file_id}"), 404, "file_not_found")


async def test_other_methods(desk):
    await told(await desk.client.delete(f"{V1}/files/{'0' * 32}"), 405, "method_not_allowed")


@pytest.mark.parametrize(
    ("data", "headers", "status", "code"),
    [
        (b"", {"Content-Type": "image/png"}, 415, "unsupported_media_type"),
        (b"no picture", {"Content-Type": "image/png"}, 415, "unsupported_media_type"),
        (picture(), {"Content-Type": "audio/mpeg"}, 415, "unsupported_media_type"),
        (
            gzip.compress(picture(), mtime=0),
            {"Content-Type": "image/png", "Content-Encoding": "gzip"},
            415,
            "unsupported_media_type",
        ),
        (b"x" * 1_000_001, {"Content-Type": "text/plain"}, 413, "file_too_large"),
        (b"x", {"Content-Type": "multipart/form-data"}, 400, "bad_request"),
        (b"x", {"Content-Type": "multipart/form-data; boundary=b"}, 400, "bad_request"),
        (b"--b--\r\n", {"Content-Type": "multipart/form-data; boundary=b"}, 400, "bad_request"),
        (b"--b\r\n\r\nx\r\n--b--\r\n", {"Content-Type": "multipart/form-data; boundary=b"}, 400, "bad_request"),
    ],
)
async def test_what_is_refused_is_not_kept(desk, data, headers, status, code):
    await told(await desk.client.post(f"{V1}/files", data=data, headers=headers), status, code)
    assert desk.kept() == []


async def test_a_form_with_more_than_the_file(desk):
    data = part()
    data.add_field("more", "x")
    await told(await desk.add(data), 400, "bad_request")


async def test_a_body_without_length_stops_at_the_limit(desk):
    async def endless():
        for _ in range(30):
            yield b"x" * 100_000

    await told(await desk.add(endless(), **{"Content-Type": "text/plain"}), 413, "file_too_large")
    assert desk.kept() == []


HALF = b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.png"\r\n\r\n' + picture()


@pytest.mark.parametrize(
    ("head", "body"),
    [
        (b"Content-Type: image/png\r\nContent-Length: 9999", picture()),
        (b"Content-Type: multipart/form-data; boundary=b\r\nContent-Length: 9999", HALF),
        (b"Content-Type: multipart/form-data; boundary=b\r\nContent-Length: %d" % len(HALF), HALF),
        (b"Content-Type: multipart/form-data; boundary=b\r\nTransfer-Encoding: chunked", b"5\r\n--b\r\n\r\n"),
        (b"Content-Type: multipart/form-data; boundary=b\r\nContent-Length: 20", b"--b\r\nX: y\r\n\r\nabcdefg"),
    ],
)
async def test_a_body_that_breaks_off_is_not_kept(desk, head, body):
    answer = await desk.raw(f"{V1}/files", head, body)
    assert answer in (b"", b"HTTP/1.1 400 Bad Request\r\n")
    await desk.client.close()  # which waits for what handlers still have to do
    assert desk.kept() == []


async def test_a_caller_who_sends_nothing_is_not_waited_for(desk):
    answer = await desk.raw("/slow", b"Content-Type: image/png\r\nContent-Length: 999", picture()[:9], end=False)
    assert answer.startswith(b"HTTP/1.1 408")
    assert desk.kept() == []


async def test_a_runs_form(desk):
    answer = await desk.form(
        ("text", "a <b>", None, None),
        ("image", picture(), "photo.png", "image/png"),
        ("sound", b"", "", "application/octet-stream"),  # a file field that was left empty
        ("_seed", "random", None, None),
    )
    assert answer.status == 200
    (form,) = desk.forms
    assert form.fields == {"text": "a <b>", "_seed": "random"}
    assert (form.files.keys(), form.files["image"].name) == ({"image"}, "photo.png")
    assert len(desk.kept()) == 1


async def test_a_file_input_may_be_given_as_a_text(desk):
    assert (await desk.form(("image", "/lectern/v1/files/x", None, None))).status == 200
    assert desk.forms[0].fields == {"image": "/lectern/v1/files/x"}


@pytest.mark.parametrize(
    ("parts", "status", "code"),
    [
        ([("more", "x", None, None)], 422, "unknown_input"),
        ([("_more", "x", None, None)], 422, "unknown_input"),
        ([("text", b"x", "a.txt", "text/plain")], 422, "wrong_type"),
        ([("_seed", b"x", "a.txt", "text/plain")], 422, "wrong_type"),
        ([("image", sound(), "a.wav", "audio/wav")], 422, "wrong_type"),
        ([("text", "x", None, None), ("text", "y", None, None)], 422, "twice"),
    ],
)
async def test_parts_without_a_place(desk, parts, status, code):
    error = await told(await desk.form(*parts), status, "invalid_input")
    assert [problem["code"] for problem in error["details"]] == [code]


@pytest.mark.parametrize(
    ("parts", "status", "code"),
    [
        ([("image", b"no picture", "a.png", "image/png")], 415, "unsupported_media_type"),
        ([("image", b"x" * 1_000_001, "a.png", "image/png")], 413, "file_too_large"),
        ([("text", "x" * 600, None, None), ("_metadata", "x" * 600, None, None)], 413, "body_too_large"),
        ([("", "x", None, None)], 400, "bad_request"),
    ],
)
async def test_forms_that_are_refused(desk, parts, status, code):
    await told(await desk.form(*parts), status, code)
    assert desk.kept() == [] and desk.forms == []


def part_of(headers: str, content: bytes = b"x", count: int = 1) -> bytes:
    return (f"--b\r\n{headers}\r\n\r\n".encode() + content + b"\r\n") * count + b"--b--\r\n"


IMAGE = 'Content-Disposition: form-data; name="image"; filename="a"'


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(part_of('Content-Disposition: form-data; name="text"', b"\xff"), id="no UTF-8"),
        pytest.param(part_of(f"{IMAGE}\r\nContent-Transfer-Encoding: base64", b"AAAA"), id="base64"),
        pytest.param(part_of(f"{IMAGE}\r\nContent-Encoding: gzip"), id="compressed"),
        pytest.param(part_of("Content-Type: multipart/mixed; boundary=c", b"--c\r\n\r\nx\r\n--c--"), id="nested"),
        pytest.param(part_of("X: " + "y" * 100_000), id="a long header"),
        pytest.param(part_of("X: y\r\n" * 10_000), id="many headers"),
        pytest.param(part_of('Content-Disposition: form-data; name="_n"', count=300), id="many parts"),
        pytest.param(b"preamble\r\n" * 10_000, id="no part"),
    ],
)
async def test_hostile_forms(desk, body):
    answer = await desk.client.post("/form", data=body, headers={"Content-Type": "multipart/form-data; boundary=b"})
    assert 400 <= answer.status < 500
    assert desk.kept() == [] and desk.forms == []
