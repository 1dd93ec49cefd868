"""The routes: each finds out whether this dialect has it, reads its body and answers JSON."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

from aiohttp import web

from support.webui import extras, schema, status
from support.webui.errors import BadJson, Crash, NotAllowed, Unknown
from support.webui.faults import Fault
from support.webui.plan import Made

if TYPE_CHECKING:
    from support.webui.server import ContractServer

Answer = Callable[["ContractServer", web.Request], Awaitable[web.StreamResponse]]


def add_routes(app: web.Application, server: "ContractServer", base_path: str) -> None:
    """One catch-all: which routes there are is the dialect's to say."""

    async def handle(request: web.Request) -> web.StreamResponse:
        return await _dispatch(server, request)

    async def control(request: web.Request) -> web.StreamResponse:
        return await _control(server, request)

    app.router.add_route("*", f"{base_path}/__control", control)
    app.router.add_route("*", "/{path:.*}", handle)


async def _dispatch(server: "ContractServer", request: web.Request) -> web.StreamResponse:
    path = request.path
    if not path.startswith(f"{server.base_path}/"):
        raise Unknown(path)
    inside = path.removeprefix(server.base_path)
    name = inside.removeprefix("/sdapi/v1/")
    route = f"{request.method} {name}"
    if not server.offers(route):
        others = {"GET", "POST"} - {request.method}
        raise NotAllowed(path) if any(server.offers(f"{other} {name}") for other in others) else Unknown(path)
    answer = ROUTES.get(route, _listed)
    return await answer(server, request)


async def _json(request: web.Request) -> Any:
    data = await request.read()
    try:
        return json.loads(data)
    except json.JSONDecodeError as error:
        raise BadJson(error.pos, error.msg) from error
    except UnicodeDecodeError as error:
        raise BadJson(error.start, "Expecting value") from error


# Generation


async def _generate(server: "ContractServer", request: web.Request) -> web.StreamResponse:
    dialect, state = server.dialect, server.state
    route = server.route_of(request)
    sent = await _json(request)
    try:
        body = dialect.read(state, route, sent)
        plan = dialect.plan(state, route, body)
    except (TypeError, ValueError, KeyError, AttributeError) as error:  # what real servers do with a surprise
        raise Crash(type(error).__name__, str(error)) from error
    plan = replace(plan, grain=server.grain)
    made = await server.work(server.engine.generate(plan)) if state.model_loaded else Made((), "0")
    answer = await server.work(_in_thread(dialect.answer, plan, made, sent, body))
    return web.json_response(answer)


async def _in_thread(work: Callable[..., Any], *arguments: Any) -> Any:
    return await asyncio.to_thread(work, *arguments)


# Jobs


async def _progress(server: "ContractServer", request: web.Request) -> web.StreamResponse:
    skip = request.query.get("skip_current_image", "").lower() in ("true", "1")
    previews = bool(server.state.options.get("live_previews_enable", True)) and not skip
    content = status.progress(server.engine, previews)
    if server.dialect.name == "sdnext":
        content["id"] = server.active[0].task_id if server.active else ""
    return web.json_response(content)


async def _interrupt(server: "ContractServer", request: web.Request) -> web.StreamResponse:
    server.engine.interrupt()
    return server.dialect.interrupted(skip=False)


async def _skip(server: "ContractServer", request: web.Request) -> web.StreamResponse:
    server.engine.skip()
    return server.dialect.interrupted(skip=True)


async def _task(server: "ContractServer", request: web.Request) -> web.StreamResponse:
    previews = bool(server.state.options.get("live_previews_enable", True))
    return web.json_response(status.task(server.engine, await _json(request), previews))


async def _pending(server: "ContractServer", request: web.Request) -> web.StreamResponse:
    return web.json_response(status.pending(server.engine))


# Pictures


def _on_picture(work: Callable[["ContractServer", dict[str, Any]], Any], fields: str) -> Answer:
    async def answer(server: "ContractServer", request: web.Request) -> web.StreamResponse:
        known = getattr(server.dialect, "fields", {})[fields]
        body = schema.check(await _json(request), known, old=getattr(server.dialect, "pydantic1", False))
        return web.json_response(await _in_thread(work, server, body))

    return answer


# Lists and options


async def _listed(server: "ContractServer", request: web.Request) -> web.StreamResponse:
    return web.json_response(server.lists[server.route_of(request)])


async def _scripts(server: "ContractServer", request: web.Request) -> web.StreamResponse:
    rows = server.lists["script-info"]
    titles = {
        tab: list(dict.fromkeys(row["name"] for row in rows if row["is_img2img"] == (tab == "img2img")))
        for tab in ("txt2img", "img2img")
    }
    return web.json_response(titles)


