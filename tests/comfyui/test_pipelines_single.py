"""Single files in a real ComfyUI; and the shipped configs against ComfyUI's own models of the same families."""

import itertools
import json
import os
import struct
import subprocess
import sys
from collections.abc import Iterator
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lectern.pipelines.denoisers import facts, shipped_config
from lectern.pipelines.families import recognised
from lectern.pipelines.singlefile import CONFIGS
from lectern.weightfiles import Stored
from support.client import Comfy, node
from support.tiny import tiny_pipeline
from support.tiny.singlefiles import checkpoint, denoiser, gguf_denoiser
from tools.server import ComfyServer, default_comfyui

SAMPLE = {
    "prompt": "a quiet harbour", "negative_prompt": "", "seed": 7, "steps": 2, "guidance_scale": -1.0, "width": 64,
    "height": 64, "batch_size": 1, "denoise": 0.75, "clip_skip": 0, "arguments": "",
}  # fmt: skip
CHECKPOINT, FLUX, GGUF = "checkpoints/sub/sd15.safetensors", "diffusion_models/flux.safetensors", "diffusers/flux.gguf"
SHIPPED = [
    "flux_dev", "flux_schnell", "qwen_image", "sd15", "sd21_base", "sd35_large", "sd35_medium", "sd3_medium", "sdxl",
    "sdxl_refiner", "wan21_i2v_14b", "wan21_t2v_14b", "wan21_t2v_1_3b", "wan22_ti2v_5b",
]  # fmt: skip

Native = dict[str, dict[str, list[int]]]

_numbers = itertools.count()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, native: Native) -> Iterator[ComfyServer]:
    server = ComfyServer()
    models = server.base / "models"
    for family in ("sd15", "flux"):
        tiny_pipeline(family, models / "diffusers" / family)
    checkpoint(models / "diffusers/sd15", models / CHECKPOINT)
    denoiser(models / "diffusers/flux", models / "unet/flux.safetensors")
    gguf_denoiser(models / "diffusers/flux", models / GGUF)
    hollow(models / "checkpoints/whole.safetensors", native["sd15"] | native["vae4"] | clip("sd15"))
    (models / "checkpoints/old.ckpt").write_bytes(b"pickled")
    with server:
        yield server


@pytest.fixture(scope="module")
def comfy(server: ComfyServer) -> Comfy:
    return Comfy(server.url)


@pytest.fixture(scope="module")
def native(tmp_path_factory: pytest.TempPathFactory) -> Native:
    """What ComfyUI itself builds, in its makers' names."""
    out = tmp_path_factory.mktemp("native") / "names.json"
    script = Path(__file__).parents[1] / "support" / "native.py"
    environ = os.environ | {"PYTHONPATH": ""}
    subprocess.run([sys.executable, script, default_comfyui(), out], check=True, env=environ)
    return json.loads(out.read_text("utf-8"))


def hollow(file: Path, shapes: dict[str, list[int]]) -> None:
    """A file of full size in fp16 that takes no room on the disk: all weights are zero."""
    header, end = {}, 0
    for name, shape in shapes.items():
        start, end = end, end + 2 * prod(shape)
        header[name] = {"dtype": "F16", "shape": shape, "data_offsets": [start, end]}
    text = json.dumps(header).encode()
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("wb") as out:
        out.write(struct.pack("<Q", len(text)) + text)
        out.truncate(8 + len(text) + end)


def clip(shipped: str) -> dict[str, list[int]]:
    """Stable Diffusion 1.5's text encoder, with the positions that old files store."""
    from accelerate import init_empty_weights
    from transformers import CLIPTextConfig, CLIPTextModel

    with init_empty_weights():
        module = CLIPTextModel(CLIPTextConfig.from_pretrained(CONFIGS / shipped / "text_encoder"))
    start = "cond_stage_model.transformer.text_model."
    made = {start + name.removeprefix("text_model."): list(one.shape) for name, one in module.state_dict().items()}
    return made | {start + "embeddings.position_ids": [1, 77]}


