"""One batch on several servers: the same pictures, in the same order, whoever makes them."""

import asyncio

import pytest
import torch

from lectern.sdwebui.draft import Draft
from lectern.sdwebui.errors import Failed, Refused, ServerError
from lectern.sdwebui.progress import Watch
from lectern.sdwebui.services import upscale
from lectern.servers import Server
from support.webui import Fault
from unit.sdwebui.conftest import BOUNDS, picture
from unit.sdwebui.test_services import DOUBLED


async def four(farm, *dialects, **settings) -> None:
    for name, dialect in zip("abcd", dialects or ["forge"] * 4, strict=True):
        await farm.add(name, dialect=dialect, **settings)
    farm.pool()


async def test_the_pictures_are_those_of_one_server(farm):
    await four(farm)
    made = await farm.sample("farm", batch_size=16)
    alone = await farm.sample("a", batch_size=16)
    assert torch.equal(made.images, alone.images)
    assert made.seeds == alone.seeds == list(range(7, 23))
    assert [f"Seed: {seed}" in text for seed, text in zip(made.seeds, made.infotexts, strict=True)] == [True] * 16
    assert made.info["all_seeds"] == list(range(7, 23))
    assert sum(one["pictures"] for one in made.info["lectern"]["requests"]) == 16


async def test_servers_of_different_families_share_a_batch(farm):
    await four(farm, "forge", "a1111", "sdcpp", "koboldcpp", seconds_per_image=0.02)
    made = await farm.sample("farm", batch_size=4, n_iter=4)
    assert made.seeds == list(range(7, 23)) and made.images.shape[0] == 16
    assert len({one["server"] for one in made.info["lectern"]["requests"]}) > 1


async def test_a_slower_server_gets_less(farm):
    await farm.add("slow", seconds_per_image=0.12)
    await farm.add("quick", seconds_per_image=0.02)
    farm.pool()
    made = await farm.sample("farm", batch_size=12)
    shares = {name: sum(body["batch_size"] for body in farm.sent(name)) for name in farm.servers}
    assert shares["slow"] < shares["quick"] and sum(shares.values()) == 12
    assert made.seeds == list(range(7, 19))


@pytest.mark.parametrize("kind", ["error-message", "disconnect", "truncated-base64", "unauthorized", "missing", "html"])
async def test_a_server_that_fails_hands_its_part_to_another(farm, kind):
    await four(farm)
    farm.servers["b"].fault = Fault(kind, route="txt2img")
    made = await farm.sample("farm", batch_size=8)
    assert made.seeds == list(range(7, 15))
    assert torch.equal(made.images, (await farm.sample("a", batch_size=8)).images)
    assert "b" not in {one["server"] for one in made.info["lectern"]["requests"]}
    assert len(farm.sent("b")) == 1
    await farm.sample("farm", batch_size=8)
    assert len(farm.sent("b")) == 1  # it rests for a while


async def test_a_server_that_is_off_is_passed_over(farm):
    await four(farm)
    farm.entries["b"] = Server(url="http://127.0.0.1:9", connect_seconds=1)
    assert (await farm.sample("farm", batch_size=8)).seeds == list(range(7, 15))


async def test_a_part_is_handed_over_once(farm):
    await four(farm)
    for server in farm.servers.values():
        server.fault = Fault("error-message", route="txt2img")
    with pytest.raises(Failed, match="out of memory"):
        await farm.sample("farm")
    assert sum(len(farm.sent(name)) for name in "abcd") == 2


async def test_a_pool_of_which_nobody_answers(farm):
    farm.entries = {
        name: Server(url=f"http://127.0.0.1:{9 + place}", connect_seconds=1) for place, name in enumerate("ab")
    }
    farm.entries["farm"] = Server(pool=["a", "b"])
    with pytest.raises(ServerError, match="cannot be reached"):
        await farm.sample("farm", batch_size=4)


async def test_a_busy_server_does_not_hold_up_the_others(farm):
    await farm.add("busy")
    await farm.add("free")
    farm.pool()
    farm.servers["busy"].hold()
    waiting = asyncio.create_task(farm.sample("busy"))
    await farm.servers["busy"].until(lambda one: one.active)
    made = await asyncio.wait_for(farm.sample("farm", seed=50, batch_size=4), 5)
    assert made.seeds == [50, 51, 52, 53]
    farm.servers["busy"].release()
    await waiting


async def test_each_start_picture_goes_to_one_server(farm):
    await four(farm)
    start = picture(count=6)
    made = await farm.sample("farm", draft=Draft(image=start), denoising_strength=0.0)
    assert (made.images - start).abs().max() <= 1 / 255


