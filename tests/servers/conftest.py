"""Fixtures of the tests beside this file, which start nats-server, PostgreSQL, or processes that they kill."""

from unit.apps.conftest import comfy
from unit.fleet.conftest import crew, hasty, office, town, worker_nats

__all__ = ["comfy", "crew", "hasty", "office", "town", "worker_nats"]
