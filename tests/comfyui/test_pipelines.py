"""The Diffusers nodes inside a real ComfyUI, on real pipelines with tiny random weights."""

import asyncio
import base64
import itertools
import json
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any, NamedTuple

import aiohttp
import numpy as np
import openai
import pytest
from PIL import Image

from support.client import Comfy, node
from support.tiny import FAMILIES, full_vae, tiny_pipeline
from support.tiny.previews import preview_decoder
from tools.server import ComfyServer

OWN = "pipeline's own"
SAMPLE = {
    "prompt": "a quiet harbour", "negative_prompt": "", "seed": 7, "steps": 4, "guidance_scale": -1.0, "width": 64,
    "height": 64, "batch_size": 1, "denoise": 0.75, "clip_skip": 0, "arguments": "",
}  # fmt: skip
FULL_VAE = 335 << 20  # bytes of one, in fp32: what both sides of the alternation load each time

_numbers = itertools.count()


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tiny")
    for family in FAMILIES:
        tiny_pipeline(family, folder / family)
    full_vae(folder / "sd15_full_vae", folder / "sd15")
    return folder


@pytest.fixture(scope="module")
def server(tiny: Path) -> Iterator[ComfyServer]:
    """One of its own: the pipelines show in the node's list, and its memory is measured."""
    server = ComfyServer(arguments=["--preview-method", "latent2rgb"])
    models = server.base / "models"
    diffusers, vae = models / "diffusers", models / "vae"
    for folder in (diffusers, vae, models / "vae_approx"):
        folder.mkdir(parents=True)
    for family in (*FAMILIES, "sd15_full_vae"):
        (diffusers / family).symlink_to(tiny / family, target_is_directory=True)
    preview_decoder(models / "vae_approx" / "taesd_decoder.safetensors", 4)
    (vae / "full.safetensors").symlink_to(tiny / "sd15_full_vae/vae/diffusion_pytorch_model.safetensors")
    with server:
        yield server


@pytest.fixture(scope="module")
def comfy(server: ComfyServer) -> Comfy:
    return Comfy(server.url)


def loader(name: str, **changes: Any) -> dict[str, Any]:
    return node("LecternPipelineLoader", **({"pipeline": name, "variant": "", "dtype": "auto"} | changes))


def graph(family: str, source: str = "1", **changes: Any) -> dict[str, Any]:
    """Every graph is another one: ComfyUI would give again what it knows."""
    inputs = {**SAMPLE, "prompt": f"a quiet harbour {next(_numbers)}", **changes}
    return {
        "1": loader(family),
        "2": node("LecternPipelineSample", pipeline=[source, 0], **inputs),
        "3": node("PreviewImage", images=["2", 0]),
    }


PICTURE = {
    "10": node("EmptyImage", width=64, height=48, batch_size=2, color=0x3366CC),
    "11": node("SolidMask", value=1.0, width=64, height=48),
}


def pictures(comfy: Comfy, sent: dict[str, Any], place: str = "3") -> list[np.ndarray]:
    made = comfy.pictures(comfy.outputs(sent)[place]["images"])
    return [np.asarray(picture.convert("RGB"), float) for picture in made]


def times_loaded(server: ComfyServer, name: str) -> int:
    """How often ComfyUI's memory manager brought such a model to the device."""
    return server.log_text().count(f"Requested to load {name}")


def test_the_list_shows_every_pipeline_in_order(comfy: Comfy):
    info = comfy.get("/object_info/LecternPipelineLoader").json["LecternPipelineLoader"]
    options = info["input"]["required"]["pipeline"]
    names = options[1]["options"] if options[0] == "COMBO" else options[0]
    assert names == ["flux", "sd15", "sd15_full_vae", "sdxl"]


