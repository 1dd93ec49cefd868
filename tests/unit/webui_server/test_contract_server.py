"""The double against what was recorded of real servers: shapes, errors, names, order of pictures."""

import pytest

from support.webui import Fault
from support.webui.dialects import DIALECTS
from unit.webui_server.caller import SMALL, halves

A_FAMILY = ("a1111", "a1111-1.8", "reforge", "forge", "sdnext")
# fmt: off
RECORDED_INFO = [
    "prompt", "all_prompts", "negative_prompt", "all_negative_prompts", "seed", "all_seeds", "subseed",
    "all_subseeds", "subseed_strength", "width", "height", "sampler_name", "cfg_scale", "steps", "batch_size",
    "restore_faces", "face_restoration_model", "sd_model_name", "sd_model_hash", "sd_vae_name", "sd_vae_hash",
    "seed_resize_from_w", "seed_resize_from_h", "denoising_strength", "extra_generation_params",
    "index_of_first_image", "infotexts", "styles", "job_timestamp", "clip_skip", "is_using_inpainting_conditioning",
    "version",
]
# fmt: on
RECORDED_INFOTEXT = (
    "a cat\nNegative prompt: dog\nSteps: 2, Sampler: Euler, Schedule type: Automatic, CFG scale: 7.0, Seed: 42, "
    "Size: 64x64, Model: sd15_random, Version: f2.0.1v1.10.1-1.10.1"
)


async def test_forge_answers_as_recorded(forge):
    answer = await forge.txt2img()
    assert list(answer.json) == ["images", "parameters", "info"]
    assert list(answer.info) == RECORDED_INFO
    assert answer.info["infotexts"] == [RECORDED_INFOTEXT]
    (picture,) = answer.pictures
    assert (picture.format, picture.size, picture.info["parameters"]) == ("PNG", (64, 64), RECORDED_INFOTEXT)
    assert len(answer.json["parameters"]) == 59
    assert answer.json["parameters"]["cfg_scale"] == 7.0
    assert answer.json["parameters"]["subseed_strength"] == 0


async def test_sd_cpp_answers_as_recorded(start):
    answer = await (await start("sdcpp")).txt2img(sampler_name="Euler", batch_size=2, n_iter=2)
    assert list(answer.json) == ["images", "info", "parameters"]
    assert answer.json["parameters"] == SMALL | {"sampler_name": "Euler", "batch_size": 2, "n_iter": 2}
    assert len(answer.pictures) == 2  # n_iter does not exist there
    assert answer.info["all_seeds"] == [42, 43]
    assert "index_of_first_image" not in answer.info
    assert answer.info["infotexts"][1].startswith("a cat\nNegative prompt: dog\nSteps: 2, CFG scale: 7.000000, ")


async def test_koboldcpp_gives_one_picture_and_no_info(start):
    answer = await (await start("koboldcpp")).txt2img(batch_size=4, n_iter=3)
    assert (len(answer.pictures), answer.json["info"], answer.json["parameters"]) == (1, "", {})


@pytest.mark.parametrize(
    ("dialect", "asked", "made"),
    [
        ("forge", (65, 127), (64, 120)),
        ("a1111", (65, 127), (64, 120)),
        ("sdcpp", (65, 64), (128, 64)),
        ("koboldcpp", (127, 63), (64, 64)),
        ("koboldcpp", (2048, 512), (1024, 512)),
    ],
)
async def test_sizes_are_rounded_in_each_dialects_way(start, dialect, asked, made):
    answer = await (await start(dialect)).txt2img(width=asked[0], height=asked[1])
    assert answer.sizes == [made]
    if dialect != "koboldcpp":
        assert (answer.info["width"], answer.info["height"]) == asked  # what it says is not what it made


@pytest.mark.parametrize(
    ("sent", "seeds", "subseeds"),
    [
        ({}, [42, 43, 44, 45], None),
        ({"seed": 2**63 + 5}, [2**63 + 5, 2**63 + 6, 2**63 + 7, 2**63 + 8], None),
        ({"subseed": 7, "subseed_strength": 0.5}, [42] * 4, [7, 8, 9, 10]),
    ],
)
async def test_seeds_count_through_the_batches(forge, sent, seeds, subseeds):
    answer = await forge.txt2img(batch_size=2, n_iter=2, **sent)
    assert answer.info["all_seeds"] == seeds
    assert len(answer.pictures) == 4
    if subseeds:
        assert answer.info["all_subseeds"] == subseeds
        assert "Variation seed: 8, Variation seed strength: 0.5" in answer.info["infotexts"][1]


async def test_a_random_seed_is_told(forge):
    first, second = await forge.txt2img(seed=-1), await forge.txt2img(seed=-1)
    assert first.info["seed"] != second.info["seed"]
    again = await forge.txt2img(seed=first.info["seed"])
    assert again.pictures[0].tobytes() == first.pictures[0].tobytes()


