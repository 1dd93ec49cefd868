"""Keys: how they are made, kept, recognised; the ring in memory; the command line beside a running ComfyUI."""

import hmac
import re
import sqlite3

import pytest

from lectern.apps.access import keys as keys_module
from lectern.apps.access.keyring import REVOKED, STAMP_NAME, WRONG, KeyRing
from lectern.apps.access.keys import fits, issue, read, shown_key
from lectern.apps.access.offline import create_key_offline, with_keys_offline
from lectern.apps.callers import GUEST, HOUSEHOLD, Scope, require_app
from lectern.apps.errors import Forbidden, KeyNotFound, NotReady, Unauthorized
from lectern.apps.store.storage import Storage
from lectern.apps.surface.routes import here
from unit.apps.access_house import wanted


def test_a_key_names_itself_and_keeps_its_secret():
    issued = issue(wanted(), 5)
    key_id, secret = re.fullmatch("lct_([a-z2-7]{8})_([0-9A-Za-z]{43})", issued.text).groups()
    assert (issued.key.id, issued.key.prefix, issued.key.created_ms) == (key_id, f"lct_{key_id}", 5)
    assert read(issued.text) == (key_id, secret)
    assert secret not in repr(issued.key)


def test_no_two_keys_are_alike():
    assert len({read(issue(wanted(), 0).text).secret for _ in range(100)}) == 100


@pytest.mark.parametrize(
    "text", ["", "lct_", "sk-123", "lct_abcdefgh", f"lct_abcdefgh_{'x' * 42}", f"lct_ABCDEFGH_{'x' * 43}"]
)
def test_what_is_not_written_like_a_key_is_none(text):
    assert read(text) == ("", "")
    assert not fits(read(text), None)


def test_a_wrong_secret_and_an_unknown_id_take_the_same_way(monkeypatch):
    compared = []
    compare = hmac.compare_digest

    def watched(one: str, other: str) -> bool:
        compared.append((len(one), len(other)))
        return compare(one, other)

    monkeypatch.setattr(keys_module.hmac, "compare_digest", watched)
    mine, other = issue(wanted(), 0), issue(wanted(), 0)
    assert fits(read(mine.text), mine.key)
    assert not fits(read(other.text)._replace(id=mine.key.id), mine.key)
    assert not fits(read(other.text), None)
    assert compared == [(64, 64)] * 3


@pytest.mark.parametrize(
    ("header", "shown"),
    [
        (None, None),
        ("Bearer lct_x", ("bearer", "lct_x")),
        ("bearer  lct_x ", ("bearer", "lct_x")),
        ("Bearer", ("bearer", "")),
        ("Basic YW55OmxjdF94", ("basic", "lct_x")),  # any:lct_x
        ("Basic OmxjdF94", ("basic", "lct_x")),  # :lct_x
        ("Basic bGN0X3g6", ("basic", "lct_x")),  # lct_x:
        ("Basic bGN0X3g6eA==", ("basic", "lct_x")),  # lct_x:x
        ("Basic bWU6c2VjcmV0", None),  # me:secret, for the proxy in front
        ("Basic ***", ("basic", "")),
        ("Basic /w==", ("basic", "")),
        ("Digest lct_x", ("digest", "")),
        ("", ("", "")),
    ],
)
def test_a_key_is_shown_as_bearer_token_or_as_password(header, shown):
    assert shown_key(header) == shown


@pytest.fixture
async def storage(tmp_path):
    made = Storage(tmp_path)
    yield made
    await made.close()


class Clock:
    now = 1_000_000

    def __call__(self) -> int:
        return self.now


@pytest.fixture
def ring(storage, tmp_path):
    return KeyRing(storage, tmp_path, here, Clock())


async def test_every_part_of_a_key_comes_back(ring):
    asked = wanted(Scope.RUN, Scope.PUBLISH, apps=frozenset({"b", "a"}), rate=60, concurrent=2)
    issued = await ring.create(asked)
    assert await ring.all() == [issued.key]
    assert (await ring.verify(issued.text)).wanted == asked
    caller = issued.key.caller
    assert (caller.owner, caller.name, caller.concurrent) == (issued.key.id, "robot", 2)
    assert caller.may_use("a") and not caller.may_use("c")


async def test_the_store_has_no_secret(ring, tmp_path):
    issued = await ring.create(wanted())
    kept = b"".join(file.read_bytes() for file in tmp_path.iterdir())
    assert issued.key.id.encode() in kept
    assert read(issued.text).secret.encode() not in kept


