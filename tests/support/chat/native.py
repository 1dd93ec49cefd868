"""The routes that servers have beside OpenAI's, by which they are told apart, tell what they see, and unload."""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from aiohttp import web

if TYPE_CHECKING:
    from support.chat.server import ChatServer

Handler = Callable[[web.Request], Awaitable[web.Response]]
Route = tuple[str, str, Callable[["ChatServer", web.Request, Any], Any]]


def native_routes(server: "ChatServer") -> list[web.RouteDef]:
    return [web.route(method, path, _handler(server, make)) for method, path, make in _ROUTES.get(server.kind, [])]


def _handler(server: "ChatServer", make: Callable[["ChatServer", web.Request, Any], Any]) -> Handler:
    async def handler(request: web.Request) -> web.Response:
        made = make(server, request, server.requests[-1].body)
        return web.json_response({"error": "not found"}, status=404) if made is None else web.json_response(made)

    return handler


def _version(server: "ChatServer", request: web.Request, body: Any) -> Any:
    return {"version": "0.12.3"}


def _ollama_show(server: "ChatServer", request: web.Request, body: Any) -> Any:
    if body["model"] not in server.models:
        return None
    return {"capabilities": ["completion", *(["vision"] if server.vision else [])], "details": {}}


def _ollama_generate(server: "ChatServer", request: web.Request, body: Any) -> Any:
    if body.get("keep_alive") == 0 and not body.get("prompt"):
        server.unload(body["model"])
    return {"model": body["model"], "done": True, "done_reason": "unload"}


def _lmstudio_models(server: "ChatServer", request: web.Request, body: Any) -> Any:
    return {
        "models": [
            {
                "type": "llm",
                "key": name,
                "loaded_instances": [{"id": name, "config": {}}, {"id": f"{name}:2", "config": {}}],
                "capabilities": {"vision": server.vision, "trained_for_tool_use": False},
            }
            for name in server.models
        ]
    }


def _lmstudio_models_0(server: "ChatServer", request: web.Request, body: Any) -> Any:
    kind = "vlm" if server.vision else "llm"
    return {"object": "list", "data": [{"id": name, "type": kind, "state": "loaded"} for name in server.models]}


def _lmstudio_unload(server: "ChatServer", request: web.Request, body: Any) -> Any:
    server.unload(body["instance_id"])
    return {"instance_id": body["instance_id"]}


def _llamacpp_props(server: "ChatServer", request: web.Request, body: Any) -> Any:
    return {
        "default_generation_settings": {"n_ctx": 4096},
        "total_slots": 1,
        "chat_template": "",
        "modalities": {"vision": server.vision, "audio": False},
    }


def _llamacpp_unload(server: "ChatServer", request: web.Request, body: Any) -> Any:
    server.unload(body["model"])
    return {"success": True}


def _koboldcpp_version(server: "ChatServer", request: web.Request, body: Any) -> Any:
    return {"result": "KoboldCpp", "version": "1.99", "vision": server.vision}


def _unexpected(server: "ChatServer", request: web.Request, body: Any) -> Any:
    """LM Studio answers whatever it does not know with status 200."""
    return {"error": f"Unexpected endpoint or method. ({request.method} {request.path})"}


_ROUTES: dict[str, list[Route]] = {
    "ollama": [
        ("GET", "/api/version", _version),
        ("POST", "/api/show", _ollama_show),
        ("POST", "/api/generate", _ollama_generate),
    ],
    "koboldcpp": [
        ("GET", "/api/extra/version", _koboldcpp_version),
        ("GET", "/api/version", _version),
        ("POST", "/api/generate", _ollama_generate),
    ],
    "lmstudio": [
        ("GET", "/api/v1/models", _lmstudio_models),
        ("GET", "/api/v0/models", _lmstudio_models_0),
        ("POST", "/api/v1/models/unload", _lmstudio_unload),
        ("*", "/{rest:(?!v1/).*}", _unexpected),
    ],
    "lmstudio-0.3": [
        ("GET", "/api/v0/models", _lmstudio_models_0),
        ("*", "/{rest:(?!v1/).*}", _unexpected),
    ],
    "llamacpp": [("GET", "/props", _llamacpp_props), ("POST", "/models/unload", _llamacpp_unload)],
    "vllm": [("GET", "/version", _version)],
}