@pytest.mark.parametrize("family", FAMILIES)
class TestEachFamily:
    def test_text_to_image(self, comfy: Comfy, family):
        made = pictures(comfy, graph(family, batch_size=2))
        assert [one.shape for one in made] == [(64, 64, 3)] * 2
        assert all(one.std() > 3 for one in made) and np.abs(made[0] - made[1]).mean() > 1

    def test_image_to_image_takes_the_images_size(self, comfy: Comfy, family):
        sent = graph(family, image=["10", 0], width=0, height=0, denoise=0.5, batch_size=2) | PICTURE
        assert [one.shape for one in pictures(comfy, sent)] == [(48, 64, 3)] * 4

    def test_inpainting(self, comfy: Comfy, family):
        sent = graph(family, image=["10", 0], mask=["11", 0], width=0, height=0, denoise=1.0) | PICTURE
        assert [one.shape for one in pictures(comfy, sent)] == [(48, 64, 3)] * 2

    def test_another_scheduler_for_one_branch_alone(self, comfy: Comfy, family):
        sent = graph(family) | {
            "4": node("LecternPipelineScheduler", pipeline=["1", 0], scheduler="UniPCMultistep", sigmas=OWN, shift=0.0),
        }
        sent["5"] = node("LecternPipelineSample", **(sent["2"]["inputs"] | {"pipeline": ["4", 0]}))
        sent["6"] = node("PreviewImage", images=["5", 0])
        outputs = comfy.outputs(sent)
        own, other = (comfy.pictures(outputs[place]["images"])[0].tobytes() for place in ("3", "6"))
        comfy.free()  # so that ComfyUI's cache does not answer
        again = comfy.pictures(comfy.outputs(graph(family, prompt=sent["2"]["inputs"]["prompt"]))["3"]["images"])
        assert own != other and own == again[0].tobytes()

    def test_a_latent_is_decoded_as_the_sampler_decodes_it(self, comfy: Comfy, family):
        sent = graph(family) | {
            "4": node("LecternPipelineDecode", pipeline=["1", 0], latent=["2", 1]),
            "5": node("PreviewImage", images=["4", 0]),
        }
        outputs = comfy.outputs(sent)
        first, second = (comfy.pictures(outputs[place]["images"])[0].tobytes() for place in ("3", "5"))
        assert first == second

    def test_freed_models_come_back_for_the_next_run(self, comfy: Comfy, server: ComfyServer, family):
        denoiser = "FluxTransformer2DModel" if family == "flux" else "UNet2DConditionModel"
        comfy.outputs(graph(family))
        before = times_loaded(server, denoiser)
        comfy.outputs(graph(family))
        assert times_loaded(server, denoiser) == before
        comfy.free(cache=False)
        comfy.outputs(graph(family))
        assert times_loaded(server, denoiser) == before + 1


class Seen(NamedTuple):
    steps: list[int]
    previews: list[Image.Image]
    end: str  # the last event


def watched(comfy: Comfy, sent: dict[str, Any], cancel_at: int | None = None, previews: str | None = None) -> Seen:
    """Runs a graph as the editor does, and presses Cancel when it sees that step."""
    request = {"prompt": sent, "client_id": "watcher", "extra_data": {"preview_method": previews} if previews else {}}

    async def watch() -> Seen:
        steps, shown = [], []
        async with aiohttp.ClientSession() as session, session.ws_connect(f"{comfy.url}/ws?clientId=watcher") as socket:
            async with session.post(f"{comfy.url}/prompt", json=request) as answer:
                assert answer.status == 200
            async for message in socket:
                if message.type is aiohttp.WSMsgType.BINARY:
                    shown.append(Image.open(BytesIO(message.data[message.data.index(b"\xff\xd8") :])))
                    continue
                event = message.json()
                if event["type"] == "progress":
                    steps.append(event["data"]["value"])
                    if steps[-1] == cancel_at:
                        await session.post(f"{comfy.url}/interrupt", json={})
                if event["type"] in ("execution_success", "execution_error", "execution_interrupted"):
                    return Seen(steps, shown, event["type"])
        raise AssertionError("the socket closed")

    return asyncio.run(watch())