async def test_a_revoked_key_is_gone_at_once_and_stays_listed(ring):
    issued, other = await ring.create(wanted()), await ring.create(wanted())
    await ring.verify(issued.text)
    ring._now_ms.now += 5
    await ring.revoke(issued.key.id)
    ring._now_ms.now += 5
    await ring.revoke(issued.key.id)
    with pytest.raises(Unauthorized, match=re.escape(REVOKED)):
        await ring.verify(issued.text)
    assert await ring.find(issued.key.id) is None
    assert (await ring.verify(other.text)).id == other.key.id
    assert {key.id: key.revoked_ms for key in await ring.all()} == {issued.key.id: 1_000_005, other.key.id: None}


async def test_only_who_has_the_secret_learns_that_a_key_was_revoked(ring):
    issued, other = await ring.create(wanted()), await ring.create(wanted())
    await ring.revoke(issued.key.id)
    guessed = f"{issued.key.prefix}_{read(other.text).secret}"
    with pytest.raises(Unauthorized, match=re.escape(WRONG)):
        await ring.verify(guessed)


async def test_no_key_no_database(ring, storage):
    assert await ring.all() == []
    with pytest.raises(Unauthorized):
        await ring.verify(issue(wanted(), 0).text)
    with pytest.raises(KeyNotFound):
        await ring.revoke("abcdefgh")
    assert not storage.exists


async def test_the_store_is_asked_once(ring, storage, monkeypatch):
    issued = await ring.create(wanted())
    asked = []
    call = storage.call
    monkeypatch.setattr(storage, "call", lambda function: asked.append(1) or call(function))
    for _ in range(5):
        await ring.verify(issued.text)
        with pytest.raises(Unauthorized):
            await ring.verify(issue(wanted(), 0).text)
    assert len(asked) == 1


async def test_last_use_is_written_once_a_minute(ring, storage):
    issued = await ring.create(wanted())
    written = []
    for passed in (0, 59_999, 60_000):
        ring._now_ms.now = 1_000_000 + passed
        await ring.use(await ring.verify(issued.text))
        written.append((await ring.all())[0].last_used_ms)
    assert written == [1_000_000, 1_000_000, 1_060_000]


async def test_a_store_that_cannot_be_written_lets_the_request_pass(ring, storage, monkeypatch, caplog):
    issued = await ring.create(wanted())

    async def broken(_):
        raise NotReady("The disk is full.")

    monkeypatch.setattr(storage, "call", broken)
    await ring.use(issued.key)
    assert "The disk is full." in caplog.text


async def test_the_command_line_makes_a_key_while_comfyui_runs(ring, tmp_path):
    await ring.create(wanted())  # the store is open and locked
    with pytest.raises(Unauthorized):
        await ring.verify(issue(wanted(), 0).text)  # and the keys are in memory
    issued = create_key_offline(tmp_path, wanted(Scope.ADMIN))
    assert (await ring.verify(issued.text)).caller.may(Scope.ADMIN)
    with_keys_offline(tmp_path, lambda store: store.revoke(issued.key.id, 5))
    with pytest.raises(Unauthorized):
        await ring.verify(issued.text)
    assert (tmp_path / STAMP_NAME).stat().st_size == 2


async def test_the_command_line_makes_a_key_before_comfyui_ever_ran(ring, tmp_path, storage):
    issued = create_key_offline(tmp_path / "new" / "private", wanted())
    other = KeyRing(Storage(tmp_path / "new" / "private"), tmp_path / "new" / "private", here)
    assert await other.verify(issued.text) == issued.key
    await other._storage.close()


def test_an_older_lectern_that_runs_has_to_be_restarted(tmp_path):
    from lectern.apps.store.database import lock

    sqlite3.connect(tmp_path / "lectern.db").close()
    held = lock(tmp_path / "lectern.db")
    assert held is not None
    with pytest.raises(NotReady, match="restart it"):
        create_key_offline(tmp_path, wanted())
    held.release()
    assert create_key_offline(tmp_path, wanted())


def test_a_broken_database_is_told_without_what_was_to_be_written(tmp_path):
    (tmp_path / "lectern.db").write_bytes(b"not a database" * 100)
    with pytest.raises(NotReady) as error:
        create_key_offline(tmp_path, wanted())
    assert "lectern.db" in str(error.value) and "INSERT" not in str(error.value)


SOME = issue(wanted(apps=frozenset({"mine"})), 0).key.caller


@pytest.mark.parametrize(
    ("caller", "slug", "public", "refused"),
    [
        (HOUSEHOLD, "any", False, None),
        (SOME, "mine", False, None),
        (SOME, "other", False, Forbidden),
        (SOME, "other", True, None),
        (GUEST, "any", True, None),
        (GUEST, "any", False, Unauthorized),
    ],
)
def test_who_may_use_an_app(caller, slug, public, refused):
    if refused is None:
        require_app(caller, slug, public)
    else:
        with pytest.raises(refused):
            require_app(caller, slug, public)
