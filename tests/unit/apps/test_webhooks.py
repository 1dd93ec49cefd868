"""Webhooks: signed as receivers expect, sent until they are taken, and never lost by a restart."""

import asyncio
import json
import stat
import time

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from lectern.apps.egress import Egress
from lectern.apps.errors import AddressRefused
from lectern.apps.store.deliveries import insert_delivery
from lectern.apps.store.storage import Storage
from lectern.apps.webhooks.delivery import KEPT_MS, Rhythm, Webhooks, choose, new_delivery
from lectern.apps.webhooks.records import Due
from lectern.apps.webhooks.signing import key_of, read_secret, sign
from lectern.errors import SettingsError
from lectern.settings import Apps, Settings

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"  # of the specification's own examples
RHYTHM = Rhythm(retries=(0.02, 0.02, 0.02), failure=0.02)


class Receiver:
    """Somebody's server; what it answers is a list of statuses, the last one for ever."""

    def __init__(self):
        self.answers = [200]
        self.got = []
        self.news = asyncio.Condition()
        self.hold: asyncio.Event | None = None

    async def start(self):
        app = web.Application()
        app.router.add_post("/{name}", self._take)
        self.server = TestServer(app)
        await self.server.start_server()
        self.url = f"http://127.0.0.1:{self.server.port}/hook"
        self.apps = Apps(webhook_hosts=[f"127.0.0.1:{self.server.port}"], private_hosts=["127.0.0.1"])

    async def _take(self, request):
        body = await request.read()
        async with self.news:
            self.got.append((dict(request.headers), body))
            self.news.notify_all()
        if self.hold is not None:
            await self.hold.wait()
        return web.Response(status=self.answers.pop(0) if len(self.answers) > 1 else self.answers[0], body=b"x" * 9999)

    async def wait_for(self, count):
        async with asyncio.timeout(5), self.news:
            await self.news.wait_for(lambda: len(self.got) >= count)
        return [json.loads(body) for _, body in self.got]


@pytest.fixture
async def receiver():
    made = Receiver()
    await made.start()
    yield made
    await made.server.close()


class Office:
    """The sending side of one process after another, over one folder."""

    def __init__(self, folder, receiver):
        self.folder = folder
        self.settings = Settings(apps=receiver.apps)
        self.receiver = receiver
        self.late = 0  # milliseconds by which its clock is ahead
        self.rhythm = RHYTHM
        self.open()

    def open(self):
        self.storage = Storage(self.folder)
        self.egress = Egress()
        self.webhooks = Webhooks(
            self.storage, self.read, self.folder, self.egress, self.rhythm, lambda: time.time_ns() // 10**6 + self.late
        )

    def read(self):
        if isinstance(self.settings, SettingsError):
            raise self.settings
        return self.settings

    async def close(self):
        await self.webhooks.stop()
        await self.egress.close()
        await self.storage.close()

    async def restart(self):
        await self.close()
        self.open()

    async def send(self, run="r1", event="completed", **payload):
        await self.webhooks.enqueue(run, event, self.receiver.url, payload)

    async def history(self, run="r1"):
        return await self.storage.call(lambda store: store.deliveries.of_run(run))

    async def ended(self, run="r1", count=1):
        """The deliveries of a run once so many of them have ended."""
        return await self.once(run, lambda rows: sum(state != "waiting" for _, state, _, _ in rows) >= count)

    async def once(self, run, true):
        async with asyncio.timeout(5):
            while not true(rows := await self.history(run)):
                pass
            return rows


@pytest.fixture
async def office(tmp_path, receiver):
    made = Office(tmp_path, receiver)
    yield made
    await made.close()


