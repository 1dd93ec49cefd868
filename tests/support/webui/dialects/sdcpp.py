"""stable-diffusion.cpp (2026-08), recorded: few routes, nothing composited, nulls and wrong types are server errors."""

import json
from typing import Any

from aiohttp import web

from support.webui.data import load
from support.webui.dialects.base import GENERATE, Dialect, plain
from support.webui.errors import BadJson, Crash, Invalid, NotAllowed, Problem, Refusal, ServerError, Unknown
from support.webui.imagefiles import decode
from support.webui.plan import Hires, Item, Made, Plan
from support.webui.planning import as_mask, fixed, hires_size
from support.webui.state import State

NUMBERS = ("width", "height", "steps", "cfg_scale", "seed", "batch_size", "clip_skip", "denoising_strength")
HIRES_NUMBERS = ("hr_scale", "hr_resize_x", "hr_resize_y", "hr_steps", "inpainting_mask_invert")
STRINGS = ("prompt", "negative_prompt", "sampler_name", "scheduler", "hr_upscaler", "mask")
DEFAULTS: dict[str, Any] = {
    **dict.fromkeys(STRINGS, ""),
    "width": 512,
    "height": 512,
    "steps": 20,
    "cfg_scale": 7.0,
    "seed": -1,
    "batch_size": 1,
    "clip_skip": -1,
    "denoising_strength": 0.75,
    "hr_scale": 2.0,
    "hr_resize_x": 0,
    "hr_resize_y": 0,
    "hr_steps": 0,
    "inpainting_mask_invert": 0,
    "enable_hr": False,
    "lora": [],
    "init_images": [],
    "extra_images": [],
}
TYPES = (
    dict.fromkeys(NUMBERS + HIRES_NUMBERS, ("number", (int, float)))
    | dict.fromkeys(STRINGS, ("string", (str,)))
    | dict.fromkeys(("lora", "init_images", "extra_images"), ("array", (list,)))
    | {"enable_hr": ("boolean", (bool,))}
)
JSON_NAMES = {str: "string", bool: "boolean", int: "number", float: "number", list: "array", dict: "object"}
# A1111's names that it understands, beside its own
A1111_NAMES = {"euler a": "euler_a", "dpm++ 2m": "dpm++2m", "dpm++ 2s a": "dpm++2s_a", "ddim": "ddim_trailing"}


class SdCpp(Dialect):
    name = "sdcpp"
    routes = GENERATE | {
        f"GET {route}"
        for route in ("options", "samplers", "schedulers", "upscalers", "latent-upscale-modes", "sd-models", "loras")
    }
    protected = False

    def lists(self) -> dict[str, Any]:
        return {key: value for key, value in load("sdcpp").items() if key != "generation"}

    def read(self, state: State, route: str, body: Any) -> dict[str, Any]:
        state.note(route, body, set(DEFAULTS), self.elsewhere[route])
        for name, value in body.items():
            kind, types = TYPES.get(name, ("", (object,)))
            if not isinstance(value, types) or (kind == "number" and isinstance(value, bool)):
                problem = Problem(name, kind, "", "", "", value)
                raise Invalid([problem])
        return DEFAULTS | body

    def plan(self, state: State, route: str, body: dict[str, Any]) -> Plan:
        if not body["prompt"]:
            raise Refusal(400, "prompt required")
        width, height = int(body["width"]), int(body["height"])
        if min(width, height) <= 0:
            raise Refusal(400, "width and height must be positive")
        pixels = _up(width), _up(height)
        hires = _hires(body, width, height)
        for made in (pixels, *([hires[:2]] if hires else [])):
            state.afford(*made)
        seed = fixed(body["seed"], 2**31)
        prompt = _with_loras(state, body)
        steps, cfg = int(body["steps"]), float(body["cfg_scale"])
        count = max(int(body["batch_size"]), 1)
        init = _decoded(body["init_images"][0]) if body["init_images"] and route == "img2img" else None
        mask = _decoded(body["mask"]) if body["mask"] and init else None
        if mask is not None:
            mask = as_mask(mask)
            mask = mask.point([255 - value for value in range(256)]) if body["inpainting_mask_invert"] else mask
        return Plan(
            route=route,
            items=tuple(Item(prompt, body["negative_prompt"], seed + i, 0, steps, cfg) for i in range(count)),
            batch_size=count,
            width=width,
            height=height,
            pixels=pixels,
            sampler=_sampler(state, body["sampler_name"]),
            scheduler=None,
            model=state.lists["sd-models"][0]["filename"],
            steps=steps,
            seed=seed,
            subseed=0,
            denoising=body["denoising_strength"] if route == "img2img" or hires else None,
            hires=hires,
            init=(init,) if init else (),
            mask=mask,
            composite=False,
        )

    def answer(self, plan: Plan, made: Made, sent: dict[str, Any], body: dict[str, Any]) -> dict[str, Any]:
        texts = [_infotext(plan, item, body["prompt"]) for item in plan.items]
        first = plan.items[0]
        info = {
            "all_negative_prompts": [item.negative for item in plan.items],
            "all_prompts": [body["prompt"] for _ in plan.items],
            "all_seeds": [item.seed for item in plan.items],
            "cfg_scale": first.cfg,
            "height": plan.height,
            "infotexts": texts,
            "negative_prompt": first.negative,
            "prompt": body["prompt"],
            "sampler_name": plan.sampler,
            "sd_model_name": plan.model,
            "seed": first.seed,
            "steps": plan.steps,
            "version": "stable-diffusion.cpp",
            "width": plan.width,
        }
        if plan.route == "img2img":
            info["denoising_strength"] = plan.denoising
        text = json.dumps(dict(sorted(info.items())), ensure_ascii=False, separators=(",", ":"))
        return {"images": self.lists_of_files(plan, made, texts), "info": text, "parameters": sent}

    def error(self, error: ServerError) -> web.Response:
        match error:
            case Refusal():
                return web.json_response({"error": error.detail}, status=error.status)
            case Crash():
                return _server_error(error.message)
            case BadJson():
                where = f"line 1, column {error.position + 1}"
                return _server_error(f"[json.exception.parse_error.101] parse error at {where}: syntax error")
            case Invalid():
                return _server_error(_type_error(error.problems[0]))
            case Unknown() | NotAllowed():
                return web.Response(status=404)
        return web.Response(status=plain(error)[0])


