"""Sampling on one server of each family."""

import pytest
import torch

from lectern.errors import LengthError
from lectern.sdwebui import sampling
from lectern.sdwebui.draft import ControlUnit, Draft, LoraTag, ScriptChoice
from lectern.sdwebui.errors import AnswerError, RequestError, Unsuited
from lectern.sdwebui.options import Hires
from lectern.sdwebui.pictures import Bounds
from support.webui import Fault
from unit.sdwebui.conftest import SMALL, picture

DIALECTS = ["a1111", "a1111-1.8", "reforge", "forge", "sdnext", "sdcpp", "koboldcpp"]


@pytest.mark.parametrize("dialect", DIALECTS)
async def test_txt2img_on_every_family(farm, dialect):
    server = await farm.add(dialect=dialect)
    made = await farm.sample(seed=2**40)
    assert made.images.shape == (1, 64, 64, 3)
    assert made.images.dtype == torch.float32 and made.images.min() >= 0 and made.images.max() <= 1
    assert made.seeds == [2**40]
    assert made.infotexts[0].startswith("a lighthouse") and "Seed: 1099511627776" in made.infotexts[0]
    assert made.info["lectern"]["requests"] == [{"server": "local", "pictures": 1}]
    assert made.extras == []
    assert made.warnings == []
    assert server.active == []
    assert farm.watch.fraction == 1


@pytest.mark.parametrize("dialect", DIALECTS)
async def test_a_batch_keeps_order_seeds_and_count_whatever_the_family_can_do_at_once(farm, dialect):
    await farm.add(dialect=dialect)
    made = await farm.sample(batch_size=2, n_iter=3)
    single = [await farm.sample(seed=7 + place) for place in range(6)]
    assert made.seeds == [7, 8, 9, 10, 11, 12]
    assert torch.equal(made.images, torch.cat([one.images for one in single]))
    assert [f"Seed: {seed}" in text for seed, text in zip(made.seeds, made.infotexts, strict=True)] == [True] * 6
    assert made.info["lectern"]["warnings"] == []


async def test_one_request_where_the_server_can_make_them_all(farm):
    await farm.add()
    await farm.sample(batch_size=2, n_iter=3)
    (body,) = farm.sent()
    assert (body["batch_size"], body["n_iter"], body["seed"]) == (2, 3, 7)
    assert (body["send_images"], body["save_images"]) == (True, False)
    assert "scheduler" not in body and "sampler_name" not in body  # nothing was chosen, so nothing is sent
    assert None not in body.values()


async def test_minus_one_is_any_seed_and_one_only(farm):
    await farm.add(dialect="sdcpp")
    first, second = await farm.sample(seed=-1, batch_size=2, n_iter=2), await farm.sample(seed=-1)
    assert first.seeds == list(range(first.seeds[0], first.seeds[0] + 4))
    assert first.seeds[0] != second.seeds[0]


async def test_a_variation_counts_the_subseed(farm):
    await farm.add()
    whole = await farm.sample(subseed=100, subseed_strength=0.5, n_iter=3)
    assert whole.seeds == [7, 7, 7]
    alone = await farm.sample(subseed=102, subseed_strength=0.5)
    assert torch.equal(whole.images[2:], alone.images)


async def test_img2img_starts_from_each_picture_of_a_batch(farm):
    await farm.add()
    start = picture(count=2)
    made = await farm.sample(draft=Draft(image=start), batch_size=2, denoising_strength=0.5)
    assert made.images.shape == (4, 64, 64, 3) and made.seeds == [7, 8, 9, 10]
    alone = await farm.sample(draft=Draft(image=start[1:]), seed=9, batch_size=2, denoising_strength=0.5)
    assert torch.equal(made.images[2:], alone.images)
    assert [len(body["init_images"]) for body in farm.sent(route="img2img")] == [1, 1, 1]


async def test_no_denoise_gives_the_picture_back(farm):
    await farm.add()
    start = picture()
    made = await farm.sample(draft=Draft(image=start), denoising_strength=0.0)
    assert (made.images - start).abs().max() <= 1 / 255


