"""Pictures of the double: what they depend on, init images, masks, extras."""

import base64
import io

import numpy as np
import pytest
from PIL import Image

from support.webui.imagefiles import decode, encode
from unit.webui_server.caller import halves, pixels

SOURCE = halves(64, 64, "navy", "orange")
RIGHT = halves(64, 64, 0, 255, "L")
KEEP = {"init_images": [SOURCE], "denoising_strength": 1.0, "mask_blur": 0, "inpaint_full_res": False}


async def test_a_picture_does_not_depend_on_its_batch_or_server(start):
    one, other = await start("forge"), await start("a1111")
    batch = (await one.txt2img(batch_size=2, n_iter=2)).pictures
    for index, seed in enumerate(range(42, 46)):
        alone = (await other.txt2img(seed=seed)).pictures[0]
        assert alone.tobytes() == batch[index].tobytes()


@pytest.mark.parametrize(
    "change",
    [
        {"prompt": "x"},
        {"negative_prompt": "x"},
        {"seed": 1},
        {"steps": 3},
        {"cfg_scale": 8},
        {"sampler_name": "Heun"},
        {"width": 128},
        {"subseed": 7, "subseed_strength": 0.3},
    ],
)
async def test_a_picture_depends_on(forge, change):
    first, second = (await forge.txt2img()).pictures[0], (await forge.txt2img(**change)).pictures[0]
    assert first.tobytes() != second.tobytes()


async def test_full_subseed_strength_is_the_subseeds_picture(forge):
    varied = (await forge.txt2img(subseed=7, subseed_strength=1)).pictures[0]
    assert varied.tobytes() == (await forge.txt2img(seed=7)).pictures[0].tobytes()


@pytest.mark.parametrize("strength", [0.0, 0.25, 1.0])
async def test_img2img_blends_by_its_strength(forge, strength):
    drawn = pixels((await forge.txt2img()).pictures[0])
    source = pixels(Image.new("RGB", (64, 64), "navy"))
    sent = encode(Image.new("RGB", (32, 16), "navy"))
    answer = await forge.img2img(init_images=[sent], denoising_strength=strength)
    expected = source * (1 - strength) + drawn * strength
    assert np.abs(pixels(answer.pictures[0]) - expected).max() <= 1
    assert answer.json["parameters"]["init_images"] is None


async def test_init_images_of_a_batch_are_taken_in_turn(forge):
    sources = [encode(Image.new("RGB", (64, 64), colour)) for colour in ("red", "blue")]
    answer = await forge.img2img(init_images=sources, batch_size=2, denoising_strength=0)
    assert [picture.getpixel((5, 5)) for picture in answer.pictures] == [(255, 0, 0), (0, 0, 255)]
    answer = await forge.img2img(init_images=sources, batch_size=1)
    assert (answer.status, answer.json["error"]) == (500, "RuntimeError")


def alpha_mask():
    image = Image.new("RGBA", (64, 64), (0, 0, 0, 0))
    image.paste((0, 0, 0, 255), (32, 0, 64, 64))
    return encode(image)


@pytest.mark.parametrize(
    ("mask", "changes"),
    [
        ({"mask": RIGHT}, (False, True)),
        ({"mask": RIGHT, "inpainting_mask_invert": 1}, (True, False)),
        ({"mask": halves(64, 64, "black", "white")}, (False, True)),
        ({"mask": halves(128, 128, 0, 255, "L")}, (False, True)),
        ({"mask": alpha_mask()}, (False, True)),
        ({"mask": halves(64, 64, 100, 100, "L")}, (True, True)),
        ({"mask": halves(64, 64, 0, 0, "L"), "inpaint_full_res": True}, (True, True)),
        ({"mask": halves(64, 64, 0, 0, "L")}, (False, False)),
    ],
)
async def test_white_is_painted_and_black_is_kept(forge, mask, changes):
    answer = await forge.img2img(**(KEEP | mask))
    source = pixels(decode(SOURCE))
    difference = np.abs(pixels(answer.pictures[0]) - source)
    assert (bool(difference[:, :28].any()), bool(difference[:, 36:].any())) == changes