def loader(name: str, base: str = "none", **changes: Any) -> dict[str, Any]:
    return node("LecternPipelineLoader", **({"pipeline": name, "variant": "", "dtype": "auto", "base": base} | changes))


def graph(name: str, base: str = "none", **changes: Any) -> dict[str, Any]:
    """Every graph is another one: ComfyUI would give again what it knows."""
    inputs = {**SAMPLE, "prompt": f"a quiet harbour {next(_numbers)}", **changes}
    return {
        "1": loader(name, base),
        "2": node("LecternPipelineSample", pipeline=["1", 0], **inputs),
        "3": node("PreviewImage", images=["2", 0]),
    }


def picture(comfy: Comfy, sent: dict[str, Any], place: str = "3") -> np.ndarray:
    made = comfy.pictures(comfy.outputs(sent)[place]["images"])
    return np.asarray(made[0].convert("RGB"), float)


def options(comfy: Comfy, group: str, name: str) -> list[str]:
    info = comfy.get("/object_info/LecternPipelineLoader").json["LecternPipelineLoader"]["input"][group][name]
    return info[1]["options"] if info[0] == "COMBO" else info[0]


def test_the_lists_show_folders_and_files_and_no_pickle(comfy: Comfy):
    assert options(comfy, "required", "pipeline") == [
        CHECKPOINT, "checkpoints/whole.safetensors", GGUF, FLUX, "flux", "sd15",
    ]  # fmt: skip
    assert options(comfy, "optional", "base") == ["none", "flux", "sd15"]


@pytest.mark.parametrize(("name", "base"), [(CHECKPOINT, "sd15"), (FLUX, "flux")])
def test_a_file_makes_the_picture_of_the_folder_it_was_made_of(comfy: Comfy, name, base):
    prompt = f"the same harbour {next(_numbers)}"
    made, whole = (picture(comfy, graph(one, two, prompt=prompt)) for one, two in ((name, base), (base, "none")))
    assert made.std() > 3 and np.array_equal(made, whole)


def test_a_quantised_file_samples_is_freed_and_comes_back(comfy: Comfy, server: ComfyServer):
    prompt = f"a quantised harbour {next(_numbers)}"
    first = picture(comfy, graph(GGUF, "flux", prompt=prompt))
    before = server.log_text().count("Requested to load FluxTransformer2DModel")
    comfy.free(cache=False)
    picture(comfy, graph(GGUF, "flux"))
    assert server.log_text().count("Requested to load FluxTransformer2DModel") == before + 1
    comfy.free()
    whole = picture(comfy, graph("flux", prompt=prompt))
    assert np.array_equal(picture(comfy, graph(GGUF, "flux", prompt=prompt)), first)
    assert 0 < np.abs(first - whole).mean() < 10


def test_what_comes_from_the_base_is_held_once(comfy: Comfy, server: ComfyServer):
    comfy.free()
    before = server.log_text().count("Requested to load T5EncoderModel")
    sent = graph("flux") | {"4": loader(FLUX, "flux")}
    sent["5"] = node("LecternPipelineSample", **(sent["2"]["inputs"] | {"pipeline": ["4", 0]}))
    sent["6"] = node("PreviewImage", images=["5", 0])
    outputs = comfy.outputs(sent)
    assert len(outputs["3"]["images"]) == len(outputs["6"]["images"]) == 1
    assert server.log_text().count("Requested to load T5EncoderModel") == before + 1


def test_a_second_run_reads_nothing(comfy: Comfy):
    comfy.outputs(graph(FLUX, "flux"))
    entry = comfy.run(graph(FLUX, "flux"))
    assert [data["nodes"] for kind, data in entry["status"]["messages"] if kind == "execution_cached"] == [["1"]]


def test_a_whole_checkpoint_loads_with_what_the_pack_and_comfyui_ship(comfy: Comfy):
    """Of Stable Diffusion 1.5's real size, with no base and no network: configs of ours, a vocabulary of ComfyUI's."""
    sent = {
        "1": loader("checkpoints/whole.safetensors"),
        "2": node("EmptyLatentImage", width=64, height=64, batch_size=1),
        "3": node("LecternPipelineDecode", pipeline=["1", 0], latent=["2", 0]),
        "4": node("PreviewImage", images=["3", 0]),
    }
    assert picture(comfy, sent, "4").shape == (64, 64, 3)