def _server_error(message: str) -> web.Response:
    return web.json_response({"error": "server_error", "message": message}, status=500)


def _type_error(problem: Problem) -> str:
    got = JSON_NAMES.get(type(problem.value), "null")
    return f"[json.exception.type_error.302] type must be {problem.type}, but is {got}"


def _up(length: int) -> int:
    return -(-length // 64) * 64


def _hires(body: dict[str, Any], width: int, height: int) -> Hires | None:
    if not body["enable_hr"]:
        return None
    size = hires_size(width, height, body["hr_scale"], int(body["hr_resize_x"]), int(body["hr_resize_y"]))
    return Hires(_up(size[0]), _up(size[1]), int(body["hr_steps"] or body["steps"]))


def _sampler(state: State, wanted: str) -> str:
    """The method's name; an unknown one is NONE in the answer while the default is used."""
    name = A1111_NAMES.get(wanted.lower(), wanted.lower()) or "default"
    known = [row["name"] for row in state.lists["samplers"]]
    return ("euler_a" if name == "default" else name) if name in known else "NONE"


def _with_loras(state: State, body: dict[str, Any]) -> str:
    """The prompt, with what the request's LoRAs change about the picture."""
    paths = {row["path"] for row in state.lists["loras"]}
    for lora in body["lora"]:
        if lora.get("path") not in paths:
            raise Refusal(400, "lora path not found")
    return body["prompt"] + "".join(f" <{lora['path']}:{lora.get('multiplier', 1.0)}>" for lora in body["lora"])


def _decoded(text: str) -> Any:
    """A picture that cannot be read is ignored in silence."""
    try:
        return decode(text)
    except Refusal:
        return None


def _infotext(plan: Plan, item: Item, prompt: str) -> str:
    generation = load("sdcpp")["generation"] | {
        "height": plan.height,
        "prompt": {"negative": item.negative, "positive": prompt},
        "seed": item.seed,
        "width": plan.width,
    }
    negative = f"Negative prompt: {item.negative}\n" if item.negative else ""
    return (
        f"{prompt}\n{negative}Steps: {item.steps}, CFG scale: {item.cfg:.6f}, Guidance: 3.500000, Eta: inf, "
        f"Seed: {item.seed}, Size: {plan.width}x{plan.height}, Model: {plan.model}, RNG: cuda, "
        f"Sampler: {plan.sampler}, Version: stable-diffusion.cpp, SDCPP: {json.dumps(generation, sort_keys=True)}"
    )
