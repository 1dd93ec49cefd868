"""Upscale, interrogate, ControlNet preview, PNG info."""

import threading

import pytest
import torch

from lectern.png import png
from lectern.sdwebui import services
from lectern.sdwebui.errors import AnswerError, Refused
from lectern.sdwebui.pictures import Bounds
from lectern.sdwebui.progress import Watch
from unit.sdwebui.conftest import BOUNDS, picture

DOUBLED = services.Upscaling({"resize_mode": 0, "upscaling_resize": 2.0, "upscaler_1": "Lanczos"}, ("Lanczos",))


async def upscaled(farm, images, asked=DOUBLED, server="local"):
    return await services.upscale(farm.hub, server, images, asked, BOUNDS, Watch())


@pytest.mark.parametrize(("count", "routes"), [(1, ["extra-single-image"]), (3, ["extra-batch-images"])])
async def test_one_picture_and_a_batch_have_a_route_each(farm, count, routes):
    server = await farm.add()
    made = await upscaled(farm, picture(count=count))
    assert [one.shape for one in made] == [(1, 128, 128, 3)] * count
    assert [route for route in server.routes() if route.startswith("extra-")] == routes


async def test_a_size_is_exact(farm):
    await farm.add()
    fields = {
        "resize_mode": 1,
        "upscaling_resize_w": 100,
        "upscaling_resize_h": 50,
        "upscaling_crop": True,
        "upscaler_1": "Lanczos",
    }
    (made,) = await upscaled(farm, picture(), services.Upscaling(fields, ("Lanczos",)))
    assert made.shape == (1, 50, 100, 3)


async def test_alpha_and_order_survive_a_pool(farm):
    for name in "ab":
        await farm.add(name)
    farm.pool()
    images = torch.stack([torch.full((64, 64, 3), value / 20) for value in range(20)])
    made = await upscaled(farm, images, server="farm")
    assert [round(float(one.mean()) * 20) for one in made] == list(range(20))
    assert len(farm.sent("a", "extra-batch-images")) and len(farm.sent("b", "extra-batch-images"))


async def test_an_upscaler_that_is_not_there_is_named(farm):
    await farm.add()
    with pytest.raises(Refused, match="no upscaler 'gone'"):
        await upscaled(farm, picture(), services.Upscaling({**DOUBLED.fields, "upscaler_1": "gone"}, ("gone",)))


async def test_small_servers_say_what_they_cannot_do(farm):
    await farm.add(dialect="sdcpp")
    with pytest.raises(Refused, match=r"stable-diffusion\.cpp, which offers no extras"):
        await upscaled(farm, picture())
    with pytest.raises(Refused, match="offers no interrogate"):
        await services.interrogate(farm.hub, "local", picture(), "clip", Watch())


async def test_interrogate_gives_a_text_for_each(farm):
    await farm.add()
    texts = await services.interrogate(farm.hub, "local", picture(count=2), "clip", Watch())
    assert len(texts) == 2 and all(texts)
    with pytest.raises(Refused, match="Model not found"):
        await services.interrogate(farm.hub, "local", picture(), "none", Watch())


async def test_the_control_map_of_a_preprocessor(farm):
    await farm.add()
    found = await services.detect(farm.hub, "local", picture(), {"module": "canny", "processor_res": 64}, BOUNDS)
    assert found.shape[0] == 1 and found.shape[3] in (3, 4)
    assert farm.sent(route="controlnet/detect")[0]["controlnet_module"] == "canny"


async def test_the_servers_reading_of_a_picture(farm):
    await farm.add()
    text = "a cat\nNegative prompt: dog\nSteps: 2, Sampler: Euler, Seed: 42, Size: 64x64"
    told = await services.png_info(farm.hub, "local", png(picture()[0], texts={"parameters": text}))
    assert told.infotext == text and told.parameters["Seed"] == "42"


async def test_a_long_batch_is_sent_a_few_pictures_at_a_time(farm):
    """Else a deck of 4K slides is one request and one answer of gigabytes."""
    await farm.add()
    made = await upscaled(farm, picture(8, 8, count=20))
    assert len(made) == 20
    assert [len(body["imageList"]) for body in farm.sent(route="extra-batch-images")] == [8, 8, 4]
    plan = await services.interrogate(farm.hub, "local", picture(8, 8, count=3), "clip", Watch())
    assert len(plan) == 3


async def test_larger_results_than_a_node_may_hold_are_refused(farm):
    await farm.add()
    with pytest.raises(AnswerError, match="more than one node may hold"):
        await services.upscale(farm.hub, "local", picture(count=3), DOUBLED, Bounds(4096, 2 * 128 * 128), Watch())


@pytest.mark.parametrize("where", ["upscale", "detect"])
async def test_pictures_are_unpacked_off_the_loop(farm, monkeypatch, where):
    seen = []
    real = services.to_image
    monkeypatch.setattr(services, "to_image", lambda pixels: seen.append(threading.current_thread()) or real(pixels))
    await farm.add()
    if where == "upscale":
        await upscaled(farm, picture(count=2))
    else:
        await services.detect(farm.hub, "local", picture(), {"module": "canny"}, BOUNDS)
    assert seen and threading.current_thread() not in seen
