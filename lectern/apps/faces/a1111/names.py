"""Samplers and schedulers: ComfyUI's names and the ones that AUTOMATIC1111's users know.

Names that are in no table stay as they are, such as those of servers behind a door.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from ...nodeinfo import Scalar

AUTOMATIC = "Automatic"

SAMPLERS: Mapping[str, str] = {
    "euler": "Euler",
    "euler_ancestral": "Euler a",
    "heun": "Heun",
    "dpm_2": "DPM2",
    "dpm_2_ancestral": "DPM2 a",
    "lms": "LMS",
    "dpm_fast": "DPM fast",
    "dpm_adaptive": "DPM adaptive",
    "dpmpp_2s_ancestral": "DPM++ 2S a",
    "dpmpp_sde": "DPM++ SDE",
    "dpmpp_2m": "DPM++ 2M",
    "dpmpp_2m_sde": "DPM++ 2M SDE",
    "dpmpp_2m_sde_heun": "DPM++ 2M SDE Heun",
    "dpmpp_3m_sde": "DPM++ 3M SDE",
    "ddim": "DDIM",
    "ddpm": "DDPM",
    "lcm": "LCM",
    "uni_pc": "UniPC",
}
SCHEDULERS: Mapping[str, str] = {
    "normal": "Normal",
    "karras": "Karras",
    "exponential": "Exponential",
    "sgm_uniform": "SGM Uniform",
    "simple": "Simple",
    "ddim_uniform": "DDIM",
    "beta": "Beta",
    "kl_optimal": "KL Optimal",
    "linear_quadratic": "Linear Quadratic",
}


def told(name: Scalar, table: Mapping[str, str]) -> str:
    """The name that A1111 gives it."""
    return table.get(str(name), str(name))


def chosen(wanted: str, choices: Iterable[Scalar], table: Mapping[str, str]) -> Scalar | None:
    """The choice that is called so in either world; None when there is none, or it is left to the app."""
    plain = _plain(wanted)
    if not plain or plain == _plain(AUTOMATIC):
        return None
    return next((one for one in choices if plain in (_plain(str(one)), _plain(told(one, table)))), None)


def parted(sampler: str, scheduler: str) -> tuple[str, str]:
    """Before 1.9 the scheduler was the end of the sampler's name: "DPM++ 2M Karras"."""
    if scheduler:
        return sampler, scheduler
    for label in SCHEDULERS.values():
        if sampler.casefold().endswith(f" {label.casefold()}"):
            return sampler[: -len(label) - 1], label
    return sampler, ""


def sampler_row(name: Scalar) -> dict[str, Any]:
    label = told(name, SAMPLERS)
    return {"name": label, "aliases": [str(name)] if label != name else [], "options": {}}


def scheduler_row(name: Scalar) -> dict[str, Any]:
    row = {"name": str(name), "label": told(name, SCHEDULERS), "aliases": None}
    return row | {"default_rho": -1.0, "need_inner_model": False}


AUTOMATIC_SCHEDULER = scheduler_row("automatic") | {"label": AUTOMATIC}


def _plain(name: str) -> str:
    return re.sub(r"[\s_]+", "", name).casefold()
