"""Servers that speak a small part of the interface: stable-diffusion.cpp and koboldcpp."""

import re
from collections.abc import Collection

from ..draft import Draft
from ..errors import Unsuited
from ..lists import Named
from .base import Dialect, Payload, Route

LORA_TAG = re.compile(r"<lora:([^:<>]{1,300})(?::([-+]?[0-9.]{1,12}))?[^<>]{0,100}>")


def _with_lora_list(payload: Payload, _draft: Draft, loras: Collection[Named]) -> Payload:
    """stable-diffusion.cpp wants LoRAs as a list of files; it would read a tag as words of the prompt."""
    found = []
    for tag in LORA_TAG.finditer(payload.get("prompt", "")):
        known = next((one for one in loras if one.is_called(tag[1])), None)
        if known is None:
            raise Unsuited(f"The server has no LoRA {tag[1]!r}. {_choices(loras)}")
        path = known.others[-1] if known.others else known.name
        found.append({"path": path, "multiplier": _number(tag[2])})
    payload["prompt"] = " ".join(LORA_TAG.sub("", payload.get("prompt", "")).split(" ")).strip()
    if found:
        payload["lora"] = found
    return payload


def _number(text: str | None) -> float:
    try:
        return float(text or 1)
    except ValueError:
        return 1.0


def _choices(loras: Collection[Named]) -> str:
    names = ", ".join(one.name for one in list(loras)[:20])
    return f"It has: {names}." if names else "It has none."


def _sdcpp(payload: Payload, draft: Draft, loras: Collection[Named]) -> Payload:
    settings = payload.get("override_settings", {})
    if "CLIP_stop_at_last_layers" in settings:
        payload["clip_skip"] = settings["CLIP_stop_at_last_layers"]
    if "hr_second_pass_steps" in payload:
        payload["hr_steps"] = payload["hr_second_pass_steps"]
    return _with_lora_list(payload, draft, loras)


def _kobold(payload: Payload, _draft: Draft, _loras: Collection[Named]) -> Payload:
    settings = payload.get("override_settings", {})
    if "CLIP_stop_at_last_layers" in settings:
        payload["clip_skip"] = settings["CLIP_stop_at_last_layers"]
    return payload


_BOTH = {
    "prompt", "negative_prompt", "init_images", "denoising_strength", "cfg_scale", "steps", "width", "height", "seed",
    "sampler_name", "batch_size", "n_iter",
}  # fmt: skip

SDCPP = Dialect(
    name="sdcpp",
    label="stable-diffusion.cpp",
    routes=frozenset[Route](),
    translate=_sdcpp,
    reads=frozenset(
        _BOTH
        | {
            "scheduler", "enable_hr", "hr_upscaler", "hr_scale", "hr_resize_x", "hr_resize_y", "hr_second_pass_steps",
            "mask", "inpainting_mask_invert",
        }
    ),
    iterations=False,
    composites=False,
    lora_tags=False,
    lora_list=True,
    extensions=False,
)  # fmt: skip

KOBOLDCPP = Dialect(
    name="koboldcpp",
    label="koboldcpp",
    routes=frozenset[Route](),
    translate=_kobold,
    reads=frozenset(_BOTH),
    most_images=1,
    iterations=False,
    composites=False,
    lora_tags=False,
    extensions=False,
)
