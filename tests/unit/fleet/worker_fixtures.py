"""A nats-server for all tests of workers in this process; offices and crews on it."""

import asyncio

import pytest

from lectern.apps.fleet import deliveries, topology
from lectern.apps.fleet.worker import ledger, process, supply
from unit.fleet.nats import NatsServer
from unit.fleet.worker_house import Crew, opened


@pytest.fixture(scope="session")
def worker_nats(tmp_path_factory):
    server = NatsServer(tmp_path_factory.mktemp("nats"))
    asyncio.run(server.start())
    yield server
    asyncio.run(server.stop())


@pytest.fixture
def hasty(monkeypatch):
    """Death is noticed soon, and what comes back to the queue is found soon."""
    monkeypatch.setattr(topology, "ACK_SECONDS", 0.5)
    monkeypatch.setattr(topology, "HEARTBEAT_SECONDS", 0.1)
    monkeypatch.setattr(topology, "ADVERT_SECONDS", 0.1)
    monkeypatch.setattr(deliveries, "REQUEST_SECONDS", 0.3)
    monkeypatch.setattr(supply, "EMPTY_SECONDS", 0.05)
    monkeypatch.setattr(supply, "MEND_SECONDS", 0.1)
    monkeypatch.setattr(supply, "FRESH_SECONDS", 0.05)
    monkeypatch.setattr(process, "WAKE_SECONDS", 0.05)
    monkeypatch.setattr(ledger, "RELEASED_SECONDS", 0.05)


@pytest.fixture
async def office(worker_nats):
    async with opened(worker_nats) as made:
        yield made


@pytest.fixture
async def crew(tmp_path, worker_nats, office):
    made = Crew(tmp_path, worker_nats, office)
    yield made
    await made.stop()
