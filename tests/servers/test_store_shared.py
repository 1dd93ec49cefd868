"""A store on PostgreSQL that several processes share: gateways of a fleet, each with a Storage of its own."""

import asyncio
import os
import signal
from dataclasses import replace
from pathlib import Path

import pytest

from lectern.apps.errors import BadRequest, NewerStore, NotReady
from lectern.apps.files.records import StoredFile
from lectern.apps.runs import NewRun, Result, RunStatus, Terms, Workflow
from lectern.apps.store import places, server
from lectern.apps.store.idempotency import Repeatable
from lectern.apps.store.listed import Listed
from lectern.apps.store.published import NewVersion
from lectern.apps.store.runs import Bounds, Full
from lectern.apps.store.storage import Storage
from lectern.apps.webhooks.delivery import new_delivery

WORKFLOW = Workflow({"3": {"class_type": "SaveImage", "inputs": {}}}, {}, {"3": "picture"})
NOWHERE = Path("/nowhere")


def new(run_id: str, **terms) -> NewRun:
    return NewRun(run_id, "tiny", 1, WORKFLOW, {"text": "é\0\ud800"}, {}, 1000, Terms(**terms))


MANY = Bounds(1000)


def put(run_id: str, bounds: Bounds = MANY, repeatable: Repeatable | None = None, **terms):
    return lambda store: store.runs.insert(new(run_id, **terms), bounds, repeatable)


@pytest.fixture
def url(postgres):
    return postgres.cleared()


@pytest.fixture
async def gateways(url):
    made = [Storage(NOWHERE, url) for _ in range(3)]
    yield made
    for one in made:
        await one.close()


async def test_what_one_stores_the_others_see(gateways):
    first, second, _ = gateways
    assert second.exists and second.shared
    await first.call(put("a"))
    await first.durable()
    run = await second.call(lambda store: store.runs.get("a"))
    assert run.input == {"text": "é\0\ud800"}


async def test_bounds_hold_for_all_of_them_together(gateways):
    """Each of them counts and then adds, all at once."""
    answers = await asyncio.gather(
        *(one.call(put(f"{place}{number}", Bounds(1000, None, 7), owner="k1"))
          for number in range(10) for place, one in enumerate(gateways))
    )  # fmt: skip
    assert sum(isinstance(answer, Full) for answer in answers) == 23


async def test_a_repeated_request_queues_one_run_wherever_it_goes(gateways):
    same = Repeatable("k1", "key", "digest")
    placed = await asyncio.gather(
        *(
            one.call(put(f"{place}{number}", repeatable=same))
            for number in range(3)
            for place, one in enumerate(gateways)
        )
    )
    assert len({one.run.id for one in placed}) == 1 and sum(one.new for one in placed) == 1


async def test_a_change_happens_once_whoever_makes_it(gateways):
    """Cancel and the run's end at the same moment: one of them comes first, and the other finds that out."""
    first, second, third = gateways
    done = Result(RunStatus.SUCCEEDED)
    for number in range(10):
        name = f"r{number}"
        await first.call(put(name))
        taken = await first.call(lambda store, name=name: store.runs.take(store.runs.get(name), "p", 1))
        canceled, *ended = await asyncio.gather(
            first.call(lambda store, name=name: store.runs.cancel(name, 5)),
            second.call(lambda store, run=taken: store.runs.finish(run, done, 6)),
            third.call(lambda store, run=taken: store.runs.finish(run, done, 7)),
        )
        assert sum(one is not None for one in ended) == 1
        run = await first.call(lambda store, name=name: store.runs.get(name))
        assert run.status is RunStatus.SUCCEEDED and (canceled is None or canceled.status is RunStatus.CANCELING)


async def test_versions_are_numbered_without_a_gap_or_a_double(gateways):
    def publish(store):
        return store.apps.publish(NewVersion("tiny", "Tiny", "", None, {}, {}, "picks", "", {}, None, 5))

    numbers = await asyncio.gather(*(one.call(publish) for one in gateways * 3))
    assert sorted(numbers) == list(range(1, 10))


