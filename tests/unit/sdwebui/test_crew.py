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
