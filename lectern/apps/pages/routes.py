"""The addresses of the pages. ComfyUI mirrors them below /api by itself."""

from collections.abc import Awaitable, Callable

from aiohttp import web

from ...envelope import error_answer
from .files import FileNotServed, shell, static_file
from .policy import file_headers, page_headers

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

PREFIX = "/lectern"


def add_pages(routes: web.RouteTableDef, prefix: str = PREFIX) -> None:
    """Adds the list of apps, the page of each app, the documentation and the files that they load."""
    below = prefix.rsplit("/", 1)[-1]  # where `/lectern` alone leads to /lectern/
    for path, root in ((prefix, f"{below}/"), (f"{prefix}/", "./")):
        routes.get(path)(_page("apps", root))
    for path, root in (("/a/{slug}", "../"), ("/a/{slug}/", "../../")):
        routes.get(prefix + path)(_page("app", root))
    routes.get(f"{prefix}/docs")(_page("docs", "./"))
    routes.get(prefix + "/static/{path:.+}")(_static)


def _page(name: str, root: str) -> Handler:
    async def answer(request: web.Request) -> web.StreamResponse:
        return shell(request, name, root, page_headers())

    return answer


async def _static(request: web.Request) -> web.StreamResponse:
    try:
        return static_file(request.match_info["path"], file_headers())
    except FileNotServed as error:
        return error_answer(error, file_headers())
