"""Fixtures of the tests beside this file, which start other programs, or take long."""

from unit.apps.conftest import comfy, house, world
from unit.fleet.conftest import crew, hasty, office, town, worker_nats

__all__ = ["comfy", "crew", "hasty", "house", "office", "town", "worker_nats", "world"]
