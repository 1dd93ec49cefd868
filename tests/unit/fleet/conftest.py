"""Fixtures of the tests beside this file."""

from unit.fleet.worker_fixtures import crew, hasty, office, worker_nats

__all__ = ["crew", "hasty", "office", "worker_nats"]
