"""Videos, further families and remote decoding inside a real ComfyUI, on pipelines with tiny random weights."""

import io
import itertools
import subprocess
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
import torch

from lectern.pipelines.latents import scale_of
from support.client import Comfy, node
from support.decoder import DecoderServer, DecoderThread, stretched
from support.tiny import MORE, core_vae, tiny_pipeline
from tools.comfyui import find_comfyui
from tools.server import ComfyServer

from .test_pipelines import PICTURE, SAMPLE, loader, pictures, watched

VIDEO = {
    "prompt": "a quiet harbour", "negative_prompt": "", "seed": 7, "steps": 2, "guidance_scale": -1.0, "width": 64,
    "height": 64, "frames": 5, "fps": 12.0, "denoise": 0.75, "arguments": "",
}  # fmt: skip
FAMILIES = (*MORE, "wan", "wan22_i2v", "ltx")

_numbers = itertools.count()


@pytest.fixture(scope="module")
def decoder() -> Iterator[DecoderServer]:
    with DecoderThread(stretched) as server:
        yield server


@pytest.fixture(scope="module")
def server(decoder: DecoderServer) -> Iterator[ComfyServer]:
    server = ComfyServer(arguments=["--preview-method", "latent2rgb"])
    for family in FAMILIES:
        tiny_pipeline(family, server.base / "models" / "diffusers" / family)
    models = server.base / "models"
    (models / "vae").mkdir(parents=True)
    diffusers = models / "diffusers"
    core_vae(find_comfyui().path, models / "vae/wan.safetensors", diffusers / "wan_core", diffusers / "wan")
    settings = server.base / "user" / "__lectern" / "lectern.toml"
    settings.parent.mkdir(parents=True)
    settings.write_text(f'[decoders.far]\nurl = "{decoder.url}"\n[decoders.off]\nurl = "http://127.0.0.1:9"\n')
    with server:
        yield server


@pytest.fixture(scope="module")
def comfy(server: ComfyServer) -> Comfy:
    return Comfy(server.url)


def picture_graph(family: str, **changes: Any) -> dict[str, Any]:
    inputs = {**SAMPLE, "prompt": f"a quiet harbour {next(_numbers)}", **changes}
    return {
        "1": loader(family),
        "2": node("LecternPipelineSample", pipeline=["1", 0], **inputs),
        "3": node("PreviewImage", images=["2", 0]),
    }


def graph(family: str, **changes: Any) -> dict[str, Any]:
    inputs = {**VIDEO, "prompt": f"a quiet harbour {next(_numbers)}", **changes}
    return {
        "1": loader(family),
        "2": node("LecternPipelineVideo", pipeline=["1", 0], **inputs),
        "3": node("PreviewImage", images=["2", 0]),
    }


def saved(number: int = 1) -> dict[str, Any]:
    return {"4": node("SaveVideo", video=["2", number], filename_prefix="made", format="mp4", codec="h264")}


@pytest.mark.parametrize("family", MORE)
def test_pictures_of_further_families(comfy: Comfy, family: str):
    made = pictures(comfy, picture_graph(family, batch_size=2))
    assert [one.shape for one in made] == [(64, 64, 3)] * 2 and np.abs(made[0] - made[1]).mean() > 1
    for masked in ({}, {"mask": ["11", 0]}):
        sent = picture_graph(family, image=["10", 0], width=0, height=0, denoise=0.5, **masked) | PICTURE
        assert [one.shape for one in pictures(comfy, sent)] == [(48, 64, 3)] * 2
    seen = watched(comfy, picture_graph(family))
    assert seen.steps == [1, 2, 3, 4] and len(seen.previews) >= 4