@pytest.mark.parametrize(
    ("dialect", "sent", "used"),
    [
        ("forge", {"sampler_name": "NoSuch"}, ("DPM++ 2M", "Automatic")),
        ("forge", {"sampler_name": "DPM++ 2M Karras"}, ("DPM++ 2M", "Karras")),
        ("forge", {"sampler_name": "Euler", "scheduler": "karras"}, ("Euler", "Karras")),
        ("forge", {"sampler_name": "Euler", "scheduler": "NoSuch"}, ("Euler", "Automatic")),
        ("a1111", {"scheduler": "SGM Uniform"}, ("Euler", "SGM Uniform")),
        ("a1111-1.8", {"sampler_name": "DPM++ 2M Karras"}, ("DPM++ 2M Karras", None)),
        ("sdnext", {"sampler_name": "euler A"}, ("Euler a", None)),
        ("sdcpp", {"sampler_name": "NoSuch"}, ("NONE", None)),
        ("sdcpp", {"sampler_name": "Euler a"}, ("euler_a", None)),
    ],
)
async def test_names_are_changed_in_silence(start, dialect, sent, used):
    answer = await (await start(dialect)).txt2img(**sent)
    assert answer.info["sampler_name"] == used[0]
    (text,) = answer.info["infotexts"]
    assert (f"Schedule type: {used[1]}" in text) if used[1] else ("Schedule type" not in text)


@pytest.mark.parametrize("dialect", ["a1111-1.8", "sdnext"])
async def test_or_are_not_found(start, dialect):
    answer = await (await start(dialect)).txt2img(sampler_name="NoSuch")
    assert (answer.status, answer.json["detail"]) == (404, "Sampler not found")


async def test_an_override_lasts_for_one_request(forge):
    overrides = {"sd_model_checkpoint": "dreamshaper_8", "CLIP_stop_at_last_layers": 2, "samples_format": "jpg"}
    answer = await forge.txt2img(override_settings=overrides)
    assert (answer.info["sd_model_name"], answer.info["clip_skip"]) == ("dreamshaper_8", 2)
    assert "Model hash: 879db523c3" in answer.info["infotexts"][0]
    assert answer.pictures[0].format == "JPEG"
    assert (await forge.get("options")).json["CLIP_stop_at_last_layers"] == 1
    unknown = await forge.txt2img(override_settings={"sd_model_checkpoint": "NoSuch"})
    assert (unknown.info["sd_model_name"], unknown.json["parameters"]["override_settings"]) == ("sd15_random", {})


async def test_options_can_be_changed_for_good(forge):
    assert (await forge.post("options", {"sd_model_checkpoint": "dreamshaper_8"})).json is None
    assert (await forge.get("options")).json["sd_model_checkpoint"] == "dreamshaper_8.safetensors [879db523c3]"
    answer = await forge.post("options", {"sd_model_checkpoint": "NoSuch"})
    expected = {"error": "RuntimeError", "detail": "", "body": "", "message": "model 'NoSuch' not found"}
    assert (answer.status, answer.json) == (500, expected)


@pytest.mark.parametrize(
    ("sent", "count", "first", "seeds"),
    [
        ({"batch_size": 2}, 2, 0, 2),
        ({"batch_size": 2, "save_images": True}, 3, 1, 2),
        ({"save_images": True}, 1, 0, 1),
        (
            {"prompt": "a|b", "script_name": "Prompt Matrix", "script_args": [False, False, "positive", "comma", 0]},
            3,
            1,
            2,
        ),
        ({"batch_size": 2, "send_images": False}, 0, 0, 2),
    ],
)
async def test_grids_come_first_and_are_announced(forge, sent, count, first, seeds):
    answer = await forge.txt2img(**sent)
    assert len(answer.pictures) == count
    assert (answer.info["index_of_first_image"], len(answer.info["all_seeds"])) == (first, seeds)


async def test_prompt_matrix_combines_the_parts(forge):
    args = [False, True, "positive", "comma", 0]
    answer = await forge.txt2img(prompt="a|b|c", script_name="prompt matrix", script_args=args)
    assert answer.info["all_prompts"] == ["a", "a, b", "a, c", "a, b, c"]
    assert answer.info["all_seeds"] == [42, 43, 44, 45]


async def test_the_plot_takes_axes_by_index_and_keeps_its_pictures(forge):
    args = [4, "1,2", [], 0, "", [], 0, "", [], True, True, False, False, False, False, False, 0, False]
    answer = await forge.txt2img(script_name="x/y/z plot", script_args=args)
    assert (len(answer.pictures), answer.info["index_of_first_image"]) == (3, 1)
    only = await forge.txt2img(script_name="x/y/z plot", script_args=[*args[:10], False, *args[11:]])
    assert (len(only.pictures), only.info["index_of_first_image"]) == (1, 0)
    by_name = await forge.txt2img(script_name="x/y/z plot", script_args=["Steps", *args[1:]])
    assert (by_name.status, by_name.json["error"]) == (500, "TypeError")


async def test_control_maps_follow_the_pictures(forge):
    unit = {"enabled": True, "module": "canny", "model": "None", "image": halves(64, 64, "black", "white")}
    units = [unit, unit | {"save_detected_map": False}, unit | {"enabled": False}]
    answer = await forge.txt2img(batch_size=2, alwayson_scripts={"ControlNet": {"args": units}})
    *_, map_ = pictures = answer.pictures
    assert len(pictures) == 3
    assert "parameters" not in map_.info
    assert map_.convert("L").getextrema() == (0, 255)


