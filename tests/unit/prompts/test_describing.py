"""Pictures become words."""

import io

import pytest
import torch
from PIL import Image

from lectern.prompts.describing import TASKS, Sight, describe
from lectern.prompts.errors import Blind, Busy
from lectern.prompts.pictures import jpegs, lightness
from lectern.prompts.watching import Watch
from lectern.prompts.wishes import OWN_LANGUAGE
from support.scripted import Scripted


def sight(**changes):
    base = {"task": "caption", "family": "SDXL", "language": OWN_LANGUAGE, "detail": "medium", "wish": "", "seed": 3}
    return Sight(**{**base, **changes})


async def test_each_picture_gets_its_own_text_in_order():
    model = Scripted(by=lambda asked: f"text of {asked.messages[1].pictures[0].decode()}", at_once=3)
    watch = Watch()
    made = await describe([[b"a"], [b"b"], [b"c"]], sight(), model, watch)
    assert made.texts == ("text of a", "text of b", "text of c") and watch.fraction == 1


async def test_several_pictures_together_are_one_question():
    model = Scripted("what they share")
    made = await describe([[b"a", b"b"]], sight(), model, Watch())
    assert made.texts == ("what they share",)
    assert model.asked[0].messages[1].pictures == (b"a", b"b") and "belong together" in model.texts()[0]


@pytest.mark.parametrize("task", TASKS)
async def test_the_task_length_language_and_wish_are_asked_for(task):
    model = Scripted("x")
    await describe([[b"a"]], sight(task=task, language="Deutsch", wish="Name the plants."), model, Watch())
    text = model.texts()[0]
    assert "in German" in text and text.endswith("Name the plants.")


async def test_a_prompt_is_written_in_the_familys_manner():
    model = Scripted("x")
    await describe([[b"a"]], sight(task="prompt", family="Flux"), model, Watch())
    assert "prompts for an image generation model" in model.texts("system")[0]


async def test_a_model_that_sees_nothing_is_not_asked():
    model = Scripted("invented")
    model.blind = Blind("reads no pictures")
    with pytest.raises(Blind):
        await describe([[b"a"]], sight(), model, Watch())
    assert model.asked == []


async def test_a_failure_ends_all():
    model = Scripted("fine", Busy("busy"), "never")
    with pytest.raises(Busy):
        await describe([[b"a"], [b"b"], [b"c"]], sight(), model, Watch())
    assert len(model.asked) == 2


class TestPictures:
    def test_large_pictures_are_made_smaller_and_small_ones_stay(self):
        sizes = [Image.open(io.BytesIO(file)).size for file in jpegs(torch.rand(1, 100, 400, 3), 200)]
        assert sizes == [(200, 50)]
        assert [Image.open(io.BytesIO(file)).size for file in jpegs(torch.rand(2, 10, 20, 3), 200)] == [(20, 10)] * 2

    def test_transparent_parts_lie_on_white(self):
        clear = torch.zeros(1, 16, 16, 4)
        (file,) = jpegs(clear, 64)
        image = Image.open(io.BytesIO(file))
        assert image.mode == "RGB" and image.getpixel((8, 8)) == (255, 255, 255)

    def test_lightness_is_where_the_light_is(self):
        frame = torch.zeros(90, 90, 3)
        frame[:30, 60:] = 1
        grid = lightness(frame)
        assert grid[0][2] == pytest.approx(1) and sum(map(sum, grid)) == pytest.approx(1)