def test_a_video_is_saved_with_its_frames_and_its_speed(comfy: Comfy):
    sent = graph("wan", frames=9) | saved()
    outputs = comfy.outputs(sent)
    with av.open(io.BytesIO(comfy.file(outputs["4"]["images"][0]))) as film:
        stream = film.streams.video[0]
        frames = [frame.to_ndarray(format="rgb24") for frame in film.decode(stream)]
        assert stream.average_rate == 12
    stills = [np.asarray(one.convert("RGB")) for one in comfy.pictures(outputs["3"]["images"])]
    assert len(frames) == len(stills) == 9 and {one.shape for one in frames} == {(64, 64, 3)}
    near = [np.abs(frame.astype(float) - still).mean() for frame, still in zip(frames, stills, strict=True)]
    assert max(near) < 12  # what the encoding costs; the frames of noise differ by far more


def test_image_to_video_with_a_first_and_a_last_frame(comfy: Comfy):
    sent = graph("wan22_i2v", image=["10", 0], end_image=["10", 0]) | PICTURE
    assert [one.shape for one in pictures(comfy, sent)] == [(64, 64, 3)] * 5


def test_video_to_video_goes_on_from_another_run(comfy: Comfy):
    sent = graph("wan")
    again = {"pipeline": ["1", 0], "prompt": "the same at night", "video": ["2", 0], "frames": 0, "width": 0}
    sent["5"] = node("LecternPipelineVideo", **{**VIDEO, **again, "height": 0, "denoise": 0.5})
    sent["6"] = node("PreviewImage", images=["5", 0])
    assert len(pictures(comfy, sent, "6")) == 5


def test_a_video_of_other_latents_than_comfyuis_gives_none(comfy: Comfy):
    """LTX: the frames are there, and what hangs on the latent does not run."""
    sent = graph("ltx", frames=9) | {
        "5": node("LecternPipelineDecode", pipeline=["1", 0], latent=["2", 2]),
        "6": node("PreviewImage", images=["5", 0]),
    }
    outputs = comfy.outputs(sent)
    assert len(outputs["3"]["images"]) == 9 and "6" not in outputs


def test_latents_of_a_video_are_encoded_and_decoded_here(comfy: Comfy):
    sent = graph("wan") | {
        "5": node("LecternPipelineDecode", pipeline=["1", 0], latent=["2", 2]),
        "6": node("PreviewImage", images=["5", 0]),
        "7": node("LecternPipelineEncode", pipeline=["1", 0], image=["2", 0]),
        "8": node("LecternPipelineDecode", pipeline=["1", 0], latent=["7", 0], decoder="local"),
        "9": node("PreviewImage", images=["8", 0]),
    }
    outputs = comfy.outputs(sent)
    first, second, third = ([one.tobytes() for one in comfy.pictures(outputs[place]["images"])] for place in "369")
    assert first == second and len(third) == 5


def test_every_step_reaches_the_editor_with_a_preview_and_cancel_ends_the_run(comfy: Comfy):
    seen = watched(comfy, graph("wan", steps=4))
    assert seen.steps == [1, 2, 3, 4] and len(seen.previews) >= 4 and seen.end == "execution_success"
    seen = watched(comfy, graph("wan", steps=900), cancel_at=3)
    assert seen.end == "execution_interrupted" and len(seen.steps) < 100
    assert len(pictures(comfy, graph("wan"))) == 5


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        (graph("wan", frames=6), "The next possible numbers are 5 and 9"),
        (graph("sd21"), "makes pictures. Link it to the node Pipeline Sample"),
        (picture_graph("wan"), "makes videos. Link it to the node Pipeline Video"),
        (graph("wan22_i2v"), "Link one as image"),
    ],
)
def test_a_mistake_is_one_sentence(comfy: Comfy, sent: dict[str, Any], said: str):
    assert said in comfy.error(sent)


def decoded(decoder_name: str) -> dict[str, Any]:
    return picture_graph("sd21", batch_size=2) | {
        "4": node("LecternPipelineDecode", pipeline=["1", 0], latent=["2", 1], decoder=decoder_name),
        "5": node("PreviewImage", images=["4", 0]),
    }


