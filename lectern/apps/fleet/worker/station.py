"""What a worker knows of its ComfyUI: whether it answers, what nodes and models it has, how much memory is free."""

import asyncio
import hashlib
import json
import logging
import time
from collections.abc import Mapping
from typing import Any

from ...comfy import ComfyClient, Unreachable
from ...nodeinfo import ObjectInfo
from ..messages import Device
from .supply import Nodes

logger = logging.getLogger(__name__)

NODES_SECONDS = 30.0  # between two looks at what ComfyUI has, which keep it busy for a moment
BUSY_NODES_SECONDS = 300.0  # while it executes runs
LOOK_SECONDS = 4.0  # that an answer may take


class Station:
    """Lives on one event loop."""

    def __init__(self, client: ComfyClient) -> None:
        self._client = client
        self.up = False
        self.since = time.monotonic()  # that `up` is what it is
        self.version = ""
        self.devices: tuple[Device, ...] = ()
        self.ram_free = 0  # bytes
        self.nodes = Nodes("", {})
        self._looked = float("-inf")  # time.monotonic() of the last look at the nodes

    @property
    def away(self) -> float:
        """Seconds that ComfyUI has not answered; 0 when it does."""
        return 0.0 if self.up else time.monotonic() - self.since

    async def look(self, busy: bool = False) -> bool:
        """Whether its nodes were looked at. `busy`: it has a run."""
        try:
            async with asyncio.timeout(LOOK_SECONDS):
                self._read(await self._client.system_stats())
                looked = await self._look_at_nodes(BUSY_NODES_SECONDS if busy else NODES_SECONDS)
        except (Unreachable, TimeoutError) as error:
            self._turn(False)
            logger.debug("ComfyUI is away: %s", error)
            return False
        self._turn(bool(self.nodes.object_info))
        return looked

    def _turn(self, up: bool) -> None:
        if up is not self.up:
            self.up, self.since = up, time.monotonic()
            self._looked = self._looked if up else float("-inf")
            logger.log(*((logging.INFO, "ComfyUI answers.") if up else (logging.WARNING, "ComfyUI does not answer.")))

    def _read(self, stats: Mapping[str, Any]) -> None:
        system = stats.get("system")
        system = system if isinstance(system, dict) else {}
        self.version = str(system.get("comfyui_version") or "unknown")
        self.ram_free = _bytes(system.get("ram_free"))
        devices = stats.get("devices")
        self.devices = tuple(
            Device(str(device.get("name")), _bytes(device.get("vram_total")), _bytes(device.get("vram_free")))
            for device in (devices if isinstance(devices, list) else ())
            if isinstance(device, dict)
        )

    async def _look_at_nodes(self, pause: float) -> bool:
        now = time.monotonic()
        if now - self._looked < pause:
            return False
        object_info = await self._client.all_object_info()
        digest = await asyncio.to_thread(_digest, object_info)
        self._looked = now
        if digest != self.nodes.digest:
            self.nodes = Nodes(digest, object_info)
        return True


def _digest(object_info: ObjectInfo) -> str:
    content = json.dumps(object_info, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(content.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def _bytes(value: object) -> int:
    return int(value) if isinstance(value, (int, float)) and 0 <= value < 1e18 else 0
