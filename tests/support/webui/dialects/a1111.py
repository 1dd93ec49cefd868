"""AUTOMATIC1111 1.10, and what its family shares."""

import json
from typing import Any, ClassVar

from aiohttp import web

from support.webui import infotext, schema
from support.webui.data import load
from support.webui.dialects.base import GENERATE, Dialect, plain
from support.webui.errors import BadJson, Crash, Invalid, Problem, Refusal, ServerError
from support.webui.plan import Made, Plan
from support.webui.planning import plan
from support.webui.state import State

LISTS = frozenset(
    [
        "samplers",
        "schedulers",
        "upscalers",
        "latent-upscale-modes",
        "sd-models",
        "sd-vae",
        "loras",
        "embeddings",
        "hypernetworks",
        "face-restorers",
        "realesrgan-models",
        "cmd-flags",
        "prompt-styles",
        "scripts",
        "script-info",
        "extensions",
        "memory",
        "options",
        "progress",
    ]
)
POSTS = frozenset(
    [
        "options",
        "extra-single-image",
        "extra-batch-images",
        "png-info",
        "interrogate",
        "interrupt",
        "skip",
        "refresh-checkpoints",
        "refresh-vae",
        "refresh-loras",
        "refresh-embeddings",
        "unload-checkpoint",
        "reload-checkpoint",
    ]
)
CONTROLNET = frozenset(
    {
        "GET /controlnet/version",
        "GET /controlnet/model_list",
        "GET /controlnet/module_list",
        "GET /controlnet/control_types",
        "POST /controlnet/detect",
        "GET /adetailer/v1/ad_model",
    }
)
INTERNAL = frozenset({"POST /internal/progress", "GET /internal/pending-tasks", "GET /internal/ping"})
FORGE_FIELDS = frozenset({"distilled_cfg_scale", "hr_distilled_cfg", "hr_additional_modules"})