async def test_the_linked_picture_gives_the_size(farm):
    await farm.add()
    made = await farm.sample(draft=Draft(image=picture(100, 141)), width=0, height=0)
    assert made.images.shape == (1, 96, 144, 3)  # in steps of 8
    with pytest.raises(RequestError, match="width is 0"):
        await farm.sample(width=0)


@pytest.mark.parametrize("dialect", ["a1111", "forge", "sdnext", "sdcpp", "koboldcpp"])
@pytest.mark.parametrize("invert", [0, 1])
async def test_the_mask_says_what_is_painted_and_the_rest_is_kept(farm, dialect, invert):
    """White is painted. Where the server does not lay the original over, Lectern does."""
    await farm.add(dialect=dialect)
    start, mask = picture(), torch.zeros((1, 64, 64))
    mask[:, :, 32:] = 1
    draft = Draft(image=start, mask=mask)
    made = await farm.sample(
        draft=draft, denoising_strength=1.0, inpainting_fill=1, inpaint_full_res=False, inpainting_mask_invert=invert
    )
    change = (made.images - start).abs().mean(dim=(0, 1, 3))
    kept, painted = (change[:16], change[48:]) if not invert else (change[48:], change[:16])
    assert kept.max() < 0.02
    assert painted.mean() > 0.1


@pytest.mark.parametrize(
    ("mask", "invert"), [(torch.zeros(1, 64, 64), 0), (torch.ones(1, 64, 64), 1), (torch.full((1, 64, 64), 0.4), 0)]
)
async def test_a_blank_mask_is_refused_before_anything_is_sent(farm, mask, invert):
    await farm.add()
    with pytest.raises(RequestError, match="nothing to paint"):
        await farm.sample(draft=Draft(image=picture(), mask=mask), inpainting_mask_invert=invert)
    assert farm.sent(route="img2img") == []


async def test_masks_of_another_size_are_fitted_and_of_another_shape_refused(farm):
    await farm.add()
    mask = torch.zeros((1, 128, 128))
    mask[:, :, 64:] = 1
    made = await farm.sample(draft=Draft(image=picture(), mask=mask), denoising_strength=1.0)
    assert made.images.shape == (1, 64, 64, 3)
    with pytest.raises(RequestError, match="128x64 pixels and the picture 64x64"):
        await farm.sample(draft=Draft(image=picture(), mask=mask[:, :64]))
    with pytest.raises(RequestError, match="no image"):
        await farm.sample(draft=Draft(mask=mask))
    with pytest.raises(LengthError, match="image has 3 pictures and mask has 2"):
        await farm.sample(draft=Draft(image=picture(count=3), mask=mask.expand(2, -1, -1)))


async def test_grids_and_control_maps_are_extras(farm):
    await farm.add()
    unit = ControlUnit({"module": "canny", "model": "None", "save_detected_map": True}, picture())
    made = await farm.sample(
        draft=Draft(units=(unit,)), batch_size=2, save_images=True, override_settings={"return_grid": True}
    )
    plain = await farm.sample(batch_size=2)
    assert torch.equal(made.images, plain.images) and made.seeds == plain.seeds == [7, 8]
    assert [one.shape[0] for one in made.extras] == [1] * len(made.extras) and len(made.extras) >= 2
    assert "Seed: 7" in made.infotexts[0] and "Seed: 8" in made.infotexts[1]


async def test_a_script_may_make_any_number(farm):
    await farm.add()
    draft = Draft(scripts=(ScriptChoice("Prompt Matrix", {"Use different seed for each picture": True}),))
    made = await farm.sample(draft=draft, prompt="a lighthouse|at night")
    (body,) = farm.sent()
    assert body["script_name"].casefold() == "prompt matrix"
    assert made.images.shape[0] == 2 and len(made.extras) == 1
    with pytest.raises(Unsuited, match="no argument 'Legend'"):
        await farm.sample(draft=Draft(scripts=(ScriptChoice("prompt matrix", {"Legend": 1}),)))
    with pytest.raises(Unsuited, match="no script 'Nothing'"):
        await farm.sample(draft=Draft(scripts=(ScriptChoice("Nothing", {}),)))