def test_a_remote_decoder_of_lectern_toml_is_asked(comfy: Comfy, decoder: DecoderServer):
    before = len(decoder.requests)
    made = pictures(comfy, decoded("far"), "5")
    assert [one.shape for one in made] == [(64, 64, 3)] * 2
    asked = decoder.requests[before:]
    assert [one["shape"] for one in asked] == [[1, 4, 8, 8]] * 2 and asked[0]["query"]["scaling_factor"] == "0.18215"


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("nobody", "lectern.toml names no decoder 'nobody'. Choose one of those that are there: local, far, off."),
        ("http://evil.example", "names no decoder"),
        ("off", "Decoder off (http://127.0.0.1:9) cannot be reached"),
    ],
)
def test_another_decoder_is_refused(comfy: Comfy, name: str, said: str):
    assert said in comfy.error(decoded(name))


def test_the_widget_lists_the_decoders(comfy: Comfy):
    options = comfy.get("/object_info/LecternPipelineDecode").json["LecternPipelineDecode"]["input"]["optional"]
    kind, more = options["decoder"]
    assert (more["options"] if kind == "COMBO" else kind) == ["local", "far", "off"]


def test_latents_of_videos_interchange_with_core_nodes(comfy: Comfy):
    """One Wan VAE, narrow but as deep as core's loader wants it; both sides read the same weights."""
    sent = {
        "1": loader("wan_core"),
        "2": node("VAELoader", vae_name="wan.safetensors"),
        "3": node("LecternSlideBackground", style="mesh gradient", palette="aurora", colors="", words="", seed=1,
                  width=64, height=64, batch_size=5),
        "4": node("VAEEncode", pixels=["3", 0], vae=["2", 0]),
        "5": node("LecternPipelineEncode", pipeline=["1", 0], image=["3", 0]),
        "6": node("VAEDecode", samples=["4", 0], vae=["2", 0]),
        "7": node("VAEDecode", samples=["5", 0], vae=["2", 0]),
        "8": node("LecternPipelineDecode", pipeline=["1", 0], latent=["4", 0]),
        "9": node("LecternPipelineDecode", pipeline=["1", 0], latent=["5", 0]),
        **{str(10 + place): node("PreviewImage", images=[str(place), 0]) for place in (6, 7, 8, 9)},
    }  # fmt: skip
    outputs = comfy.outputs(sent)
    found = [comfy.pictures(outputs[str(10 + place)]["images"]) for place in (6, 7, 8, 9)]
    core, *others = ([np.asarray(one.convert("RGB"), float) for one in frames] for frames in found)
    assert len(core) == 5 and all(frame.std() > 1 for frame in core)
    assert [len(frames) for frames in others] == [5] * 3
    assert [np.abs(np.stack(core) - np.stack(frames)).max() <= 2 for frames in others] == [True] * 3


SCALES = """
import sys
tree, out = sys.argv[1:]
sys.path.insert(0, tree)
import torch
import comfy.latent_formats as formats
latents = torch.randn(1, 48, 2, 4, 4, generator=torch.Generator().manual_seed(1))
torch.save({"latents": latents, "wan21": formats.Wan21().process_in(latents[:, :16])}, out)
"""


@pytest.mark.parametrize("kind", ["AutoencoderKLWan", "AutoencoderKLQwenImage"])
def test_the_scale_of_wan_is_cores(tmp_path: Path, kind: str):
    """What core's KSampler works on, from the same LATENT."""
    out = tmp_path / "scales.pt"
    subprocess.run([sys.executable, "-c", SCALES, find_comfyui().path, out], check=True, capture_output=True)
    core = torch.load(out, weights_only=True)
    latents = core["latents"][:, :16]
    vae = getattr(import_module("diffusers"), kind)(base_dim=4, z_dim=16, dim_mult=[1, 1, 1, 1], num_res_blocks=1)
    ours = scale_of(vae).to_pipeline(latents)
    assert torch.allclose(ours, core["wan21"], atol=1e-5)
    assert torch.allclose(scale_of(vae).to_comfy(ours), latents, atol=1e-5)
