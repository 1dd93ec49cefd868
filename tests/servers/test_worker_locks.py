"""The lock of an app of which there may be one run at a time."""

from lectern.apps.fleet import topology
from lectern.apps.fleet.worker.kv import Values
from lectern.apps.fleet.worker.locks import Locks


async def test_one_worker_has_it_until_it_lets_go(office):
    first, second = Locks(office.link, "one"), Locks(office.link, "two")
    app = office.only
    assert await first.take(app) and await first.take(app) and not await second.take(app)
    assert await first.renew(app)
    await first.release(app)
    assert await second.take(app) and not await first.take(app)


async def test_a_worker_that_is_started_again_has_it_still(office):
    assert await Locks(office.link, "one").take(office.only)
    again = Locks(office.link, "one")
    assert await again.take(office.only) and await again.renew(office.only)


async def test_a_lock_that_ended_by_itself_is_whoever_takes_it_first(office):
    first, second = Locks(office.link, "one"), Locks(office.link, "two")
    assert await first.take(office.only)
    await Values(office.link, topology.LOCKS).delete(office.only)  # as its time to live does
    assert await second.take(office.only)
    assert not await first.renew(office.only) and not await first.take(office.only)
    await first.release(office.only)
    assert await second.renew(office.only)
