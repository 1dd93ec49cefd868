"""Stable Diffusion WebUI Forge."""

from collections.abc import Collection

from ..draft import Draft
from ..lists import Named
from .base import Dialect, Payload, Route


def _translate(payload: Payload, draft: Draft, _loras: Collection[Named]) -> Payload:
    if payload.get("enable_hr"):
        # Without it Forge fails with a TypeError; an empty list takes the second pass the modules of the first.
        payload.setdefault("hr_additional_modules", ["Use same choices"])
    modules = [*([draft.vae] if draft.vae else []), *draft.modules]  # sd_vae does nothing in Forge
    if modules:
        settings = payload.get("override_settings", {})
        payload["override_settings"] = {**settings, "forge_additional_modules": modules}
    return payload


FORGE = Dialect(
    name="forge",
    label="Forge",
    routes=frozenset(Route),
    translate=_translate,
    interrogators=("clip", "deepdanbooru"),
)
