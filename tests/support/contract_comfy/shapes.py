"""What ComfyUI 0.30 answers, as values: queue, history, saved files. For every stand-in of ComfyUI in the tests."""

from collections.abc import Iterable, Mapping
from typing import Any

from aiohttp import web

Message = tuple[str, Mapping[str, Any]]  # kind and data of an event that the history keeps


def history_entry(prompt_id: str, graph: Any, outputs: Any, messages: Iterable[Message], ok: bool) -> dict[str, Any]:
    status = {"status_str": "success" if ok else "error", "completed": ok, "messages": [list(one) for one in messages]}
    return {"prompt": [0, prompt_id, graph, {}, []], "outputs": outputs, "status": status, "meta": {}}


def queue_listing(running: Mapping[str, Any], pending: Mapping[str, Any]) -> dict[str, Any]:
    """Of graphs by prompt id."""
    return {
        "queue_running": [[0, prompt_id, graph, {}, []] for prompt_id, graph in running.items()],
        "queue_pending": [[1, prompt_id, graph, {}, []] for prompt_id, graph in pending.items()],
    }


def saved_names(graph: Mapping[str, Any], counter: int = 1) -> dict[str, dict[str, str]]:
    """What SaveImage does, by node id: a counter and a suffix after the prefix, whose folders become the subfolder."""
    saved = {}
    for node_id, node in graph.items():
        if node["class_type"] == "SaveImage":
            subfolder, _, stem = node["inputs"]["filename_prefix"].rpartition("/")
            saved[node_id] = {"filename": f"{stem}_{counter:05}_.png", "subfolder": subfolder, "type": "output"}
    return saved


def as_file(request: web.Request, content: bytes) -> web.Response:
    """With parts and a tag, as aiohttp's FileResponse that ComfyUI uses."""
    headers = {"ETag": f'"{len(content)}"', "Accept-Ranges": "bytes"}
    if request.headers.get("If-None-Match") == headers["ETag"]:
        return web.Response(status=304, headers=headers)
    part = request.http_range
    if part.start is None:
        return web.Response(body=content, content_type="image/png", headers=headers)
    piece = content[part.start : part.stop]
    headers["Content-Range"] = f"bytes {part.start}-{part.start + len(piece) - 1}/{len(content)}"
    return web.Response(status=206, body=piece, content_type="image/png", headers=headers)
