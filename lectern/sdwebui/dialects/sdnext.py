"""SD.Next."""

from collections.abc import Collection

from ..draft import Draft, Mode
from ..lists import Named
from .a1111 import FORGE_ONLY
from .base import Dialect, Payload, Route


def _translate(payload: Payload, draft: Draft, _loras: Collection[Named]) -> Payload:
    settings = dict(payload.pop("override_settings", {}))
    if "CLIP_stop_at_last_layers" in settings:
        payload["clip_skip"] = settings.pop("CLIP_stop_at_last_layers")
    if draft.vae:
        settings["sd_vae"] = draft.vae
    if "refiner_checkpoint" in payload:
        settings["sd_model_refiner"] = payload.pop("refiner_checkpoint")
        payload["hr_refiner_start"] = payload.pop("refiner_switch_at", 0.8)
    if payload.get("enable_hr") and draft.mode is Mode.TXT2IMG and "denoising_strength" in payload:
        payload["hr_denoising_strength"] = payload.pop("denoising_strength")
    return payload | ({"override_settings": settings} if settings else {})


SDNEXT = Dialect(
    name="sdnext",
    label="SD.Next",
    routes=frozenset(Route) - {Route.TASKS, Route.CONTROLNET},
    translate=_translate,
    ignores=FORGE_ONLY
    | {
        "scheduler", "hr_scheduler", "hr_cfg", "hr_checkpoint_name", "restore_faces", "infotext", "force_task_id",
        "firstpass_image", "comments", "s_churn", "s_tmax", "s_tmin", "s_noise",
    },
    extensions=False,  # it has its own instead, which are asked for in other words
    interrogators=("clip", "deepdanbooru"),
)  # fmt: skip