async def test_adetailer_and_controlnet_arrive_as_the_extensions_read_them(farm):
    await farm.add()
    units = (
        ControlUnit({"module": "canny", "model": "None", "save_detected_map": False}, picture(), torch.ones(1, 64, 64)),
    )
    passes = ({"ad_model": "face_yolov8n.pt"}, {"ad_model": "hand_yolov8n.pt"})
    made = await farm.sample(draft=Draft(units=units, passes=passes))
    scripts = farm.sent()[0]["alwayson_scripts"]
    assert scripts["ADetailer"]["args"] == [
        True,
        False,
        {"ad_model": "face_yolov8n.pt"},
        {"ad_model": "hand_yolov8n.pt"},
    ]
    (unit,) = scripts["ControlNet"]["args"]
    assert unit["enabled"] and unit["module"] == "canny" and unit["image"] and unit["mask_image"] == unit["mask"]
    assert made.extras == []


async def test_hires_on_forge_sends_the_list_without_which_it_fails(farm):
    """And one that keeps the modules of the first pass: an empty list takes Flux its text encoders."""
    await farm.add()
    made = await farm.sample(enable_hr=True, hr_scale=2.0, denoising_strength=0.4, hr_second_pass_steps=3)
    assert farm.sent()[0]["hr_additional_modules"] == ["Use same choices"]
    assert made.images.shape == (1, 128, 128, 3) and made.warnings == []


async def test_sdcpp_gets_loras_as_a_list_and_its_own_names(farm):
    server = await farm.add(dialect="sdcpp")
    name = server.lists["loras"][0]["name"]
    await farm.sample(draft=Draft(loras=(LoraTag(name, 0.5),)), enable_hr=True, hr_second_pass_steps=3, hr_scale=2.0)
    body = farm.sent()[0]
    assert body["lora"] == [{"path": server.lists["loras"][0]["path"], "multiplier": 0.5}]
    assert body["prompt"] == "a lighthouse" and body["hr_steps"] == 3
    with pytest.raises(Unsuited, match="no LoRA 'nothing'"):
        await farm.sample(prompt="a <lora:nothing:1> cat")


async def test_old_a1111_gets_the_scheduler_in_the_samplers_name(farm):
    await farm.add(dialect="a1111-1.8")
    made = await farm.sample(sampler_name="DPM++ 2M", scheduler="Karras")
    assert farm.sent()[0]["sampler_name"] == "DPM++ 2M Karras" and "scheduler" not in farm.sent()[0]
    assert made.warnings == []


async def test_the_clip_skip_and_vae_of_each_family(farm):
    for name, dialect in {"a": "a1111", "f": "forge", "s": "sdnext"}.items():
        await farm.add(name, dialect=dialect)
        await farm.sample(name, Draft(vae="anime.vae.safetensors"), override_settings={"CLIP_stop_at_last_layers": 2})
    assert farm.sent("a")[0]["override_settings"] == {"CLIP_stop_at_last_layers": 2, "sd_vae": "anime.vae.safetensors"}
    assert farm.sent("f")[0]["override_settings"]["forge_additional_modules"] == ["anime.vae.safetensors"]
    assert farm.sent("s")[0]["clip_skip"] == 2


async def test_jpeg_webp_and_data_addresses_are_read(farm):
    server = await farm.add()
    for kind in ("jpeg", "webp", "data-url"):
        server.fault = Fault(kind)
        assert (await farm.sample()).images.shape == (1, 64, 64, 3)


async def test_an_answer_is_let_go_once_its_pictures_are_decoded(farm, monkeypatch):
    """Else the base64 of a long order's every answer stays until the last one came."""
    seen = []
    monkeypatch.setattr(sampling, "_together", lambda made, strict: seen.extend(made))
    await farm.add(dialect="sdcpp")
    await farm.sample(n_iter=2)
    assert [list(one.reply.images) + list(one.reply.extras) for one in seen] == [[], []]