async def _set_options(server: "ContractServer", request: web.Request) -> web.StreamResponse:
    values = await _json(request)
    server.state.set_options(values)
    return web.json_response(server.dialect.updated(values))


async def _cmd_flags(server: "ContractServer", request: web.Request) -> web.StreamResponse:
    """Broken in Forge: its answer does not fit its own model."""
    body = {"gpu_device_id": None, "always_cpu": True}
    if server.dialect.name != "forge":
        return web.json_response({"api": True, "nowebui": not server.webui, "api_auth": None})
    content = {"error": "ResponseValidationError", "detail": "", "body": body, "message": "1 validation errors"}
    return web.json_response(content, status=500)


async def _empty(server: "ContractServer", request: web.Request) -> web.StreamResponse:
    return server.dialect.interrupted(skip=True)


def _fixed(key: str, entry: str) -> Answer:
    async def answer(server: "ContractServer", request: web.Request) -> web.StreamResponse:
        return web.json_response({key: server.lists[entry]})

    return answer


async def _version(server: "ContractServer", request: web.Request) -> web.StreamResponse:
    return web.json_response({"version": 2})


async def _ping(server: "ContractServer", request: web.Request) -> web.StreamResponse:
    return web.json_response({})


async def _controlnets(server: "ContractServer", request: web.Request) -> web.StreamResponse:
    return web.json_response(server.lists["model_list"])


ROUTES: dict[str, Answer] = {
    "POST txt2img": _generate,
    "POST img2img": _generate,
    "GET progress": _progress,
    "POST interrupt": _interrupt,
    "POST skip": _skip,
    "POST /internal/progress": _task,
    "GET /internal/pending-tasks": _pending,
    "GET /internal/ping": _ping,
    "POST extra-single-image": _on_picture(lambda s, body: extras.single(s.state, body), "extra-single-image"),
    "POST extra-batch-images": _on_picture(lambda s, body: extras.batch(s.state, body), "extra-batch-images"),
    "POST png-info": _on_picture(lambda s, body: extras.png_info(body, s.dialect.name == "forge"), "png-info"),
    "POST interrogate": _on_picture(lambda s, body: extras.interrogate(body), "interrogate"),
    "POST /controlnet/detect": _on_picture(lambda s, body: extras.detect(s.state, body), "controlnet/detect"),
    "GET scripts": _scripts,
    "POST options": _set_options,
    "GET cmd-flags": _cmd_flags,
    "POST refresh-checkpoints": _empty,
    "POST refresh-vae": _empty,
    "POST refresh-loras": _empty,
    "POST refresh-embeddings": _empty,
    "POST unload-checkpoint": _empty,
    "POST reload-checkpoint": _empty,
    "GET /controlnet/version": _version,
    "GET /controlnet/model_list": _fixed("model_list", "model_list"),
    "GET /controlnet/module_list": _fixed("module_list", "module_list"),
    "GET /controlnet/control_types": _fixed("control_types", "control_types"),
    "GET /adetailer/v1/ad_model": _fixed("ad_model", "adetailer_models"),
    "GET controlnets": _controlnets,
}


# The test's own hand, for servers in another process


async def _control(server: "ContractServer", request: web.Request) -> web.StreamResponse:
    if request.method == "POST":
        _turn(server, await request.json())
    seen = [{"route": seen.route, "method": seen.method, "body": _plain(seen.body)} for seen in server.requests]
    return web.json_response(
        {
            "requests": seen,
            "active": [job.id for job in server.active],
            "queued": [job.id for job in server.queued],
            "finished": [{"id": job.id, "interrupted": job.interrupted} for job in server.finished],
            "interrupts": server.interrupts,
            "unknown_keys": server.unknown_keys,
            "faults": [asdict(fault) for fault in server.faults],
        }
    )


def _plain(body: Any) -> Any:
    return f"<{len(body)} bytes>" if isinstance(body, bytes) else body


def _turn(server: "ContractServer", orders: dict[str, Any]) -> None:
    if "fault" in orders:
        faults = orders["fault"]
        rows = faults if isinstance(faults, list) else [faults] if faults else []
        server.fault = [Fault(**row) for row in rows]
    for name in ("seconds_per_image", "ignore_interrupts"):
        if name in orders:
            setattr(server.engine, name, orders[name])
    if "hold" in orders:
        server.hold(orders["hold"])
    if orders.get("release"):
        server.release()
    if "stranger" in orders:
        server.stranger(orders["stranger"])
    if orders.get("forget"):
        server.requests.clear()
