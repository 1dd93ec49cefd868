import os
from collections.abc import Iterator

import pytest
from hypothesis import settings

from support.client import Comfy
from support.postgres import Postgres, running
from tools.server import ComfyServer

# A busy machine must not fail a property: pytest-timeout is the only clock. LECTERN_PROPERTY_EXAMPLES asks for more.
EXAMPLES = int(os.environ.get("LECTERN_PROPERTY_EXAMPLES", "30"))
settings.register_profile("lectern", deadline=None, max_examples=EXAMPLES)
settings.load_profile("lectern")


@pytest.fixture(scope="session")
def server() -> Iterator[ComfyServer]:
    """One real ComfyUI with the pack for the whole session, on scratch folders."""
    with ComfyServer() as server:
        yield server


@pytest.fixture(scope="session")
def comfy(server: ComfyServer) -> Comfy:
    return Comfy(server.url)


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """One PostgreSQL server for the whole session."""
    with running() as server:
        yield server