async def test_files_together_stay_within_their_bound(gateways):
    def add(name):
        return lambda store: store.files.add(StoredFile(name, "", "a.png", "image/png", 10, 1, 2), 45)

    kept = await asyncio.gather(*(one.call(add(f"{place}{n}")) for n in range(3) for place, one in enumerate(gateways)))
    assert sum(one is not None for one in kept) == 4


async def test_a_webhook_is_claimed_by_one_and_runs_keep_their_order(gateways):
    first = gateways[0]
    deliveries = [new_delivery(run, "start", "https://x", {}, 5) for run in ("r1", "r1", "r2")]
    for one in deliveries:
        await first.call(lambda store, one=one: store.deliveries.add(one))
    won = await asyncio.gather(
        *(one.call(lambda store, name=delivery.id: store.deliveries.claim(name, 10, 60))
          for delivery in deliveries for one in gateways)
    )  # fmt: skip
    assert [sum(won[:6]), sum(won[6:])] == [1, 1]  # of r1 one of two, of r2 its only one
    assert await first.call(lambda store: store.deliveries.due(10, ())) == []
    assert len(await first.call(lambda store: store.deliveries.due(61, ()))) == 3  # who claimed them is gone


async def test_a_secret_is_made_once(gateways):
    secrets = await asyncio.gather(
        *(one.call(lambda store, n=n: store.secrets.keep("session", f"{n}")) for n, one in enumerate(gateways))
    )
    assert len(set(secrets)) == 1


async def test_gateways_that_start_at_once_migrate_once(postgres):
    url = postgres.empty()
    made = [Storage(NOWHERE, url) for _ in range(3)]
    assert [await one for one in [asyncio.ensure_future(s.call(lambda store: store.runs.count())) for s in made]] == [
        {}
    ] * 3
    for one in made:
        await one.close()


async def test_texts_that_postgresql_cannot_hold_are_the_callers_mistake(gateways):
    first = gateways[0]
    for asked in (
        lambda store: store.runs.newest(Listed(5, app="\0")),
        lambda store: store.runs.get("\0"),
        lambda store: store.runs.get("\ud800"),
        put("a" * 37),
    ):
        with pytest.raises(BadRequest, match="cannot be stored"):
            await first.call(asked)
    assert await first.call(lambda store: store.runs.newest(Listed(5))) == []


async def test_a_log_of_any_characters_does_not_keep_a_run_from_ending(gateways):
    first = gateways[0]
    run = (await first.call(put("a"))).run
    taken = await first.call(lambda store: store.runs.take(run, "p", 1))
    ended = await first.call(lambda store: store.runs.finish(taken, Result(RunStatus.SUCCEEDED, logs="a\0b\n"), 5))
    assert ended is not None
    assert (await first.call(lambda store: store.runs.get("a"))).logs == "ab\n"


async def test_a_gateway_that_executes_runs_itself_has_the_database_alone(url):
    alone, other, fleet = (Storage(NOWHERE, url, alone=one) for one in (True, True, False))
    await alone.call(put("a"))
    with pytest.raises(NotReady, match="another gateway has it, and without NATS each needs a database of its own"):
        await other.call(put("b"))
    with pytest.raises(NotReady, match="a gateway without NATS has it"):
        await fleet.call(put("b"))
    await alone.close()
    assert (await fleet.call(lambda store: store.runs.get("a"))).id == "a"
    with pytest.raises(NotReady, match="another gateway has it"):
        await other.call(put("b"))
    for one in (other, fleet):
        await one.close()


async def test_a_server_that_went_away_is_found_again(postgres, url):
    storage = Storage(NOWHERE, url)
    await storage.call(put("a"))
    postgres.stop(signal.SIGINT)
    try:
        with pytest.raises(NotReady, match=r"The runs in the PostgreSQL database \w+ cannot be used: .*No such file"):
            await storage.call(lambda store: store.runs.get("a"))
    finally:
        postgres.start()
    async with asyncio.timeout(5):
        while True:
            try:
                assert (await storage.call(lambda store: store.runs.get("a"))).id == "a"
                break
            except NotReady:
                continue
    await storage.close()