@pytest.mark.parametrize("family", FAMILIES)
def test_every_step_reaches_the_editor_with_a_preview(comfy: Comfy, family):
    """ComfyUI's own previewer of the family, on the pipeline's latents."""
    seen = watched(comfy, graph(family))
    assert seen.steps == [1, 2, 3, 4] and len(seen.previews) >= 4 and seen.end == "execution_success"


def test_a_small_decoder_makes_the_previews_where_there_is_one(comfy: Comfy):
    """TAESD, in the folder where ComfyUI looks for it. That of the test sees red in everything."""
    for shown in watched(comfy, graph("sd15"), previews="taesd").previews:
        red, green, blue = np.asarray(shown.convert("RGB"), float).mean((0, 1))
        assert red > 200 and max(green, blue) < 150


@pytest.mark.parametrize("family", FAMILIES)
def test_cancel_ends_the_run_and_the_next_one_works(comfy: Comfy, family):
    seen = watched(comfy, graph(family, steps=5000 if family == "flux" else 900), cancel_at=3)
    assert seen.end == "execution_interrupted" and len(seen.steps) < 100
    assert len(pictures(comfy, graph(family))) == 1


def test_a_second_run_loads_nothing(comfy: Comfy):
    comfy.outputs(graph("sd15"))
    entry = comfy.run(graph("sd15"))
    cached = [data["nodes"] for kind, data in entry["status"]["messages"] if kind == "execution_cached"]
    assert cached == [["1"]]


def test_a_changed_file_is_loaded(comfy: Comfy, tiny: Path):
    file = tiny / "sd15" / "scheduler" / "scheduler_config.json"
    text = file.read_text("utf-8")
    prompt = f"a changed file {next(_numbers)}"
    first = pictures(comfy, graph("sd15", prompt=prompt))[0]
    file.write_text(json.dumps(json.loads(text) | {"beta_end": 0.2}), "utf-8")
    try:
        assert np.abs(pictures(comfy, graph("sd15", prompt=prompt))[0] - first).max() > 0
    finally:
        file.write_text(text, "utf-8")


@pytest.mark.parametrize(
    ("family", "change", "said"),
    [
        ("sd15", {"width": 100}, "multiples of 8 pixels, got 100x64. The next possible sizes are 96x64 and 104x64"),
        ("flux", {"width": 72}, "multiples of 16 pixels"),
        ("flux", {"clip_skip": 1}, "FluxPipeline has no clip_skip"),
        ("sd15", {"arguments": '{"etha": 1}'}, "no argument 'etha' to set. It takes: timesteps=None, sigmas=None"),
        ("sd15", {"arguments": '{"steps"'}, "This is no JSON"),
        ("sd15", {"arguments": '{"height": 64}'}, "height has an input of its own"),
        ("sd15", {"mask": ["11", 0]}, "A mask is linked but no image"),
        ("sd15", {"image": ["10", 0], "denoise": 0.0}, "A denoise of 0.0 leaves none of 4 steps"),
    ],
)
def test_a_mistake_is_one_sentence_and_the_next_run_works(comfy: Comfy, family, change, said):
    assert said in comfy.error(graph(family, **change) | PICTURE)
    assert len(pictures(comfy, graph(family))) == 1


def test_a_scheduler_that_does_not_fit_is_refused_with_those_that_do(comfy: Comfy):
    sent = graph("flux", source="4") | {
        "4": node("LecternPipelineScheduler", pipeline=["1", 0], scheduler="DDIM", sigmas=OWN, shift=0.0),
    }
    assert "cannot use the scheduler DDIM. It takes: FlowMatchEulerDiscrete" in comfy.error(sent)


