"""Several questions at once."""

import asyncio
from functools import partial

import pytest

from lectern.prompts.together import together


class Desk:
    def __init__(self):
        self.busy, self.most, self.begun, self.ended = 0, 0, [], []
        self.gate = asyncio.Event()
        self.news = asyncio.Condition()

    async def reached(self, busy):
        async with self.news:
            await self.news.wait_for(lambda: self.busy == busy)

    async def work(self, name, wait=True):
        self.begun.append(name)
        self.busy += 1
        self.most = max(self.most, self.busy)
        async with self.news:
            self.news.notify_all()
        try:
            if wait:
                await self.gate.wait()
            if name == "bad":
                raise ValueError("bad")
            return name
        finally:
            self.busy -= 1
            self.ended.append(name)


async def test_results_keep_their_order_and_no_more_run_than_allowed():
    desk = Desk()
    running = asyncio.create_task(together([partial(desk.work, number) for number in range(6)], 3))
    await desk.reached(3)
    assert desk.busy == 3
    desk.gate.set()
    assert await running == [0, 1, 2, 3, 4, 5] and desk.most == 3


async def test_the_first_failure_ends_the_others_and_is_raised_itself():
    desk = Desk()
    works = [partial(desk.work, "good"), partial(desk.work, "bad", False), partial(desk.work, "late")]
    with pytest.raises(ValueError, match="bad"):
        await together(works, 2)
    assert desk.busy == 0 and "late" not in desk.begun


async def test_one_at_a_time_a_failure_is_seen_before_the_next_begins():
    desk = Desk()
    with pytest.raises(ValueError, match="bad"):
        await together([partial(desk.work, "bad", False), partial(desk.work, "next", False)], 1)
    assert desk.begun == ["bad"]


async def test_cancel_reaches_all_of_them():
    desk = Desk()
    running = asyncio.create_task(together([partial(desk.work, number) for number in range(4)], 4))
    await desk.reached(4)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert desk.busy == 0 and sorted(desk.ended) == [0, 1, 2, 3]


async def test_nothing_to_do_is_done():
    assert await together([], 4) == []