async def test_a_server_of_a_newer_lectern_is_told_apart(postgres):
    url = postgres.empty()
    postgres.sql("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL)", url.split("/")[3].split("?")[0])
    postgres.sql("INSERT INTO alembic_version VALUES ('9999')", url.split("/")[3].split("?")[0])
    storage = Storage(NOWHERE, url)
    with pytest.raises(NewerStore, match="was written by a newer Lectern"):
        await storage.call(lambda store: None)
    await storage.close()


@pytest.mark.parametrize(
    "url, said",
    [
        ("mysql://me:s3cret@host/x", "its URL must be written as postgresql://user:password@host:5432/database"),
        ("s3cret", "its URL is not written as"),
        ("postgresql://me:s3cret@host:port/x", "its URL is not written as"),
        ("postgresql://me:a@s3cret@host/x", "which must be written as %40"),
        ("postgresql://me:s3cret@127.0.0.1:1/x", "the PostgreSQL database x at 127.0.0.1:1 cannot be used: .*refused"),
        ("postgresql://me:s3cret@127.0.0.1:1/x?s3cretx=1", "invalid connection option"),
    ],
)
async def test_a_url_that_cannot_be_used_is_told_without_its_password(url, said):
    storage = Storage(NOWHERE, url)
    with pytest.raises(NotReady, match=said) as error:
        await storage.call(lambda store: None)
    assert "s3cret" not in str(error.value).replace("s3cretx", "")
    await storage.close()


async def test_a_wrong_password_is_told_and_a_corrected_one_needs_no_restart(postgres):
    database = postgres.fresh().split("/")[3].split("?")[0]
    storage = Storage(NOWHERE, f"postgresql://nobody:s3cret@/{database}?host={postgres.folder}")
    with pytest.raises(NotReady, match='role "nobody" does not exist') as error:
        await storage.call(lambda store: None)
    assert "s3cret" not in str(error.value)
    postgres.sql("CREATE ROLE nobody LOGIN SUPERUSER")
    try:
        assert await storage.call(lambda store: store.runs.count()) == {}
    finally:
        await storage.close()
        postgres.sql("DROP ROLE nobody")


async def test_without_the_driver_the_package_is_named(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "psycopg", None)
    storage = Storage(NOWHERE, "postgresql://me@127.0.0.1:1/x")
    with pytest.raises(NotReady, match=r"install psycopg\[binary\]"):
        await storage.call(lambda store: None)
    await storage.close()


async def test_another_encoding_is_refused(postgres):
    name = f"latin_{os.getpid()}"
    postgres.sql(f"CREATE DATABASE {name} ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0")
    storage = Storage(NOWHERE, postgres.url(name))
    with pytest.raises(NotReady, match="its encoding is LATIN1; create one WITH ENCODING 'UTF8'"):
        await storage.call(lambda store: None)
    await storage.close()


def test_a_conflict_is_tried_again_and_a_fault_is_not():
    from sqlalchemy.exc import DBAPIError

    class Refused(Exception):
        def __init__(self, state):
            self.sqlstate = state

    def failing(*states):
        left = list(states)

        def action():
            if left:
                raise DBAPIError("", None, Refused(left.pop(0)))
            return "done"

        return action

    assert server.repeated(failing("40001", "40P01", "23505")) == "done"
    with pytest.raises(DBAPIError):
        server.repeated(failing("42P01"))


def test_terms_of_a_run_come_back(url):
    from lectern.apps.runs import Priority
    from lectern.apps.store.stores import Stores

    engine = server.open_server(url)
    store = Stores(engine).runs
    terms = Terms(priority=Priority.BATCH, alone=True)
    store.insert(replace(new("a"), terms=terms), Bounds(10))
    assert store.get("a").terms == terms
    engine.dispose()


def test_a_server_that_leaves_us_waiting_does_not_do_so_to_all_in_line(monkeypatch):
    from sqlalchemy.exc import OperationalError

    now = [100.0]
    monkeypatch.setattr(places.time, "monotonic", lambda: now[0])
    asked = []

    def silent():
        asked.append(now[0])
        now[0] += 5
        raise OperationalError("", None, Exception("timeout expired"))

    place = places.ServerPlace("postgresql://me:s3cret@host/x")
    for later in (0, 1, 1, 4):
        now[0] += later
        with pytest.raises(NotReady, match="x at host cannot be used: timeout expired"):
            place.call(silent)
    assert asked == [100.0, 111.0]
