"""AUTOMATIC1111 1.8: no schedulers, sampler names that carry them, and a 404 for a name it does not know."""

from typing import Any

from support.webui.dialects.a1111 import A1111, FORGE_FIELDS
from support.webui.errors import Refusal
from support.webui.state import State

KARRAS = ("DPM++ 2M", "DPM++ SDE", "DPM++ 2M SDE", "DPM2", "DPM2 a", "LMS", "DPM++ 2S a", "DPM++ 3M SDE")
EXPONENTIAL = ("DPM++ 2M SDE", "DPM++ 3M SDE")
FORGE_SAMPLERS = ("HeunPP2", "IPNDM", "IPNDM_V", "DEIS", "DDPM", "DDIM CFG++")


class A1111V18(A1111):
    name = "a1111-1.8"
    version = "v1.8.0"
    routes = A1111.routes - {"GET schedulers"}
    absent_fields = FORGE_FIELDS | {"hr_cfg", "scheduler", "hr_scheduler"}

    def lists(self) -> dict[str, Any]:
        lists = super().lists()
        del lists["schedulers"]
        plain = [row for row in lists["samplers"] if row["name"] not in FORGE_SAMPLERS]
        karras = [_scheduled(row, "Karras", "_ka") for row in plain if row["name"] in KARRAS]
        exponential = [_scheduled(row, "Exponential", "_exp") for row in plain if row["name"] in EXPONENTIAL]
        lists["samplers"] = [*karras, *exponential, *plain]
        return lists

    def names(self, state: State, body: dict[str, Any]) -> tuple[str, str | None]:
        name = body["sampler_name"] or body["sampler_index"]
        if name not in [row["name"] for row in state.lists["samplers"]]:
            raise Refusal(404, "Sampler not found")
        return name, None


def _scheduled(row: dict[str, Any], label: str, suffix: str) -> dict[str, Any]:
    aliases = [f"{alias}{suffix}" for alias in row["aliases"]]
    return {"name": f"{row['name']} {label}", "aliases": aliases, "options": {"scheduler": label.lower()}}