async def test_two_orders_share_a_pool(farm):
    await four(farm, seconds_per_image=0.01)
    first, second = await asyncio.gather(farm.sample("farm", batch_size=6), farm.sample("farm", seed=100, batch_size=6))
    assert first.seeds == list(range(7, 13)) and second.seeds == list(range(100, 106))


async def test_a_server_may_take_several_requests_at_once(farm):
    await farm.add("wide", entry={"concurrency": 3})
    made = await farm.sample("wide", batch_size=6)
    assert made.seeds == list(range(7, 13)) and len(farm.sent("wide")) > 1


async def test_a_changed_entry_counts_at_once(farm):
    await farm.add("a")
    await farm.add("b", dialect="a1111")
    await farm.sample("a")
    farm.entries["a"] = farm.entries["b"]
    await farm.sample("a")
    assert len(farm.sent("a")) == len(farm.sent("b")) == 1


async def test_a_server_that_lacks_what_is_asked_for_leaves_it_to_those_that_have_it(farm):
    """Nothing was sent to it, so it is not tried in vain, and it does not rest from other work."""
    for name, dialect in {"a": "sdcpp", "b": "koboldcpp", "c": "sdcpp", "d": "forge"}.items():
        await farm.add(name, dialect=dialect)
    farm.pool()
    made = await upscale(farm.hub, "farm", picture(count=3), DOUBLED, BOUNDS, Watch())
    assert len(made) == 3
    assert not any(member.health.rests for member in farm.hub.members("farm"))


async def test_a_pool_in_which_every_server_lacks_it_says_what_is_lacking(farm):
    for name, dialect in {"a": "sdcpp", "b": "koboldcpp"}.items():
        await farm.add(name, dialect=dialect)
    farm.pool()
    with pytest.raises(Refused, match="offers no extras"):
        await upscale(farm.hub, "farm", picture(count=3), DOUBLED, BOUNDS, Watch())


async def test_a_checkpoint_that_only_one_server_has(farm):
    await four(farm)
    for name in "abc":
        server = farm.servers[name]
        server.lists["sd-models"] = server.lists["sd-models"][:1]
    title = farm.servers["d"].lists["sd-models"][-1]["title"]
    made = await farm.sample("farm", override_settings={"sd_model_checkpoint": title})
    assert {one["server"] for one in made.info["lectern"]["requests"]} == {"d"}


async def test_an_entry_that_changes_in_the_middle_of_an_order_does_not_hold_it_up(farm):
    """The order goes on with the entry it began with, and the connections of that one are closed in the end."""
    server = await farm.add("a", dialect="sdcpp")  # a request for each of the three
    server.hold()
    order = asyncio.create_task(farm.sample("a", n_iter=3))
    await server.until(lambda one: one.active)
    (before,) = farm.hub.members("a")
    farm.entries["a"] = farm.entries["a"].model_copy(update={"total_seconds": 9})
    assert farm.hub.members("a") != [before]
    await asyncio.sleep(0.05)
    server.release()
    async with asyncio.timeout(5):
        assert (await order).seeds == [7, 8, 9]
    for _ in range(20):
        await asyncio.sleep(0)
    assert not before.connection.is_open


async def test_closing_the_hub_closes_the_connections_of_a_changed_entry(farm):
    await farm.add("a")
    await farm.sample("a")
    (before,) = farm.hub.members("a")
    await before.slots.acquire()  # something is still being stopped there
    farm.entries["a"] = farm.entries["a"].model_copy(update={"total_seconds": 9})
    farm.hub.members("a")
    await asyncio.sleep(0)
    await farm.hub.close()
    assert not before.connection.is_open


async def test_seeds_and_infotexts_stay_with_their_pictures_when_sizes_differ(farm):
    """The pictures of another size are among the extras, so their seeds and texts leave the lists with them."""
    await farm.add("a")
    await farm.add("b")
    farm.pool()
    farm.servers["b"].fault = Fault("wrong-size", route="txt2img")
    made = await farm.sample("farm", batch_size=6)
    assert len(made.images) + len(made.extras) == 6 and made.extras
    assert len(made.seeds) == len(made.infotexts) == len(made.images)
    for image, seed, text in zip(made.images, made.seeds, made.infotexts, strict=True):
        assert f"Seed: {seed}," in text
        if image.shape[0] == 64:
            assert torch.equal(image, (await farm.sample("a", seed=seed)).images[0])
