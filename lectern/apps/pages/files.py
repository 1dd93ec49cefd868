"""The files of `web/app/` as answers: the shells of the pages and what they load."""

import hashlib
from pathlib import Path

from aiohttp import web

from ...errors import AppError

FOLDER = Path(__file__).parents[3] / "web" / "app"

# What a page may load; nothing else of the folder is served. Modules are `.mjs` since ComfyUI loads every `.js` below
# web/ into the editor.
CONTENT_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".mjs": "text/javascript; charset=utf-8",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
    ".webmanifest": "application/manifest+json",
}
ROOT = "%ROOT%"  # in a shell: the way from the page's own address to /lectern/


class FileNotServed(AppError):
    """The pages have no such file."""

    status = 404
    code = "not_found"


def shell(request: web.Request, name: str, root: str, headers: dict[str, str]) -> web.Response:
    """A page's shell. Its addresses are relative, so that it works behind any prefix.

    Args:
        name: the file's, without `.html`.
        root: the way from the page's address to /lectern/, such as `../`.
    """
    content = (FOLDER / f"{name}.html").read_text("utf-8").replace(ROOT, root).encode()
    tag = hashlib.sha256(content).hexdigest()[:32]
    known = {one.value for one in request.if_none_match or ()}
    if known & {tag, "*"}:
        response = web.Response(status=304, headers=headers)
    else:
        response = web.Response(body=content, headers=headers | {"Content-Type": "text/html; charset=utf-8"})
    response.etag = tag
    return response


def static_file(path: str, headers: dict[str, str]) -> web.StreamResponse:
    """A file of the folder; conditional requests and ranges are aiohttp's. Raises FileNotServed."""
    kind = CONTENT_TYPES.get(Path(path).suffix)
    if kind is None or not (file := _contained(path)):
        raise FileNotServed("The pages have no such file.")
    return web.FileResponse(file, headers=headers | {"Content-Type": kind})


def _contained(path: str) -> Path | None:
    """The file, when it is one and lies in the folder, whatever the path is made of."""
    try:
        file = (FOLDER / path).resolve()
        return file if file.is_relative_to(FOLDER.resolve()) and file.is_file() else None
    except (OSError, ValueError):  # too long, or with a NUL
        return None
