"""What any real server can show: run against the one that LECTERN_TEST_SDWEBUI_URL names, else against the double.

So the same claims are made of both. What a family cannot do, it is skipped for.
"""

import asyncio
import os

import pytest
import torch

from lectern.sdwebui.dialects import Route
from lectern.sdwebui.draft import ControlUnit, Draft
from lectern.sdwebui.errors import RequestError, ServerError
from lectern.sdwebui.progress import Watch
from lectern.sdwebui.services import Upscaling, upscale
from lectern.servers import Server
from unit.sdwebui.conftest import BOUNDS, picture

URL = os.environ.get("LECTERN_TEST_SDWEBUI_URL", "")


@pytest.fixture
async def live(farm):
    user = os.environ.get("LECTERN_TEST_SDWEBUI_USER", "")
    if URL:
        farm.entries["local"] = Server(url=URL, user=user, password_env="LECTERN_TEST_SDWEBUI_PASSWORD" if user else "")
    else:
        await farm.add(webui=True, seconds_per_image=0.1)
    farm.dialect = await farm.hub.members("local")[0].dialect()
    return farm


def needs(live, route: Route) -> None:
    if route not in live.dialect.routes:
        pytest.skip(f"{live.dialect.label} has no {route}")


async def test_the_same_seed_gives_the_same_picture(live):
    first, second = await live.sample(steps=2), await live.sample(steps=2)
    assert first.seeds == [7] and (first.images - second.images).abs().mean() < 0.02
    assert first.warnings == []


async def test_a_batch_is_its_single_pictures(live):
    batch = await live.sample(steps=2, batch_size=2, n_iter=2)
    assert batch.seeds == [7, 8, 9, 10] and batch.images.shape[0] == 4
    alone = await live.sample(steps=2, seed=9)
    assert (batch.images[2:3] - alone.images).abs().mean() < 0.05


async def test_a_mask_keeps_the_rest(live):
    start, mask = picture(), torch.zeros((1, 64, 64))
    mask[:, :, 32:] = 1
    made = await live.sample(
        draft=Draft(image=start, mask=mask), steps=2, denoising_strength=1.0, inpainting_fill=1, inpaint_full_res=False
    )
    change = (made.images - start).abs().mean(dim=(0, 1, 3))
    assert change[:20].mean() < 0.05 < change[44:].mean()


async def test_every_sampler_and_scheduler_of_the_lists_is_taken(live):
    member = live.hub.members("local")[0]
    for one in (await member.named("samplers"))[:3]:
        assert (await live.sample(steps=2, sampler_name=one.name)).warnings == []
    for one in (await member.named("schedulers"))[:3]:
        await live.sample(steps=2, scheduler=one.name)


async def test_hires_gives_the_larger_size(live):
    made = await live.sample(steps=2, enable_hr=True, hr_scale=2.0, denoising_strength=0.5)
    assert made.images.shape[1:3] == (128, 128)


async def test_a_control_map_is_an_extra(live):
    needs(live, Route.CONTROLNET)
    unit = ControlUnit({"module": "canny", "model": "None", "save_detected_map": True}, picture())
    made = await live.sample(steps=2, draft=Draft(units=(unit,)))
    assert made.images.shape[0] == 1 and len(made.extras) == 1


async def test_upscaling_is_exact(live):
    needs(live, Route.EXTRAS)
    asked = Upscaling({"resize_mode": 0, "upscaling_resize": 2.0, "upscaler_1": "Lanczos"}, ("Lanczos",))
    (made,) = await upscale(live.hub, "local", picture(), asked, BOUNDS, Watch())
    assert made.shape == (1, 128, 128, 3)


async def test_cancel_frees_the_server(live):
    needs(live, Route.INTERRUPT)
    work = asyncio.create_task(live.sample(steps=150))
    while live.watch.fraction == 0 and not work.done():
        await asyncio.wait([work], timeout=0.2)
    work.cancel()
    await asyncio.wait([work])
    async with asyncio.timeout(120):  # the slot is free again once the request has returned
        await live.sample(steps=1)


async def test_wrong_names_and_wrong_requests_are_sentences(live):
    with pytest.raises(ServerError, match="no sampler 'Eulr'"):
        await live.sample(sampler_name="Eulr")
    if live.dialect.takes("script_name"):
        with pytest.raises(RequestError, match="not found"):
            await live.sample(alwayson_scripts={"NoSuch": {"args": []}})