async def test_a_misspelt_control_unit_is_noticed(forge):
    unit = {"image": halves(8, 8, "black", "white"), "resize mode": 1}
    await forge.txt2img(alwayson_scripts={"controlnet": {"args": [unit]}})
    assert forge.server.unknown_keys == ["controlnet: resize mode"]


async def test_a_detailer_pass_changes_the_middle(forge):
    plain = (await forge.txt2img()).pictures[0]
    args = [True, False, {"ad_model": "face_yolov8n.pt", "ad_prompt": "a face"}]
    answer = await forge.txt2img(alwayson_scripts={"ADetailer": {"args": args}})
    assert answer.info["extra_generation_params"]["ADetailer model"] == "face_yolov8n.pt"
    detailed = answer.pictures[0]
    assert detailed.getpixel((32, 32)) != plain.getpixel((32, 32))
    assert detailed.getpixel((2, 2)) == plain.getpixel((2, 2))


async def test_hires_and_forges_trap(start, forge):
    hires = {"enable_hr": True, "denoising_strength": 0.5}
    trap = await forge.txt2img(**hires)
    assert (trap.status, trap.json["message"]) == (500, "argument of type 'NoneType' is not iterable")
    assert (await forge.txt2img(**hires, hr_additional_modules=[])).sizes == [(128, 128)]
    a1111 = await start("a1111")
    assert (await a1111.txt2img(**hires, hr_resize_x=96)).sizes == [(96, 96)]
    assert (await a1111.txt2img(**hires, hr_upscaler="NoSuch")).json["errors"] == "could not find upscaler named NoSuch"
    sdcpp = await start("sdcpp")
    assert (await sdcpp.txt2img(**hires, hr_scale=3.0)).sizes == [(192, 192)]


# Lists

KEYS = {
    "samplers": {"name", "aliases", "options"},
    "schedulers": {"name", "label", "aliases", "default_rho", "need_inner_model"},
    "upscalers": {"name", "model_name", "model_path", "model_url", "scale"},
    "sd-models": {"title", "model_name", "hash", "sha256", "filename", "config"},
    "sd-vae": {"model_name", "filename"},
    "loras": {"name", "alias", "path", "metadata"},
    "prompt-styles": {"name", "prompt", "negative_prompt"},
}


@pytest.mark.parametrize("route", KEYS)
async def test_list_elements_have_the_recorded_shape(start, route):
    rows = (await (await start("a1111")).get(route)).json
    assert all(set(row) == KEYS[route] for row in rows)
    assert rows


@pytest.mark.parametrize("dialect", DIALECTS)
async def test_every_list_a_dialect_offers_is_there(start, dialect):
    webui = await start(dialect, webui=True)
    for route in sorted(webui.server.dialect.routes):
        method, path = route.split()
        if method == "GET":
            answer = await webui.get(path)
            assert answer.status == (500 if (dialect, path) == ("forge", "cmd-flags") else 200), route


async def test_styles_are_merged_into_the_prompt(forge):
    answer = await forge.txt2img(styles=["Watercolour", "Flat", "Clean (NO)", "NoSuch"])
    assert answer.info["prompt"] == "watercolour of a cat, soft paper, flat illustration"
    assert answer.info["negative_prompt"] == "dog, photo, watermark, text, blurry"


# What the double notices


async def test_requests_are_remembered_and_strange_keys_noticed(start):
    webui = await start("a1111")
    await webui.txt2img(hr_sampler="Euler", distilled_cfg_scale=3.5)
    await webui.get("progress?skip_current_image=true")
    assert webui.server.routes() == ["txt2img", "progress"]
    assert webui.server.bodies("txt2img") == [SMALL | {"hr_sampler": "Euler", "distilled_cfg_scale": 3.5}]
    assert webui.server.requests[1].query == {"skip_current_image": "true"}
    assert webui.server.requests[0].headers["content-type"] == "application/json"
    assert (webui.server.unknown_keys, webui.server.ignored_keys) == (
        ["txt2img: hr_sampler"],
        ["txt2img: distilled_cfg_scale"],
    )


async def test_a_server_that_boots_answers_404_first(start):
    webui = await start("forge", boot=2)
    assert [(await webui.get("samplers")).status for _ in range(3)] == [404, 404, 200]


async def test_a_base_path_is_part_of_every_route(start):
    webui = await start("sdnext", base_path="/sd")
    assert webui.server.url.endswith("/sd")
    assert (await webui.get("samplers")).status == 200
    assert webui.server.routes() == ["samplers"]


async def test_an_unloaded_model_is_a_200_with_nothing_in_it(start):
    answer = await (await start("sdnext", model_loaded=False)).txt2img()
    assert (answer.status, answer.json["images"], answer.json["info"]) == (200, [], "")


async def test_an_unknown_fault_is_refused():
    with pytest.raises(ValueError, match="No fault is called 'typo'"):
        Fault("typo")
