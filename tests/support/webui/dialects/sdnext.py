"""SD.Next (2026-07), read in its source: no scheduler field, no empty answers with a body, its own defaults."""

from typing import Any

from aiohttp import web

from support.webui import schema
from support.webui.dialects.a1111 import A1111, CONTROLNET, FORGE_FIELDS, INTERNAL
from support.webui.errors import Crash, Refusal, ServerError
from support.webui.plan import Made, Plan
from support.webui.state import State

ABSENT = {"latent-upscale-modes", "hypernetworks", "realesrgan-models"}
DEFAULTS = {
    "steps": 20,
    "width": 1024,
    "height": 1024,
    "cfg_scale": 6.0,
    "inpainting_fill": 1,
    "inpaint_full_res": False,
    "sampler_index": "Default",
}
NO_INIT = "Init image is none"
OWN_FIELDS = {
    "hr_force": "boolean",
    "hr_denoising_strength": "number",
    "refiner_start": "number",
    "hr_refiner_start": "number",
    "clip_skip": "number",
    "ip_adapter": "array",
    "control_units": "array",
    "face": "object",
    "extra": "object",
    "detailer_enabled": "boolean",
    "detailer_prompt": "string",
    "detailer_negative": "string",
    "detailer_steps": "integer",
    "detailer_strength": "number",
}


class SdNext(A1111):
    name = "sdnext"
    version = "2026-07-01"
    routes = (A1111.routes - {f"GET {route}" for route in ABSENT} - CONTROLNET - INTERNAL) | {
        "GET controlnets",
        "POST /internal/progress",
    }
    absent_fields = FORGE_FIELDS | {"hr_cfg", "scheduler", "hr_scheduler", "force_task_id", "infotext", "restore_faces"}

    def own(self, route: str, fields: dict[str, schema.Field]) -> dict[str, schema.Field]:
        own = super().own(route, fields)
        if route not in ("txt2img", "img2img"):
            return {name: field for name, field in own.items() if not name.startswith(("gfpgan", "codeformer"))}
        for name, default in DEFAULTS.items():
            if name in own:
                own[name] = dict(own[name]) | {"default": default}
        strength = 0.3 if route == "txt2img" else 0.5
        own["denoising_strength"] = {"type": "number", "null": True, "default": strength}
        return own | {name: {"type": kind, "null": True, "default": None} for name, kind in OWN_FIELDS.items()}

    def lists(self) -> dict[str, Any]:
        lists = super().lists()
        lists["samplers"] = [{"name": row["name"], "options": row["options"]} for row in lists["samplers"]]
        lists["samplers"].insert(0, {"name": "Default", "options": {}})
        names = ("UniPC", "Euler a", "DPM++ 2M")
        lists["schedulers"] = [{"name": name, "cls": f"{name.split()[0]}Scheduler", "options": {}} for name in names]
        lists["sd-models"] = [row | {"type": "safetensors"} for row in lists["sd-models"]]
        lists["script-info"] = [
            row for row in lists["script-info"] if row["name"] not in ("controlnet", "adetailer", "sampler", "seed")
        ]
        for route in ABSENT - {"latent-upscale-modes"}:
            del lists[route]
        return lists

    def names(self, state: State, body: dict[str, Any]) -> tuple[str, str | None]:
        wanted = (body["sampler_name"] or body["sampler_index"]).lower()
        for row in state.lists["samplers"]:
            if row["name"].lower() == wanted:
                return row["name"], None
        raise Refusal(404, "Sampler not found")

    def plan(self, state: State, route: str, body: dict[str, Any]) -> Plan:
        if route == "img2img" and not body["init_images"]:
            raise Refusal(400, NO_INIT)
        if body["clip_skip"]:
            body["override_settings"] = (body["override_settings"] or {}) | {
                "CLIP_stop_at_last_layers": body["clip_skip"]
            }
        return super().plan(state, route, body)

    def answer(self, plan: Plan, made: Made, sent: dict[str, Any], body: dict[str, Any]) -> dict[str, Any]:
        """Without a model it still answers 200, with nothing in it."""
        answer = super().answer(plan, made, sent, body)
        return answer if made.images else answer | {"images": [], "info": ""}

    def info(self, plan: Plan, made: Made, infotexts: list[str]) -> dict[str, Any]:
        return super().info(plan, made, infotexts) | {"cfg_end": 1, "detailer": False}

    def interrupted(self, skip: bool) -> web.Response:
        return web.Response(status=204)

    def updated(self, values: dict[str, Any]) -> Any:
        return {"updated": [{key: True} for key in values]}

    def error(self, error: ServerError) -> web.Response:
        if isinstance(error, Crash) and error.kind == "TypeError":
            return web.json_response(error.message, status=500)
        return super().error(error)

    def refused(self, status: int, detail: str) -> dict[str, Any]:
        if detail == NO_INIT:
            return {"error": detail}
        return {"error": "HTTPException", "code": status, "detail": detail, "body": "", "errors": ""}

    def crashed(self, error: Crash) -> Any:
        return {"error": error.kind, "code": 500, "detail": "", "body": "", "errors": error.message}