async def test_sd_cpp_does_not_composite(start):
    answer = await (await start("sdcpp")).img2img(init_images=[SOURCE], mask=RIGHT)
    assert np.abs(pixels(answer.pictures[0])[:, :28] - np.array((0, 0, 128))).mean() > 3


async def test_what_the_mask_did_is_written_down(forge):
    answer = await forge.img2img(**(KEEP | {"mask": RIGHT, "mask_blur": 4, "inpaint_full_res": True}))
    assert answer.info["extra_generation_params"] == {
        "Mask blur": 4,
        "Inpaint area": "Only masked",
        "Masked area padding": 0,
        "Masked content": "fill",
    }


@pytest.mark.parametrize(
    ("body", "size"),
    [
        ({"upscaler_1": "Lanczos"}, (128, 128)),
        ({"upscaler_1": "Lanczos", "upscaling_resize": 1.5}, (96, 96)),
        ({"upscaler_1": "Nearest", "resize_mode": 1, "upscaling_resize_w": 100, "upscaling_resize_h": 50}, (100, 50)),
        (
            {
                "upscaler_1": "Nearest",
                "resize_mode": 1,
                "upscaling_resize_w": 100,
                "upscaling_resize_h": 50,
                "upscaling_crop": False,
            },
            (100, 100),
        ),
        ({}, (64, 64)),  # no upscaler, no change
    ],
)
async def test_extras_resize(forge, body, size):
    single = await forge.post("extra-single-image", body | {"image": SOURCE})
    assert Image.open(io.BytesIO(base64.b64decode(single.json["image"]))).size == size
    batch = await forge.post("extra-batch-images", body | {"imageList": [{"data": SOURCE, "name": "a.png"}] * 2})
    assert batch.sizes == [size] * 2


@pytest.mark.parametrize(
    ("dialect", "body", "status", "message"),
    [
        ("forge", {"upscaler_1": "NoSuch"}, 500, "could not find upscaler named NoSuch"),
        ("forge", {"gfpgan_visibility": 2}, 422, "Input should be less than or equal to 1"),
        ("a1111", {"upscaling_resize": 9}, 422, "ensure this value is less than or equal to 8"),
    ],
)
async def test_extras_refuse(start, dialect, body, status, message):
    answer = await (await start(dialect)).post("extra-single-image", body | {"image": SOURCE})
    assert answer.status == status
    assert message in answer.text


async def test_png_info_reads_what_was_written(forge):
    picture = (await forge.txt2img(prompt="水彩, a cat")).json["images"][0]
    info = (await forge.post("png-info", {"image": picture})).json
    assert info["info"].startswith("水彩, a cat\nNegative prompt: dog\nSteps: 2")
    read = info["parameters"]
    assert [read[key] for key in ("Prompt", "Seed", "Size-1", "Schedule type")] == [
        "水彩, a cat",
        "42",
        "64",
        "Automatic",
    ]
    assert (await forge.post("png-info", {"image": SOURCE})).json == {"info": "", "items": {}, "parameters": {}}


@pytest.mark.parametrize(("model", "status"), [("clip", 200), ("deepdanbooru", 200), ("NoSuch", 404)])
async def test_interrogate(forge, model, status):
    answer = await forge.post("interrogate", {"image": SOURCE, "model": model})
    assert answer.status == status
    assert answer.json == {"detail": "Model not found"} or answer.json["caption"]


async def test_detect_gives_a_map_of_the_wanted_size(forge):
    body = {"controlnet_module": "canny", "controlnet_input_images": [SOURCE], "controlnet_processor_res": 128}
    answer = await forge.post("/controlnet/detect", body)
    assert (answer.json["info"], answer.sizes) == ("Success", [(128, 128)])
    assert answer.pictures[0].convert("L").getextrema() == (0, 255)
    assert (await forge.post("/controlnet/detect", body | {"controlnet_module": "NoSuch"})).status == 422


async def test_grain_makes_files_large_and_stays_the_same(start):
    webui = await start("forge", grain=0.2)
    first, second = (await webui.txt2img()).json["images"][0], (await webui.txt2img()).json["images"][0]
    assert first == second
    assert len(first) > 10000