def test_a_signature_is_the_one_of_the_specification():
    headers = sign(key_of(SECRET), "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}')
    assert headers == {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }


async def test_a_receiver_verifies_what_it_gets(office, receiver):
    await office.send(status="failed", text="é")
    assert await receiver.wait_for(1) == [{"status": "failed", "text": "é"}]
    headers, body = receiver.got[0]
    secret = (office.folder / "webhook_secret").read_text().strip()
    assert Webhook(secret).verify(body, headers) == {"status": "failed", "text": "é"}
    with pytest.raises(WebhookVerificationError):
        Webhook(secret).verify(body + b" ", headers)
    assert headers["Content-Type"] == "application/json"
    assert await office.ended() == [("completed", "delivered", 1, 200)]


async def test_the_secret_is_made_once_and_only_its_owner_reads_it(office, receiver):
    secret = await office.webhooks.secret()
    assert await office.webhooks.secret() == secret and len(key_of(secret)) == 32
    assert stat.S_IMODE((office.folder / "webhook_secret").stat().st_mode) == 0o600
    await office.restart()
    assert await office.webhooks.secret() == secret


@pytest.mark.parametrize("text", [SECRET, SECRET.removeprefix("whsec_")])
def test_a_secret_of_the_settings(tmp_path, monkeypatch, text):
    monkeypatch.setenv("HOOK", text)
    assert read_secret(Apps(webhook_secret_env="HOOK"), tmp_path) == SECRET
    (tmp_path / "s").write_text(text + "\nmore")
    assert read_secret(Apps(webhook_secret_file=tmp_path / "s"), tmp_path) == SECRET
    assert not (tmp_path / "webhook_secret").exists()


@pytest.mark.parametrize("text", ["", "whsec_", "whsec_!!", "hunter2", "whsec_hunter2=", "whsec_c2hvcnQ="])
def test_a_secret_that_is_none_is_told_but_not_repeated(text):
    with pytest.raises(SettingsError, match="24 to 64 bytes") as error:
        key_of(text)
    assert "hunter2" not in str(error.value)


@pytest.mark.parametrize(
    ("answers", "attempts", "end"),
    [
        ([204], 1, ("delivered", 204)),
        ([500, 302, 429, 200], 4, ("delivered", 200)),
        ([500], 4, ("failed", 500)),
        ([410], 1, ("failed", 410)),
        ([500, 410], 2, ("failed", 410)),
    ],
)
async def test_what_is_not_taken_is_sent_again_for_a_while(office, receiver, answers, attempts, end):
    receiver.answers = answers
    await office.send()
    (row,) = await office.ended()
    assert row == ("completed", end[0], attempts, end[1])
    assert len({headers["webhook-id"] for headers, _ in receiver.got}) == 1
    assert len(receiver.got) == attempts


async def test_nobody_there_counts_as_not_taken(office, receiver):
    await receiver.server.close()
    await office.send()
    assert await office.ended() == [("completed", "failed", 4, None)]


async def test_an_address_that_is_not_allowed_any_more_gets_nothing(office, receiver):
    office.settings = Settings()
    await office.send()
    assert await office.ended() == [("completed", "failed", 4, None)]
    assert receiver.got == []


async def test_what_a_receiver_that_is_gone_would_still_get_is_given_up(office, receiver):
    receiver.answers = [410]
    for run in ("r1", "r2"):
        new = new_delivery(run, "completed", receiver.url, {}, 0)
        await office.storage.call(lambda store, new=new: store.deliveries.add(new._replace(created_ms=2**50)))
    await office.send("r3")
    await office.ended("r3")
    async with asyncio.timeout(5):
        await office.ended("r1")
        await office.ended("r2")
    assert len(receiver.got) == 1


def test_the_pauses_grow_to_hours_and_are_spread():
    assert Rhythm().retries == (5, 30, 120, 600, 3600, 18_000, 43_200)
    webhooks = Webhooks(None, Settings, None, None)  # type: ignore[arg-type]
    pauses = [webhooks._pause_ms(1) for _ in range(50)]
    assert all(27_000 <= pause <= 33_000 for pause in pauses) and len(set(pauses)) > 1


async def test_a_restart_loses_nothing(office, receiver):
    receiver.answers = [500]
    office.rhythm = Rhythm(retries=(3600,))
    await office.restart()
    await office.send(n=1)
    await receiver.wait_for(1)
    await office.once("r1", lambda rows: rows[0][2] == 1)
    await office.restart()
    receiver.answers = [200]
    office.webhooks.wake()
    office.late = 4_000_000  # more than an hour later
    office.webhooks.wake()
    assert await receiver.wait_for(2) == [{"n": 1}] * 2
    assert await office.ended() == [("completed", "delivered", 2, 200)]


async def test_a_delivery_that_a_crash_broke_off_is_sent_again_with_its_id(office, receiver):
    receiver.hold = asyncio.Event()
    await office.send()
    await receiver.wait_for(1)
    await office.restart()  # while the receiver has not answered
    receiver.hold.set()
    office.webhooks.wake()
    await receiver.wait_for(2)
    assert len({headers["webhook-id"] for headers, _ in receiver.got}) == 1
    assert await office.ended() == [("completed", "delivered", 1, 200)]


async def test_an_event_is_stored_in_the_transaction_of_its_change_or_not_at_all(office, receiver):
    def change(store):
        with store.runs._engine.begin() as connection:
            insert_delivery(connection, new_delivery("r1", "completed", receiver.url, {"n": 1}, 1))
            raise KeyError("the change fails")

    with pytest.raises(KeyError):
        await office.storage.call(change)
    assert await office.history() == []


async def test_events_of_a_run_come_in_order(office, receiver):
    for number, event in enumerate(["start", "output", "output", "completed"]):
        await office.send(event=event, n=number)
    assert [body["n"] for body in await receiver.wait_for(4)] == [0, 1, 2, 3]


async def test_progress_that_nobody_needs_any_more_is_left_out(office, receiver):
    receiver.hold = asyncio.Event()
    await office.send(event="start", n=0)
    await receiver.wait_for(1)
    for number in (1, 2, 3):
        await office.send(event="progress", n=number)
    await office.send("r2", "progress", n=9)
    await office.send(event="completed", n=4)
    receiver.hold.set()
    await office.ended(count=2)
    await office.ended("r2")
    assert sorted(body["n"] for body in await receiver.wait_for(3)) == [0, 4, 9]


def test_only_a_few_are_sent_at_once():
    due = [Due(f"d{n}", f"r{n}", f"https://h{n // 4}.example.com/") for n in range(40)]
    chosen = choose(due, [])
    assert [one.id for one in chosen] == ["d0", "d1", "d4", "d5", "d8", "d9", "d12", "d13"]
    assert choose(due, chosen) == []
    assert choose([Due("x", "r0", "https://other.example.com/")], chosen[:1]) == []  # its run is being told of


async def test_many_are_all_delivered(office, receiver):
    for number in range(60):
        await office.send(f"r{number}", n=number)
    assert {body["n"] for body in await receiver.wait_for(60)} == set(range(60))
    for number in range(60):
        assert await office.ended(f"r{number}") == [("completed", "delivered", 1, 200)]


async def test_while_the_settings_are_wrong_deliveries_wait(office, receiver):
    right, office.settings = office.settings, SettingsError("lectern.toml has a mistake.")
    await office.send()
    office.settings = right
    await receiver.wait_for(1)
    assert await office.ended() == [("completed", "delivered", 1, 200)]


def test_addresses_are_checked_before_anything_is_queued(tmp_path):
    webhooks = Webhooks(None, lambda: Settings(apps=Apps(webhook_hosts=["hooks.example.com"])), tmp_path, None)  # type: ignore[arg-type]
    webhooks.check("https://hooks.example.com/x")
    for url in ("https://example.com/", "http://127.0.0.1/", "hooks.example.com", "https://a:b@hooks.example.com/"):
        with pytest.raises(AddressRefused):
            webhooks.check(url)


async def test_deliveries_that_ended_long_ago_are_forgotten(office, receiver):
    await office.send()
    await office.ended()
    assert await office.webhooks.sweep() == 0
    office.late = KEPT_MS + 60_000
    assert await office.webhooks.sweep() == 1
    assert await office.history() == []
