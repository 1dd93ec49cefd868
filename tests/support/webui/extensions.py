"""Always-on scripts: ControlNet units give maps, ADetailer passes repaint a part of the picture."""

from typing import Any, NamedTuple

import numpy as np
from PIL import Image

from support.webui import scripts
from support.webui.data import load
from support.webui.errors import Crash, Refusal
from support.webui.imagefiles import decode
from support.webui.painting import fit
from support.webui.picture import to_image, to_pixels
from support.webui.plan import Repaint
from support.webui.state import State

RESIZE_MODES = {"Just Resize": 0, "Crop and Resize": 1, "Resize and Fill": 2}


class Extended(NamedTuple):
    maps: tuple[Image.Image, ...]
    repaints: tuple[Repaint, ...]
    params: dict[str, Any]


def extend(state: State, body: dict[str, Any], route: str, size: tuple[int, int], init: Any) -> Extended:
    """What the request's always-on scripts add; raises as the scripts do."""
    units, passes = [], []
    for title, script in body["alwayson_scripts"].items():
        args = _args(state, title, script, route == "img2img")
        if title.lower() == "controlnet":
            units = _units(state, args)
        if title.lower() == "adetailer":
            passes = _passes(args, route == "img2img")
    maps = tuple(_map(unit, size, init) for unit in units if unit.get("save_detected_map", True))
    repaints = tuple(Repaint(p["ad_prompt"] or body["prompt"], p["ad_denoising_strength"]) for p in passes)
    return Extended(maps, repaints, _unit_params(units) | _pass_params(passes))


def _args(state: State, title: str, script: Any, img2img: bool) -> list[Any]:
    known = scripts.info(state, title, img2img, always_on=True)
    args = list(script.get("args", ()))
    if len(args) > len(known["args"]) and state.strict:
        raise Refusal(422, f"Script '{title}' takes at most {len(known['args'])} arguments, got {len(args)}")
    return args[: len(known["args"])]


def _units(state: State, args: list[Any]) -> list[dict[str, Any]]:
    content = load("extensions")
    defaults = content["controlnet_unit"]
    known = {*defaults, *content["controlnet_unit_more"]}
    units = [defaults | {"enabled": True} | unit for unit in args if isinstance(unit, dict)]
    for unit in units:
        state.note("controlnet", unit, known, set())
    return [unit for unit in units if unit["enabled"]]


def _map(unit: dict[str, Any], size: tuple[int, int], init: Any) -> Image.Image:
    source = unit["image"] or unit.get("input_image")
    source = source["image"] if isinstance(source, dict) else source
    image = decode(source) if source else (init[0] if init else None)
    if image is None:
        raise Crash("ValueError", "controlnet is enabled but no input image is given")
    mode = unit["resize_mode"]
    fitted = fit(image, *size, RESIZE_MODES.get(mode, mode if isinstance(mode, int) else 1))
    return fitted if str(unit["module"]).lower() == "none" else edges(fitted)


def edges(image: Image.Image) -> Image.Image:
    """White lines on black where the brightness changes: an edge map without OpenCV."""
    grey = to_pixels(image).mean(axis=2)
    slope = np.hypot(*np.gradient(grey)) if min(grey.shape) > 1 else np.zeros_like(grey)
    return to_image(np.repeat((slope > 0.02).astype(np.float32)[..., None], 3, axis=2))


def _unit_params(units: list[dict[str, Any]]) -> dict[str, Any]:
    keys = {"Module": "module", "Model": "model", "Weight": "weight", "Control Mode": "control_mode"}
    return {
        f"ControlNet {index}": ", ".join(f"{name}: {unit[key]}" for name, key in keys.items())
        for index, unit in enumerate(units)
    }


def _passes(args: list[Any], img2img: bool) -> list[dict[str, Any]]:
    """Leading booleans are optional: enable, skip_img2img; then one dict per pass."""
    flags = [arg for arg in args if isinstance(arg, bool)]
    if (flags and not flags[0]) or (img2img and len(flags) > 1 and flags[1]):
        return []
    defaults = load("extensions")["adetailer"]
    passes = [arg for arg in args if isinstance(arg, dict)]
    for one in passes:
        unknown = sorted(set(one) - set(defaults))
        if unknown:  # pydantic's Extra.forbid; the real one reports it on its console only
            raise Refusal(422, f"[-] ADetailer: ValidationError: {unknown[0]}: extra fields not permitted")
    return [defaults | one for one in passes if one.get("ad_model", "None") != "None"]


def _pass_params(passes: list[dict[str, Any]]) -> dict[str, Any]:
    names = {"ADetailer model": "ad_model", "ADetailer denoising strength": "ad_denoising_strength"}
    ordinals = ("", " 2nd", " 3rd", " 4th")
    return {f"{name}{ordinals[i]}": one[key] for i, one in enumerate(passes) for name, key in names.items()}
