"""Fixtures of the tests beside this file."""

import pytest

from unit.fleet.gateway_house import Town
from unit.fleet.nats import NatsServer
from unit.fleet.worker_fixtures import crew, hasty, office, worker_nats

__all__ = ["crew", "hasty", "office", "worker_nats"]


@pytest.fixture
async def town(tmp_path):
    server = NatsServer(tmp_path)
    await server.start()
    made = Town(tmp_path, server)
    yield made
    try:
        await made.stop()
    finally:
        await made.nats.stop()
