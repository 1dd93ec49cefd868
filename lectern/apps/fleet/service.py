"""The app service of a fleet: the same as beside one ComfyUI, on another engine."""

import logging
import os
import platform
import re
import uuid
from collections.abc import Callable
from pathlib import Path

from ...settings import Settings
from ..backend import EngineMaker, Parts, Source
from ..catalog import Catalog
from ..service import AppService
from ..store.storage import Storage
from . import topology
from .adverts import Adverts
from .credentials import access
from .engine import FleetEngine
from .link import Link
from .roster import FleetSource, Roster
from .shelves import Documents, Shelf

CACHE = "fleet-outputs"  # folder below Lectern's own


def create_fleet_service(
    *,
    workflows: Path,
    private: Path,
    settings: Callable[[], Settings],
    storage: Storage,
    beside: Source | None = None,
    name: str = "",
) -> AppService:
    """Puts the parts together; connects to nothing before the service is asked for something.

    Args:
        workflows: folder of app workflows, see catalog.py.
        private: Lectern's folder.
        settings: may raise SettingsError.
        beside: the ComfyUI that this process belongs to, for its saved workflows; None at a gateway.
        name: among the gateways; made up when empty.
    """
    logging.getLogger("nats").setLevel(logging.CRITICAL)  # it tells of every lost connection; `Link` does so once
    link = Link(lambda: access(settings().fleet), name or gateway_name(), settings().fleet.replicas)
    adverts = Adverts(link)
    documents = Documents(link)
    roster = Roster(link, adverts, documents)

    def engine(parts: Parts) -> FleetEngine:
        return FleetEngine(link, parts.storage, roster, adverts, documents, private / CACHE, parts.reports)

    made: EngineMaker = engine
    source = FleetSource(roster, beside)
    return AppService(Catalog(workflows), storage, source, settings, private, made, Shelf(link, topology.INPUTS))


def gateway_name() -> str:
    """Unlike all others, and fit for a key of NATS."""
    host = re.sub(r"[^A-Za-z0-9-]+", "-", platform.node())[:40]
    return f"{host}-{os.getpid()}-{uuid.uuid4().hex[:6]}"
