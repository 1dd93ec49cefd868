"""The lists and facts of a server, in A1111's shapes; empty where apps have nothing of the kind."""

from collections.abc import Iterable
from typing import Any

from ..roles import Role
from .filling import AppSide
from .names import AUTOMATIC, AUTOMATIC_SCHEDULER, sampler_row, scheduler_row

EMPTY_LISTS = (
    "sd-vae",
    "upscalers",
    "latent-upscale-modes",
    "loras",
    "hypernetworks",
    "face-restorers",
    "realesrgan-models",
    "prompt-styles",
    "script-info",
    "extensions",
)
FACTS: dict[str, Any] = {
    "embeddings": {"loaded": {}, "skipped": {}},
    "scripts": {"txt2img": [], "img2img": []},
    "cmd-flags": {"api": True, "nowebui": True, "listen": False, "lowvram": False, "medvram": False, "no_half": False},
    "memory": {  # as the originals say it where they cannot tell
        "ram": {"error": "ComfyUI's /system_stats tells it"},
        "cuda": {"error": "ComfyUI's /system_stats tells it"},
    },
}
# What these do to checkpoints in memory is ComfyUI's own business.
NOTHING_TO_DO = (
    "refresh-checkpoints",
    "refresh-vae",
    "refresh-loras",
    "refresh-embeddings",
    "unload-checkpoint",
    "reload-checkpoint",
)


def checkpoint_rows(names: Iterable[str]) -> list[dict[str, Any]]:
    nothing = {"hash": None, "sha256": None, "config": None}
    return [{"title": name, "model_name": name, "filename": name, **nothing} for name in names]


def sampler_rows(app: AppSide | None) -> list[dict[str, Any]]:
    """Never empty: clients take the first for what a server is sure to have."""
    item = None if app is None else app.item(Role.SAMPLER)
    return [sampler_row(name) for name in (item.choices if item else None) or (AUTOMATIC,)]


def scheduler_rows(app: AppSide | None) -> list[dict[str, Any]]:
    item = None if app is None else app.item(Role.SCHEDULER)
    return [AUTOMATIC_SCHEDULER, *(scheduler_row(name) for name in (item.choices if item else None) or ())]
