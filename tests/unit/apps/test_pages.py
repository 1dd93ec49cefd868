"""What the server answers for the pages: their shells, the files that they load, what a browser may do with them."""

import hashlib
import re

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from yarl import URL

from lectern.apps.pages import add_pages
from lectern.apps.pages.files import CONTENT_TYPES, FOLDER, FileNotServed, static_file

FILES = [file for file in FOLDER.rglob("*") if file.is_file()]
MODULES = [file for file in FILES if file.suffix == ".mjs" and "vendor" not in file.parts]
SAID = re.compile(r'(?:say|count)\((?:[\w.]+, )?(?:[^"()]*\? )?"((?:[^"\\]|\\.)+)"(?:(?: :|,) "((?:[^"\\]|\\.)+)")?')


@pytest.fixture
async def client():
    routes = web.RouteTableDef()
    add_pages(routes)
    application = web.Application()
    application.add_routes(routes)
    async with TestClient(TestServer(application)) as client:
        yield client


@pytest.mark.parametrize(
    ("path", "module"),
    [
        ("/lectern", "lectern/static/apps.mjs"),
        ("/lectern/", "./static/apps.mjs"),
        ("/lectern/a/poster", "../static/app.mjs"),
        ("/lectern/a/poster/", "../../static/app.mjs"),
        ("/lectern/docs", "./static/docs.mjs"),
    ],
)
async def test_a_page_loads_its_files_by_relative_addresses(client, path, module):
    answer = await client.get(path)
    assert answer.status == 200 and answer.content_type == "text/html"
    text = await answer.text()
    assert f'src="{module}"' in text
    for address in re.findall(r'(?:src|href)="([^"]+)"', text):
        assert (await client.get(answer.url.join(URL(address)).path)).status == 200


async def test_nothing_inline_and_nothing_from_elsewhere(client):
    policy = (await client.get("/lectern")).headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy and "script-src 'self';" in policy and "style-src 'self';" in policy
    assert "frame-ancestors 'none'" in policy and "base-uri 'none'" in policy
    for page in FOLDER.glob("*.html"):
        text = page.read_text("utf-8")
        assert not re.search(r"<script(?![^>]*\ssrc=)|<style|\sstyle=|\son\w+=|https?:", text), page.name


@pytest.mark.parametrize("path", ["/lectern", "/lectern/docs", "/lectern/static/app.mjs", "/lectern/static/none.mjs"])
async def test_every_answer_is_guarded(client, path):
    headers = (await client.get(path)).headers
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["Permissions-Policy"].startswith("camera=(self)")
    assert headers["Cache-Control"] == "no-cache"
    assert headers["Content-Security-Policy"].startswith("default-src 'none'")


@pytest.mark.parametrize("path", ["/lectern", "/lectern/a/x", "/lectern/static/parts/dom.mjs"])
async def test_a_browser_asks_again_and_gets_304(client, path):
    first = await client.get(path)
    again = await client.get(path, headers={"If-None-Match": first.headers["ETag"]})
    assert again.status == 304 and not await again.read()
    assert (await client.get(path, headers={"If-None-Match": '"other"'})).status == 200


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("app.mjs", "text/javascript"),
        ("styles/base.css", "text/css"),
        ("icon.svg", "image/svg+xml"),
        ("lectern.webmanifest", "application/manifest+json"),
        ("vendor/LICENSE.txt", "text/plain"),
    ],
)
async def test_files_by_their_kinds(client, path, kind):
    answer = await client.get(f"/lectern/static/{path}")
    assert answer.status == 200 and answer.content_type == kind


@pytest.mark.parametrize(
    "path",
    [
        "app.html", "vendor/README.md", "../lectern.js", "../../web/app/../app/app.html", "styles", "/etc/passwd",
        "x\0.mjs", "a" * 5000 + ".mjs", "../app2/x.mjs", "../../docs/images/editor.png", "none.css",
        str(FOLDER.parent / "words.mjs"),
    ],
)  # fmt: skip
def test_nothing_else_is_served(path):
    with pytest.raises(FileNotServed):
        static_file(path, {})


@pytest.mark.parametrize("path", ["..%2f..%2flectern.svg", "%2e%2e%2fapps.html", "..%5cx.mjs", "%00.mjs", "none.css"])
async def test_no_way_of_writing_a_path_leads_out(client, path):
    answer = await client.get(URL(f"/lectern/static/{path}", encoded=True))
    assert answer.status == 404
    assert (await answer.json())["error"]["code"] == "not_found"


def test_comfyui_finds_no_module_of_the_pages_to_load():
    assert not [file for file in FILES if file.suffix == ".js"]
    assert {file.suffix for file in FILES} <= {*CONTENT_TYPES, ".html", ".md"}


def test_the_vendored_files_are_the_recorded_ones():
    record = (FOLDER / "vendor/README.md").read_text("utf-8")
    for name in ("swagger-ui-bundle.mjs", "swagger-ui.css"):
        assert f"{hashlib.sha256((FOLDER / 'vendor' / name).read_bytes()).hexdigest()}  {name}" in record


def test_every_word_of_the_pages_has_its_chinese():
    dictionary = (FOLDER / "parts/chinese.mjs").read_text("utf-8")
    known = set(re.findall(r'(?:"((?:[^"\\]|\\.)+)"|\b(\w+)): *(?:\n *)?"', dictionary))
    chinese = {(quoted or bare).replace('\\"', '"') for quoted, bare in known}
    chinese |= set(re.findall(r"'([^']+)':", dictionary))
    said = {
        words.replace('\\"', '"')
        for file in MODULES
        if file.name not in ("chinese.mjs", "words.mjs")
        for found in SAID.findall(file.read_text("utf-8"))
        for words in found
        if words
    }
    assert len(said) > 100
    assert said - chinese == set()


def test_no_module_knows_where_the_server_lies():
    """Addresses are made in api.mjs alone, relative to the page's own folder."""
    for file in MODULES:
        text = file.read_text("utf-8")
        if file.name not in ("api.mjs", "files.mjs"):
            assert not re.search(r"""["'`]/(api/)?lectern""", text), file.name
        assert "http://" not in text.replace("http://www.w3.org/2000/svg", "") and "https://" not in text, file.name
