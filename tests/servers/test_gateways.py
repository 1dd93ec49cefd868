"""Several gateways on one store: what one changes holds for all within two seconds."""

import asyncio
import json
from collections import Counter
from functools import partial
from typing import Any, cast

import pytest

from lectern.apps.access import keyring
from lectern.apps.access.gate import create_gate
from lectern.apps.access.keyring import KeyRing
from lectern.apps.access.keys import Wanted
from lectern.apps.callers import HOUSEHOLD, Scope
from lectern.apps.catalog import Catalog
from lectern.apps.comfy import ComfyClient
from lectern.apps.egress import Egress
from lectern.apps.errors import AppNotFound, Unauthorized, VersionNotFound
from lectern.apps.faces.backends import Backends
from lectern.apps.nodeclasses import NodeClasses
from lectern.apps.publishing import library
from lectern.apps.publishing.library import Library
from lectern.apps.running.timekeeper import Timekeeper
from lectern.apps.runs import NewRun, Run, RunStatus, Terms, Workflow
from lectern.apps.store.published import NewVersion
from lectern.apps.store.runs import Bounds
from lectern.apps.store.storage import Storage
from lectern.apps.webhooks.delivery import Webhooks, new_delivery
from lectern.settings import Settings
from unit.apps.access_house import here
from unit.apps.test_cli_server import Line
from unit.apps.test_webhooks import RHYTHM, Receiver

WANTED = Wanted("n8n", frozenset({Scope.RUN}))
NEW = NewVersion("mine", "Mine", "", None, {}, {"inputs": [], "outputs": [], "stale": []}, "picks", "", {}, None, 5)


@pytest.fixture
def url(postgres):
    return postgres.cleared()


@pytest.fixture
async def storages(tmp_path, url):
    made = [Storage(tmp_path, url) for _ in range(2)]
    yield made
    for one in made:
        await one.close()


async def soon(call, true):
    """What the call gives once it is so, at the latest after two seconds."""
    async with asyncio.timeout(2):
        while True:
            given = await call()
            if true(given):
                return given
            await asyncio.sleep(0)


async def refusal(ring, text):
    try:
        await ring.verify(text)
    except Unauthorized as error:
        return str(error)
    return ""


class TestKeys:
    @pytest.fixture
    def rings(self, storages, tmp_path):
        return [KeyRing(storage, tmp_path / f"{place}", here) for place, storage in enumerate(storages)]

    async def test_one_that_was_made_elsewhere_opens_at_once(self, rings, monkeypatch):
        first, second = rings
        old = await first.create(WANTED)
        assert await second.verify(old.text) == old.key
        monkeypatch.setattr(keyring, "MISSED_SECONDS", 0)  # it looks again at most so often
        new = await first.create(WANTED)
        assert await second.verify(new.text) == new.key

    async def test_one_that_was_revoked_elsewhere_opens_nothing_any_more(self, rings, monkeypatch):
        first, second = rings
        assert keyring.SHARED_SECONDS <= 1
        monkeypatch.setattr(keyring, "SHARED_SECONDS", 0.05)
        issued = await first.create(WANTED)
        assert await second.verify(issued.text)
        await first.revoke(issued.key.id)
        assert await refusal(first, issued.text)
        assert "revoked" in await soon(partial(refusal, second, issued.text), bool)
        assert await second.find(issued.key.id) is None

    async def test_wrong_ones_do_not_make_the_store_work(self, rings, storages, monkeypatch):
        first, _ = rings
        issued = await first.create(WANTED)
        await first.verify(issued.text)
        asked = []
        call = storages[0].call
        monkeypatch.setattr(storages[0], "call", lambda function: (asked.append(1), call(function))[1])
        wrong = f"lct_aaaaaaaa_{'x' * 43}"
        for _ in range(50):
            with pytest.raises(Unauthorized):
                await first.verify(wrong)
        assert len(asked) < 50


async def test_a_browser_that_signed_in_at_one_is_known_at_the_other(storages, tmp_path):
    gates = [create_gate(tmp_path / f"{place}", one, Settings, here) for place, one in enumerate(storages)]
    first, second = [await gate._ready_sessions() for gate in gates]
    assert second.read(first.open("abcdefgh", 5), 6) == "abcdefgh"
    assert not (tmp_path / "0").exists()
    for gate in gates:
        await gate.close()


class TestApps:
    @pytest.fixture
    async def libraries(self, storages, tmp_path):
        client = ComfyClient(lambda: "http://127.0.0.1:1", lambda: None)
        classes = NodeClasses(client)
        backends = Backends(Settings, classes)
        yield [Library(Catalog(tmp_path), storage, classes, backends) for storage in storages]
        await client.close()

    async def test_what_one_publishes_the_other_has(self, storages, libraries, monkeypatch):
        first, second = libraries
        assert library.SHARED_SECONDS <= 1
        monkeypatch.setattr(library, "SHARED_SECONDS", 0.05)
        monkeypatch.setattr(library, "MISSED_SECONDS", 0)
        assert await second.apps(HOUSEHOLD) == []
        await storages[0].call(lambda store: store.apps.publish(NEW))
        first.changed()
        assert (await first.app("mine", None, HOUSEHOLD)).version == 1
        app = await soon(partial(found, second, "mine"), bool)
        assert app.version == 1
        await storages[0].call(lambda store: store.apps.publish(NEW))
        assert (await second.app("mine", 2, HOUSEHOLD)).version == 2  # a version that it does not know, at once
        await storages[0].call(lambda store: store.apps.amend("mine", 9, title="Other"))
        await soon(lambda: second.app("mine", None, HOUSEHOLD), lambda app: app.title == "Other")
        await storages[0].call(lambda store: store.apps.delete("mine", 10))
        assert await soon(partial(found, second, "mine"), lambda app: app is None) is None