async def test_what_belongs_to_the_other_mode_is_told_and_not_sent(farm):
    await farm.add()
    hires = Hires({"hr_scale": 2.0, "denoising_strength": 0.1})
    made = await farm.sample(draft=hires.apply(Draft(fields={"denoising_strength": 0.6}, image=picture())))
    (body,) = farm.sent(route="img2img")
    assert not any(name.startswith(("hr_", "enable_hr")) for name in body)
    assert body["denoising_strength"] == 0.6  # the one beside it is that of a second pass, of which there is none
    (warning,) = made.warnings
    assert "does not heed: enable_hr, hr_scale" in warning
    await farm.sample(inpaint_full_res=False, mask_blur=8)
    assert "mask_blur" not in farm.sent()[0]


@pytest.mark.parametrize("dialect", ["forge", "a1111", "sdnext"])
@pytest.mark.parametrize(
    "hires",
    [
        {"hr_scale": 1.3},
        {"hr_scale": 2.0},
        {"hr_resize_x": 104},
        {"hr_resize_y": 136},
        {"hr_resize_x": 96, "hr_resize_y": 104},
    ],
)
async def test_a_second_pass_rounds_to_what_a_latent_can_be(farm, dialect, hires):
    """Nobody asked for 83 pixels where a scale of 1.3 comes to that."""
    await farm.add(dialect=dialect)
    made = await farm.sample(width=64, height=72, enable_hr=True, **hires)
    assert made.warnings == []


@pytest.mark.parametrize("dialect", DIALECTS)
async def test_a_size_that_is_left_to_the_server_is_no_mismatch(farm, dialect):
    await farm.add(dialect=dialect)
    assert (await farm.sample(draft=Draft(fields={}), width=None, height=None)).warnings == []


@pytest.mark.parametrize("dialect", ["sdcpp", "koboldcpp"])
async def test_a_clip_skip_that_is_heeded_is_not_said_to_be_ignored(farm, dialect):
    await farm.add(dialect=dialect)
    made = await farm.sample(override_settings={"CLIP_stop_at_last_layers": 2})
    assert farm.sent()[0]["clip_skip"] == 2 and made.warnings == []
    (warning,) = (
        await farm.sample(override_settings={"CLIP_stop_at_last_layers": 2, "eta_noise_seed_delta": 1})
    ).warnings
    assert warning.endswith("does not heed: override_settings.")


@pytest.mark.parametrize("dialect", ["sdcpp", "koboldcpp"])
async def test_a_script_that_is_not_heeded_costs_no_pictures(farm, dialect):
    """Scripts are not divided, but where there is none, a request still makes only what such a server can."""
    await farm.add(dialect=dialect)
    made = await farm.sample(draft=Draft(scripts=(ScriptChoice("x/y/z plot", {}),)), batch_size=2, n_iter=2)
    assert made.seeds == [7, 8, 9, 10] and len(made.images) == 4
    assert "does not heed: the script x/y/z plot" in made.warnings[0]


async def test_an_old_samplers_name_in_any_case_is_no_change(farm):
    await farm.add()
    assert (await farm.sample(sampler_name="dpm++ 2m karras")).warnings == []


async def test_pictures_that_nobody_asked_for_are_bounded(farm):
    await farm.add()
    units = (ControlUnit({"module": "canny"}, picture()), ControlUnit({"module": "canny"}, picture()))
    draft = Draft(units=units).with_fields({**SMALL})
    with pytest.raises(AnswerError, match="more than one node may hold"):
        await sampling.sample(farm.hub, "local", draft, Bounds(4096, 64 * 64 + 1), farm.watch)


@pytest.mark.parametrize("dialect", ["sdcpp", "koboldcpp"])
async def test_seeds_count_where_a_variation_is_not_heeded(farm, dialect):
    """Else every request of the order would make the same picture."""
    await farm.add(dialect=dialect)
    made = await farm.sample(n_iter=3, subseed=100, subseed_strength=0.5)
    assert made.seeds == [7, 8, 9]
    assert not torch.equal(made.images[0], made.images[1])
