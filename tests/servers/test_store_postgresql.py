"""Everything that the store promises, on PostgreSQL."""

import pytest

from lectern.apps.store.server import open_server
from unit.apps.test_store import *  # noqa: F403 - its tests, with the fixture below in the place of their own


@pytest.fixture
def engine(postgres):
    opened = open_server(postgres.cleared())
    yield opened
    opened.dispose()
