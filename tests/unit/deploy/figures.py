"""The figures that dashboard and alerts may ask for: those in the code, and those agreed on with the fleet."""

import json
from typing import Any

import yaml

from unit.deploy.sources import DEPLOY, counted

# What the fleet's part counts, with its labels. The code is held to it as soon as it has the name.
FLEET: dict[str, set[str]] = {
    "lectern_fleet_queue_depth": {"priority"},
    "lectern_fleet_oldest_seconds": set(),
    "lectern_fleet_workers": {"state"},
    "lectern_fleet_dead_letters": set(),
    "lectern_fleet_redeliveries": set(),
    "lectern_fleet_nats_connected": set(),
    "lectern_worker_busy": set(),
    "lectern_worker_runs": {"status"},
    "lectern_worker_comfyui_up": set(),
    "lectern_worker_vram_free_bytes": {"device"},
    "lectern_worker_draining": set(),
}
DASHBOARD = json.loads((DEPLOY / "grafana/lectern.json").read_text())
RULES = yaml.safe_load((DEPLOY / "prometheus/rules.yaml").read_text())


def alerts() -> list[dict[str, Any]]:
    return [rule for group in RULES["groups"] for rule in group["rules"]]


def known() -> set[str]:
    return set(counted()) | set(FLEET)
