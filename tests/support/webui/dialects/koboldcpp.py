"""koboldcpp (2024-10), read in its source: one picture, small sizes, an empty info."""

from typing import Any

from aiohttp import web

from support.webui.data import load
from support.webui.dialects.base import GENERATE, Dialect, plain
from support.webui.errors import BadJson, Crash, Invalid, ServerError
from support.webui.imagefiles import decode
from support.webui.plan import Item, Made, Plan
from support.webui.planning import fixed
from support.webui.state import State

FIELDS = frozenset(
    [
        "prompt",
        "negative_prompt",
        "init_images",
        "denoising_strength",
        "cfg_scale",
        "steps",
        "width",
        "height",
        "seed",
        "sampler_name",
        "clip_skip",
    ]
)
MISSING = "Error: HTTP Server is running, but this endpoint does not exist. Please check the URL."


class KoboldCpp(Dialect):
    name = "koboldcpp"
    routes = GENERATE | {
        f"GET {route}" for route in ("options", "samplers", "upscalers", "latent-upscale-modes", "sd-models")
    }
    protected = False

    def lists(self) -> dict[str, Any]:
        return load("koboldcpp")

    def read(self, state: State, route: str, body: Any) -> dict[str, Any]:
        state.note(route, body, set(FIELDS), self.elsewhere[route])
        return dict(body)

    def plan(self, state: State, route: str, body: dict[str, Any]) -> Plan:
        width, height = _side(body.get("width", 512)), _side(body.get("height", 512))
        steps = min(max(int(body.get("steps", 20)), 1), 80)
        seed = fixed(body.get("seed", -1), 2**31)
        cfg = min(max(float(body.get("cfg_scale", 5)), 1.0), 25.0)
        item = Item(body.get("prompt", ""), body.get("negative_prompt", ""), seed, 0, steps, cfg)
        sources = body.get("init_images") or []
        init = (decode(sources[0]),) if route == "img2img" and sources else ()
        return Plan(
            route=route,
            items=(item,),
            batch_size=1,
            width=width,
            height=height,
            pixels=(width, height),
            sampler=_sampler(state, body.get("sampler_name", "k_euler_a")),
            scheduler=None,
            model=state.lists["sd-models"][0]["model_name"],
            steps=steps,
            seed=seed,
            subseed=0,
            denoising=body.get("denoising_strength", 0.6) if init else None,
            init=init,
        )

    def answer(self, plan: Plan, made: Made, sent: dict[str, Any], body: dict[str, Any]) -> dict[str, Any]:
        return {"images": self.lists_of_files(plan, made, [None]), "parameters": {}, "info": ""}

    def error(self, error: ServerError) -> web.Response:
        status, detail = plain(error)
        if status == 404 or status == 405:
            return web.Response(status=404, text=MISSING, content_type="text/html")
        if isinstance(error, Crash | Invalid | BadJson):
            return web.json_response({"detail": {"msg": detail, "type": "bad_input"}}, status=500)
        return web.json_response({"detail": {"msg": detail, "type": "error"}}, status=status)


def _side(length: Any) -> int:
    """Down to a multiple of 64, at most 1024."""
    return min(max(int(length) // 64 * 64, 64), 1024)


def _sampler(state: State, wanted: Any) -> str:
    for row in state.lists["samplers"]:
        if str(wanted).lower() in (row["name"].lower(), *row["aliases"]):
            return row["name"]
    return "Euler a"