@pytest.mark.parametrize(
    ("name", "base", "said"),
    [
        (FLUX, "none", "is Flux and holds transformer alone; text_encoder, text_encoder_2, vae are missing. Choose in"),
        (FLUX, "sd15", "is Flux, and the base sd15 is Stable Diffusion 1.5"),
        (CHECKPOINT, "none", "cannot be loaded as Stable Diffusion 1.5"),
    ],
)
def test_a_mistake_is_one_sentence_and_the_next_run_works(comfy: Comfy, name, base, said):
    assert said in comfy.error(graph(name, base))
    assert picture(comfy, graph(FLUX, "flux")).std() > 3


@pytest.mark.parametrize("name", ["checkpoints/old.ckpt", "diffusers/../checkpoints/old.ckpt", "/etc/passwd"])
def test_what_is_not_listed_is_refused(comfy: Comfy, name):
    answer = comfy.post("/prompt", {"prompt": graph(name)})
    assert answer.status == 400 and "There is no pipeline or single file" in answer.body.decode()


@pytest.mark.parametrize("shipped", SHIPPED)
def test_the_shipped_config_fits_the_makers_layout_to_the_last_tensor(native: Native, shipped):
    """ComfyUI's names -> recognised -> diffusers' conversion -> a model of our config: none missing, none left."""
    import diffusers
    import torch
    from diffusers.loaders.single_file_model import SINGLE_FILE_LOADABLE_CLASSES

    head = {name: Stored(tuple(shape), "F16", 0) for name, shape in native[shipped].items()}
    found = recognised(Path("models/file.safetensors"), head)
    shapes = found.denoiser(head)
    assert found.original or found.family.key == "qwen_image"
    assert shipped_config(found, shapes) == shipped
    config = json.loads((CONFIGS / shipped / found.family.denoiser / "config.json").read_text("utf-8"))
    read = facts(found, shapes, config)
    assert {name: config.get(name) for name in read} == read
    model = empty(getattr(diffusers, found.family.kind), config)
    prefix = "model.diffusion_model." if found.family.denoiser == "unet" else ""
    given = {prefix + scaled(found, name): torch.empty(shape, device="meta") for name, shape in shapes.items()}
    convert = SINGLE_FILE_LOADABLE_CLASSES[found.family.kind]["checkpoint_mapping_fn"]
    assert outline(convert(checkpoint=given, config=model.config)) == outline(model.state_dict())


def scaled(found: Any, name: str) -> str:
    """As the makers of Flux call it, and ComfyUI when it saves."""
    ours = found.family.key == "flux" and name.endswith("_norm.weight")
    return name.removesuffix("weight") + "scale" if ours else name


@pytest.mark.parametrize("shipped", [one for one in SHIPPED if (CONFIGS / one / "vae/config.json").is_file()])
def test_the_shipped_vae_fits_the_makers_layout(native: Native, shipped):
    import torch
    from diffusers.loaders.single_file_model import SINGLE_FILE_LOADABLE_CLASSES
    from diffusers.models.autoencoders.autoencoder_kl import AutoencoderKL

    config = json.loads((CONFIGS / shipped / "vae/config.json").read_text("utf-8"))
    model = empty(AutoencoderKL, config)
    names = native["vae4" if config["latent_channels"] == 4 else "vae16"]
    given = {name: torch.empty(shape, device="meta") for name, shape in names.items()}
    convert = SINGLE_FILE_LOADABLE_CLASSES["AutoencoderKL"]["checkpoint_mapping_fn"]
    assert outline(convert(checkpoint=given, config=model.config)) == outline(model.state_dict())


def empty(kind: Any, config: dict[str, Any]) -> Any:
    from accelerate import init_empty_weights

    with init_empty_weights():
        return kind.from_config(config)


def outline(tensors: dict[str, Any]) -> dict[str, tuple[int, ...]]:
    return {name: tuple(tensor.shape) for name, tensor in tensors.items()}