class A1111(Dialect):
    name = "a1111"
    version: ClassVar[str] = "v1.10.1"
    routes = (
        GENERATE | {f"GET {route}" for route in LISTS} | {f"POST {route}" for route in POSTS} | CONTROLNET | INTERNAL
    )
    absent_fields: ClassVar[frozenset[str]] = FORGE_FIELDS | {"hr_cfg"}
    pydantic1: ClassVar[bool] = True

    def __init__(self) -> None:
        super().__init__()
        requests = load("requests")
        self.fields = {route: self.own(route, fields) for route, fields in requests.items()}

    def own(self, route: str, fields: dict[str, schema.Field]) -> dict[str, schema.Field]:
        """This server's fields of a route, from Forge's."""
        own = {name: field for name, field in fields.items() if name not in self.absent_fields}
        if route.startswith("extra-"):
            own["upscaling_resize"] = {"type": "number", "null": False, "default": 2, "minimum": 1, "maximum": 8}
        return own

    def lists(self) -> dict[str, Any]:
        lists = load("forge") | {"script-info": load("extensions")["script-info"]}
        for sampler in lists["samplers"]:  # dict[str, str] here
            sampler["options"] = {key: str(value) for key, value in sampler["options"].items()}
        del lists["sd-modules"]
        for option in ("forge_preset", "forge_additional_modules"):
            del lists["options"][option]
        return lists

    def read(self, state: State, route: str, body: Any) -> dict[str, Any]:
        fields = self.fields[route]
        state.note(route, body, set(fields), self.elsewhere.get(route, set()))
        return schema.check(body, fields, old=self.pydantic1)

    def plan(self, state: State, route: str, body: dict[str, Any]) -> Plan:
        if body.get("infotext"):
            self.paste(body)
        names = self.names(state, body)
        overrides = body["override_settings"]
        if overrides and state.model(overrides.get("sd_model_checkpoint")) is None:
            body["override_settings"] = {k: v for k, v in overrides.items() if k != "sd_model_checkpoint"}
        made = plan(state, route, body, names)
        if not body["override_settings_restore_afterwards"]:
            state.options.update(body["override_settings"] or {})
        return made

    def paste(self, body: dict[str, Any]) -> None:
        """`infotext` fills the fields that the request left alone; the double knows the plainest of them."""
        read = infotext.read(body["infotext"])
        body["prompt"] = body["prompt"] or read["Prompt"]
        body["negative_prompt"] = body["negative_prompt"] or read["Negative prompt"]
        if body["seed"] == -1 and "Seed" in read:
            body["seed"] = int(read["Seed"])

    def names(self, state: State, body: dict[str, Any]) -> tuple[str, str | None]:
        """Sampler and scheduler that will be used: unknown names become the first of each, in silence."""
        name, labels = body["sampler_name"] or body["sampler_index"], _labels(state)
        scheduler = labels.get(body["scheduler"], "Automatic")
        for alias, label in labels.items():  # "DPM++ 2M Karras", as up to 1.8
            if name.endswith(f" {alias}"):
                name, scheduler = name.removesuffix(f" {alias}"), label
        samplers = [sampler["name"] for sampler in state.lists["samplers"]]
        return name if name in samplers else samplers[0], scheduler

    def answer(self, plan: Plan, made: Made, sent: dict[str, Any], body: dict[str, Any]) -> dict[str, Any]:
        made_items = plan.items[: len(made.images)]
        infotexts = [infotext.write(plan, item, self.version) for item in made_items]
        if plan.grid and infotexts:
            infotexts.insert(0, infotexts[0])
        images = self.lists_of_files(plan, made, infotexts) if body["send_images"] else []
        if not body.get("include_init_images"):
            body = body | {key: None for key in ("init_images", "mask") if key in body}
        info = self.info(plan, made, infotexts)
        return {"images": images, "parameters": body, "info": json.dumps(info, ensure_ascii=False)}

    def info(self, plan: Plan, made: Made, infotexts: list[str]) -> dict[str, Any]:
        first = plan.items[0]
        return {
            "prompt": first.prompt,
            "all_prompts": [item.prompt for item in plan.items],
            "negative_prompt": first.negative,
            "all_negative_prompts": [item.negative for item in plan.items],
            "seed": first.seed,
            "all_seeds": [item.seed for item in plan.items],
            "subseed": first.subseed,
            "all_subseeds": [item.subseed for item in plan.items],
            "subseed_strength": plan.subseed_strength,
            "width": plan.width,
            "height": plan.height,
            "sampler_name": plan.sampler,
            "cfg_scale": first.cfg,
            "steps": first.steps,
            "batch_size": plan.batch_size,
            "restore_faces": False,
            "face_restoration_model": None,
            "sd_model_name": plan.model,
            "sd_model_hash": plan.model_hash,
            "sd_vae_name": None,
            "sd_vae_hash": None,
            "seed_resize_from_w": -1,
            "seed_resize_from_h": -1,
            "denoising_strength": plan.denoising,
            "extra_generation_params": dict(plan.params),
            "index_of_first_image": int(plan.grid and bool(made.images) and not plan.only_grid),
            "infotexts": infotexts,
            "styles": list(plan.styles),
            "job_timestamp": made.started,
            "clip_skip": plan.clip_skip,
            "is_using_inpainting_conditioning": False,
            "version": self.version,
        }

    def error(self, error: ServerError) -> web.Response:
        match error:
            case Refusal():
                return web.json_response(self.refused(error.status, error.detail), status=error.status)
            case Crash():
                return web.json_response(self.crashed(error), status=500)
            case Invalid():
                detail = [self.problem(problem) for problem in error.problems]
                return web.json_response({"detail": detail}, status=422)
            case BadJson():
                return web.json_response({"detail": [self.bad_json(error)]}, status=422)
        status, detail = plain(error)
        return web.json_response({"detail": detail}, status=status)

    def refused(self, status: int, detail: str) -> dict[str, Any]:
        return {"error": "HTTPException", "detail": detail, "body": "", "errors": ""}

    def crashed(self, error: Crash) -> Any:
        return {"error": error.kind, "detail": "", "body": "", "errors": error.message}

    def problem(self, problem: Problem) -> dict[str, Any]:
        """pydantic 1's words."""
        loc = ["body", problem.field] if problem.field else ["body"]
        return {"loc": [*loc, *problem.more], "msg": problem.old_msg, "type": problem.old_type}

    def bad_json(self, error: BadJson) -> dict[str, Any]:
        text = f"{error.message}: line 1 column {error.position + 1} (char {error.position})"
        context = {"msg": error.message, "pos": error.position, "lineno": 1, "colno": error.position + 1}
        return {"loc": ["body", error.position], "msg": text, "type": "value_error.jsondecode", "ctx": context}


def _labels(state: State) -> dict[str, str]:
    """Every name of a scheduler -> its label."""
    rows = state.lists["schedulers"]
    return {name: row["label"] for row in rows for name in (row["name"], row["label"], *(row["aliases"] or ()))}
