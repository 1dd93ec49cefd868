"""AUTOMATIC1111 and its nearest relatives: the interface that the others imitate."""

from collections.abc import Collection
from dataclasses import replace

from ..draft import Draft
from ..lists import Named
from .base import Dialect, Payload, Route

FORGE_ONLY = frozenset({"distilled_cfg_scale", "hr_distilled_cfg", "hr_additional_modules"})


def vae_by_setting(payload: Payload, draft: Draft, _loras: Collection[Named]) -> Payload:
    if draft.vae:
        payload["override_settings"] = {**payload.get("override_settings", {}), "sd_vae": draft.vae}
    return payload


def _joined_scheduler(payload: Payload, draft: Draft, loras: Collection[Named]) -> Payload:
    """Before 1.9 the scheduler was a part of the sampler's name: "DPM++ 2M Karras"."""
    for sampler, scheduler in (("sampler_name", "scheduler"), ("hr_sampler_name", "hr_scheduler")):
        kind = payload.pop(scheduler, "Automatic")
        name = payload.get(sampler)
        if name and kind.casefold() not in ("automatic", "") and not name.endswith(f" {kind}"):
            payload[sampler] = f"{name} {kind}"
    return vae_by_setting(payload, draft, loras)


A1111 = Dialect(
    name="a1111",
    label="AUTOMATIC1111",
    routes=frozenset(Route),
    translate=vae_by_setting,
    ignores=FORGE_ONLY | {"hr_cfg"},
    interrogators=("clip", "deepdanbooru"),
)

A1111_OLD = replace(A1111, name="a1111-1.8", label="AUTOMATIC1111 up to 1.8", translate=_joined_scheduler)

REFORGE = replace(A1111, name="reforge", label="reForge", ignores=FORGE_ONLY)
