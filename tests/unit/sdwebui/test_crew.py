"""Servers at work on one plan: what is waited for, given back and passed on, at awkward moments."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from lectern.sdwebui.building import Part
from lectern.sdwebui.errors import Failed
from lectern.sdwebui.member import Member
from lectern.sdwebui.plan import Plan
from lectern.sdwebui.pool import Crew
from lectern.sdwebui.progress import Watch
from lectern.servers import Server

Make = Callable[[Member, Part], Awaitable[str]]


def member(name: str, concurrency: int = 1) -> Member:
    """Of a kind that is not asked for, at an address that nobody calls."""
    return Member(name, Server(url="http://127.0.0.1:9", dialect="forge", concurrency=concurrency))


def crew(members: list[Member], make: Make, pictures: int = 1, batch: int = 1) -> Crew[str]:
    return Crew(members, Plan(1, pictures, batch), Watch(), make)


async def on_a_slot(member: Member, part: Part) -> str:
    async with member.slots:
        await asyncio.sleep(0)
        return member.name


async def test_several_who_wait_for_one_busy_server_all_get_it():
    """Each used to find the server taken by the other's look at it, and looked again for ever."""
    busy, never = member("busy"), member("never")
    for one in (busy, never):
        await one.slots.acquire()
    orders = [asyncio.create_task(crew([busy, never], on_a_slot).work()) for _ in range(3)]
    await asyncio.sleep(0.01)
    busy.slots.release()
    async with asyncio.timeout(5):
        made = await asyncio.gather(*orders)
    assert [[by for _, by in one] for one in made] == [["busy"]] * 3


@pytest.mark.parametrize("ticks", range(8))
async def test_a_cancel_while_a_server_comes_free_takes_no_slot_along(ticks):
    busy, other = member("busy"), member("other")
    for one in (busy, other):
        await one.slots.acquire()
    order = asyncio.create_task(crew([busy, other], on_a_slot).work())
    await asyncio.sleep(0.01)
    busy.slots.release()
    for _ in range(ticks):
        await asyncio.sleep(0)
    order.cancel()
    await asyncio.wait([order])
    async with asyncio.timeout(1):
        await busy.slots.acquire()


async def test_a_server_that_failed_gets_no_other_part_though_it_takes_several_at_once():
    """Its other worker used to try the same part again there, while the good server was at work."""
    bad, good = member("bad", concurrency=2), member("good")
    failed = asyncio.Event()

    async def make(by: Member, part: Part) -> str:
        if by is bad and part.first == 0:
            failed.set()
            raise Failed("out of memory")
        await failed.wait()
        if by is good and part.first > 0:
            for _ in range(20):  # so that bad's other worker is the first one free
                await asyncio.sleep(0)
        return by.name

    made = await crew([bad, good], make, pictures=3).work()
    assert next((part.first, by) for part, by in made) == (0, "good")