async def found(shelf, slug):
    try:
        return await shelf.app(slug, None, HOUSEHOLD)
    except (AppNotFound, VersionNotFound):
        return None


class TestWebhooks:
    @pytest.fixture
    async def receiver(self):
        made = Receiver()
        await made.start()
        yield made
        await made.server.close()

    @pytest.fixture
    async def offices(self, storages, tmp_path, receiver):
        settings, egress = Settings(apps=receiver.apps), Egress()
        made = [Webhooks(one, lambda: settings, tmp_path, egress, RHYTHM) for one in storages]
        yield made
        for one in made:
            await one.stop()
        await egress.close()

    async def test_two_that_see_the_same_send_it_once(self, storages, offices, receiver):
        for number in range(20):
            one = new_delivery(f"r{number}", "completed", receiver.url, {"n": number}, 5)
            await storages[0].call(lambda store, one=one: store.deliveries.add(one))
        for office in offices:
            office.wake()
        await receiver.wait_for(20)
        await soon(
            lambda: storages[0].call(lambda store: store.deliveries.next_ms(0)), lambda following: following is None
        )
        assert Counter(json.loads(body)["n"] for _, body in receiver.got) == dict.fromkeys(range(20), 1)

    async def test_they_sign_with_one_secret_which_the_command_line_shows(
        self, offices, url, monkeypatch, capsys, tmp_path
    ):
        first, second = [await office.secret() for office in offices]
        assert first == second and first.startswith("whsec_")
        monkeypatch.setenv("STORE", url)
        assert (await Line("", capsys)("webhook-secret", "--store-env", "STORE"))[0].strip() == first
        assert list(tmp_path.iterdir()) == []


async def test_the_command_line_works_beside_a_gateway_that_has_the_database_alone(url, tmp_path, monkeypatch, capsys):
    storage = Storage(tmp_path, url, alone=True)
    await storage.call(lambda store: None)
    monkeypatch.setenv("STORE", url)
    assert (await Line("", capsys)("keys", "create", "x", "--store-env", "STORE"))[0].startswith("lct_")
    assert (await Line("", capsys)("webhook-secret", "--store-env", "STORE"))[0].startswith("whsec_")
    await storage.close()


async def test_keys_from_the_command_line(storages, url, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(keyring, "SHARED_SECONDS", 0.05)
    ring = KeyRing(storages[0], tmp_path, here)
    line = Line("", capsys)
    monkeypatch.setenv("STORE", url)
    text, _ = await line("keys", "create", "rescue", "--scope", "admin", "--store-env", "STORE")
    key = await ring.verify(text.strip())
    (listed,) = await line.json("keys", "list", "--store-env", "STORE")
    assert (listed["id"], listed["name"]) == (key.id, "rescue")
    await line("keys", "revoke", key.id, "--store-env", "STORE")
    await soon(partial(refusal, ring, text.strip()), bool)
    _, said = await line("keys", "list", "--store-env", "NO_SUCH", code=2)
    assert "NO_SUCH of --store-env is not set" in said
    monkeypatch.setenv("STORE", "postgresql://me:s3cret@127.0.0.1:1/x")
    _, said = await line("keys", "list", "--store-env", "STORE", code=1)
    assert "127.0.0.1:1" in said and "s3cret" not in said


class Told:
    """What the timekeepers of all gateways tell and ask."""

    def __init__(self) -> None:
        self.runs: list[Run] = []
        self.canceled: list[str] = []
        self.empty: list[Run] = []

    def ended(self, run):
        self.runs.append(run)

    def expiry(self):
        return 1  # long ago

    def cancel(self, run_id, reason=None):
        self.canceled.append(run_id)

    async def forgotten(self, runs):
        self.empty += runs


async def test_deadlines_are_kept_once_by_whoever_is_there(storages):
    told = Told()
    keepers = [Timekeeper(storage, cast(Any, told), cast(Any, told), partial(asyncio.sleep, 0)) for storage in storages]
    workflow = Workflow({}, {}, {})
    for number in range(10):
        new = NewRun(f"r{number}", "tiny", 1, workflow, {}, {}, 1, Terms(deadline_ms=5))
        await storages[0].call(lambda store, new=new: store.runs.insert(new, Bounds(100)))
    for keeper in keepers:
        keeper.wake()
    await soon(lambda: asyncio.sleep(0, told.empty), lambda empty: len(empty) == 10)
    for keeper in keepers:
        await keeper.stop()
    ids = [f"r{number}" for number in range(10)]
    assert sorted(run.id for run in told.runs) == ids and {run.status for run in told.runs} == {RunStatus.CANCELED}
    assert sorted(told.canceled) == ids  # whoever finds one in a queue leaves it