def test_latents_interchange_with_core_nodes(comfy: Comfy):
    """The VAE has the size that core's loader expects; both sides read the same file."""
    sent = {
        "1": loader("sd15_full_vae"),
        "2": node("VAELoader", vae_name="full.safetensors"),
        "3": node("LecternSlideBackground", style="mesh gradient", palette="aurora", colors="", words="", seed=1,
                  width=64, height=64, batch_size=1),
        "4": node("VAEEncode", pixels=["3", 0], vae=["2", 0]),
        "5": node("LecternPipelineEncode", pipeline=["1", 0], image=["3", 0]),
        "6": node("VAEDecode", samples=["4", 0], vae=["2", 0]),
        "7": node("VAEDecode", samples=["5", 0], vae=["2", 0]),
        "8": node("LecternPipelineDecode", pipeline=["1", 0], latent=["4", 0]),
        "9": node("LecternPipelineDecode", pipeline=["1", 0], latent=["5", 0]),
        **{str(10 + place): node("PreviewImage", images=[str(place), 0]) for place in (6, 7, 8, 9)},
    }  # fmt: skip
    outputs = comfy.outputs(sent)
    found = [comfy.pictures(outputs[str(10 + place)]["images"])[0] for place in (6, 7, 8, 9)]
    core, *others = (np.asarray(picture.convert("RGB"), float) for picture in found)
    assert core.std() > 1
    assert [np.abs(core - other).max() <= 2 for other in others] == [True] * 3


def test_twenty_alternations_with_a_core_model_do_not_grow(comfy: Comfy, server: ComfyServer):
    """All of one size: what core's own VAE leaves behind differs with the size."""

    def turn() -> int:
        core = {
            "1": node("VAELoader", vae_name="full.safetensors"),
            "2": node("EmptyLatentImage", width=64, height=64, batch_size=1),
            "3": node("LatentMultiply", samples=["2", 0], multiplier=1 + next(_numbers) / 1000),
            "4": node("VAEDecode", samples=["3", 0], vae=["1", 0]),
            "5": node("PreviewImage", images=["4", 0]),
        }
        comfy.outputs(core)
        comfy.outputs(graph("sd15_full_vae"))
        comfy.free()
        return resident(server)

    before = min(turn() for _ in range(5))  # the least: ComfyUI frees a moment after it has answered
    after = [turn() for _ in range(20)]
    assert min(after[-5:]) - before < FULL_VAE


def resident(server: ComfyServer) -> int:
    """Bytes in memory."""
    lines = Path(f"/proc/{server.pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmRSS"))


def test_a_pipeline_is_a_model_of_openais_api(comfy: Comfy):
    """Its previews are the partial pictures of a stream, and a mask makes it inpaint."""
    face = {"base_url": f"{comfy.url}/lectern/openai/v1", "api_key": "none", "max_retries": 0}
    hole = BytesIO()
    Image.new("RGBA", (64, 48), (0, 0, 0, 0)).save(hole, "PNG")
    with openai.OpenAI(**face) as client:
        assert {f"diffusers:{family}" for family in FAMILIES} < {model.id for model in client.models.list()}
        more = {"input": {"steps": 150}}
        with client.images.generate(
            model="diffusers:sd15", prompt="x", size="64x64", stream=True, partial_images=1, extra_body=more
        ) as stream:
            partial, completed = list(stream)
        edited = client.images.edit(
            model="diffusers:sd15", prompt="x", image=hole.getvalue(), mask=hole.getvalue(), n=2
        )
    assert (partial.type, partial.partial_image_index) == ("image_generation.partial_image", 0)
    pictures = [Image.open(BytesIO(base64.b64decode(one.b64_json))) for one in (partial, completed)]
    assert pictures[0].format == "PNG" and pictures[1].size == (64, 64) and completed.size == "64x64"
    assert len(edited.data or ()) == 2
    with pytest.raises(openai.NotFoundError), openai.OpenAI(**face) as client:
        client.images.generate(model="diffusers:none", prompt="x")
