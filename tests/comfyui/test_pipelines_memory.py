"""Ways to run and precisions inside a real ComfyUI: its memory manager stays the owner."""

import itertools
from collections.abc import Iterator
from typing import Any

import pytest

from support.client import Comfy, node
from support.tiny import FAMILIES, tiny_pipeline
from tools.server import ComfyServer

SAMPLE = {
    "negative_prompt": "", "seed": 7, "steps": 4, "guidance_scale": -1.0, "width": 64, "height": 64, "batch_size": 1,
    "denoise": 0.75, "clip_skip": 0, "arguments": "",
}  # fmt: skip

_numbers = itertools.count()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ComfyServer]:
    server = ComfyServer()
    diffusers = server.base / "models" / "diffusers"
    diffusers.mkdir(parents=True)
    for family in FAMILIES:
        tiny_pipeline(family, diffusers / family)
    with server:
        yield server


@pytest.fixture(scope="module")
def comfy(server: ComfyServer) -> Comfy:
    return Comfy(server.url)


def graph(family: str, plan: dict[str, Any] | None = None, prompt: str = "", **loaded: Any) -> dict[str, Any]:
    """Without a plan the sampler has the loader's own pipeline."""
    prompt = prompt or f"a quiet harbour {next(_numbers)}"
    sent = {
        "1": node("LecternPipelineLoader", **({"pipeline": family, "variant": "", "dtype": "auto"} | loaded)),
        "2": node("LecternPipelineSample", pipeline=["1" if plan is None else "4", 0], prompt=prompt, **SAMPLE),
        "3": node("PreviewImage", images=["2", 0]),
    }
    return sent if plan is None else sent | {"4": node("LecternPipelineMemory", pipeline=["1", 0], **plan)}


def picture(comfy: Comfy, sent: dict[str, Any]) -> bytes:
    return comfy.pictures(comfy.outputs(sent)["3"]["images"])[0].tobytes()


@pytest.mark.parametrize("family", FAMILIES)
def test_offloaded_the_picture_is_the_same_and_full_comes_back(comfy: Comfy, family):
    prompt = f"the same {next(_numbers)}"
    plain = picture(comfy, graph(family, prompt=prompt))
    for offload in ("model", "group", "sequential"):
        comfy.free(models=offload == "group", cache=False)
        assert picture(comfy, graph(family, {"offload": offload}, prompt=prompt)) == plain
    comfy.free()
    assert picture(comfy, graph(family, prompt=prompt)) == plain


def test_in_pieces_only_the_vae_is_in_comfyuis_hands(comfy: Comfy, server: ComfyServer):
    comfy.free(cache=False)
    before = server.log_text()
    picture(comfy, graph("flux", {"offload": "group"}))
    said = server.log_text()[len(before) :]
    assert "Requested to load AutoencoderKL" in said and "Requested to load FluxTransformer2DModel" not in said


def test_everything_at_once_and_nothing_left(comfy: Comfy):
    prompt = f"all {next(_numbers)}"
    plan = {"vae_tiling": True, "attention": "_native_math", "cache": "first block", "cache_threshold": 5.0}
    plain = picture(comfy, graph("flux", prompt=prompt))
    assert picture(comfy, graph("flux", plan | {"offload": "model"}, prompt=prompt)) != plain
    comfy.free()
    assert picture(comfy, graph("flux", prompt=prompt)) == plain


@pytest.mark.parametrize("family", FAMILIES)
def test_fp8_storage_comes_back_after_unloading(comfy: Comfy, family):
    prompt = f"fp8 {next(_numbers)}"
    first = picture(comfy, graph(family, {"offload": "full"}, prompt=prompt, dtype="fp8 storage"))
    comfy.free(cache=False)
    second = picture(comfy, graph(family, {"offload": "model"}, prompt=prompt, dtype="fp8 storage"))
    assert first == second


def test_a_precision_that_the_device_lacks_is_said_on_the_node(comfy: Comfy):
    outputs = comfy.outputs(graph("sd15", dtype="fp16"))
    assert outputs["1"]["lectern_notes"] == ["This device does not run fp16; the pipeline was loaded as fp32."]


@pytest.mark.parametrize(
    ("family", "plan", "said"),
    [
        ("sd15", {"cache": "first block"}, "diffusers has no cache for the UNet2DConditionModel of StableDiffusionPip"),
        ("sdxl", {"attention": "flex"}, "takes no attention backend flex. It takes: native"),
        ("flux", {"attention": "sage"}, "needs the Python package sageattention, which is not installed"),
        ("flux", {"offload": "sequential", "compile": True}, "do not go together"),
    ],
)
def test_what_does_not_fit_is_one_sentence(comfy: Comfy, family, plan, said):
    assert said in comfy.error(graph(family, plan))


def test_a_missing_quantization_package_is_named(comfy: Comfy):
    assert "needs the Python package torchao" in comfy.error(graph("flux", quantization="torchao int8"))
