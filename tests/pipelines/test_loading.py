"""Folders, whole and damaged; what is read again and what is not."""

import gc
import json
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from lectern.pipelines import packages
from lectern.pipelines.errors import FolderError, PackageError
from lectern.pipelines.loading import Loader
from lectern.pipelines.pipeline import Spec
from support.tiny import FAMILIES

UNET = "unet/diffusion_pytorch_model.safetensors"


@pytest.mark.parametrize("family", FAMILIES)
def test_the_weights_are_those_of_the_files(pipelines, tiny, family):
    loaded = pipelines[family].loaded
    stored = load_file(tiny / family / "vae" / "diffusion_pytorch_model.safetensors")
    assert all(torch.equal(tensor, stored[name]) for name, tensor in loaded.vae.state_dict().items())
    assert {id(one.module) for one in pipelines[family].weights} == {
        id(part) for part in loaded.components.values() if isinstance(part, torch.nn.Module)
    }


def test_the_largest_component_stands_for_the_pipeline(pipelines):
    assert type(pipelines["sd15"].patcher.module).__name__ == "UNet2DConditionModel"


@pytest.fixture(scope="module")
def opened():
    """The files that Python opens, while the list is asked for."""
    names: list[str] = []
    recording = [False]

    def hook(event, arguments):
        if recording[0] and event == "open":
            names.append(str(arguments[0]))

    sys.addaudithook(hook)  # for the rest of the process, so it only records when told to
    return names, recording


class TestAgain:
    def test_the_same_spec_opens_no_file(self, tiny, memory, opened):
        names, recording = opened
        loader = Loader(memory)
        first = loader.load(Spec(tiny / "sd15"))
        recording[0] = True
        second = loader.load(Spec(tiny / "sd15"))
        recording[0] = False
        assert second is first and names == []

    def test_only_what_changed_is_read(self, copied, memory):
        folder, loader = copied("sd15"), Loader(memory)
        first = loader.load(Spec(folder))
        weights = load_file(folder / UNET)
        save_file({name: tensor + 1 for name, tensor in weights.items()}, folder / UNET, {"format": "pt"})
        second = loader.load(Spec(folder))
        assert second.loaded.vae is first.loaded.vae and second.loaded.text_encoder is first.loaded.text_encoder
        assert second.loaded.unet is not first.loaded.unet
        assert torch.equal(next(second.loaded.unet.parameters()), next(first.loaded.unet.parameters()) + 1)

    def test_a_component_of_another_class_is_another_one(self, copied, memory):
        """Pipelines share a component's folder by links, and each model_index.json says as what it is loaded."""
        folder, loader = copied("sdxl"), Loader(memory)
        first = loader.load(Spec(folder))
        index_of(text_encoder_2=["transformers", "CLIPTextModel"])(folder)
        second = loader.load(Spec(folder))
        assert second.loaded.unet is first.loaded.unet
        assert type(second.loaded.text_encoder_2).__name__ == "CLIPTextModel"

    def test_what_nobody_holds_is_forgotten(self, tiny, memory):
        loader = Loader(memory)
        first = id(loader.load(Spec(tiny / "flux")))
        gc.collect()
        kept = loader.load(Spec(tiny / "flux"))
        assert loader.load(Spec(tiny / "flux")) is kept
        assert len(loader._pipelines) == 1 and first


@pytest.mark.parametrize(
    ("dtype", "stored"),
    [("auto", torch.float32), ("fp32", torch.float32), ("fp16", torch.float16), ("bf16", torch.bfloat16)],
)
def test_the_precision_is_that_which_is_asked_for(tiny, memory, dtype, stored):
    loaded = Loader(memory).load(Spec(tiny / "sdxl", dtype=dtype)).loaded
    assert {loaded.unet.dtype, loaded.text_encoder.dtype, loaded.text_encoder_2.dtype} == {stored}
    # The VAE's config says force_upcast: it overflows in fp16.
    assert loaded.vae.dtype == (torch.float32 if dtype == "fp16" else stored)


def test_auto_takes_the_files_precision(copied, memory):
    folder = copied("flux")
    for file in folder.rglob("*.safetensors"):
        save_file({name: tensor.bfloat16() for name, tensor in load_file(file).items()}, file, {"format": "pt"})
    assert Loader(memory).load(Spec(folder)).loaded.transformer.dtype == torch.bfloat16


def test_a_variant_is_read_where_there_is_one(copied, memory):
    folder = copied("sd15")
    weights = load_file(folder / UNET)
    save_file(
        {name: tensor + 1 for name, tensor in weights.items()},
        folder / "unet/diffusion_pytorch_model.fp16.safetensors",
        {"format": "pt"},
    )
    loaded = Loader(memory).load(Spec(folder, "fp16", "fp32")).loaded
    assert all(torch.equal(tensor, weights[name] + 1) for name, tensor in loaded.unet.state_dict().items())


def test_shards_are_read(copied, memory):
    folder = copied("sd15")
    shard(folder)
    plain = load_file(folder / "whole.safetensors")
    loaded = Loader(memory).load(Spec(folder)).loaded
    assert all(torch.equal(tensor, plain[name]) for name, tensor in loaded.unet.state_dict().items())


def shard(folder: Path) -> list[Path]:
    """Splits the denoiser's weights into two files, the way diffusers does."""
    weights = load_file(folder / UNET)
    (folder / UNET).rename(folder / "whole.safetensors")
    names = sorted(weights)
    parts = [names[::2], names[1::2]]
    files = [folder / f"unet/diffusion_pytorch_model-0000{part + 1}-of-00002.safetensors" for part in (0, 1)]
    for file, part in zip(files, parts, strict=True):
        save_file({name: weights[name] for name in part}, file, {"format": "pt"})
    places = {name: file.name for file, part in zip(files, parts, strict=True) for name in part}
    index = folder / "unet/diffusion_pytorch_model.safetensors.index.json"
    index.write_text(json.dumps({"metadata": {"total_size": 1}, "weight_map": places}))
    return files


def no_vae(folder: Path) -> None:
    for file in (folder / "vae").iterdir():
        file.unlink()
    (folder / "vae").rmdir()


def only_bin(folder: Path) -> None:
    (folder / UNET).rename(folder / "unet/diffusion_pytorch_model.bin")


def cut(folder: Path) -> None:
    (folder / UNET).write_bytes((folder / UNET).read_bytes()[:-100])


def cut_header(folder: Path) -> None:
    (folder / UNET).write_bytes((folder / UNET).read_bytes()[:40])


def huge_header(folder: Path) -> None:
    (folder / UNET).write_bytes(b"\xff" * 64)


def offsets_reversed(folder: Path) -> None:
    header = b'{"a":{"dtype":"F32","shape":[1],"data_offsets":[8,4]}}'
    (folder / UNET).write_bytes(len(header).to_bytes(8, "little") + header + b"\0" * 8)


def one_shard(folder: Path) -> None:
    shard(folder)[1].unlink()


def index_of(**changes):
    def change(folder: Path) -> None:
        file = folder / "model_index.json"
        file.write_text(json.dumps(json.loads(file.read_text("utf-8")) | changes))

    return change


def no_json(folder: Path) -> None:
    (folder / "model_index.json").write_text("{")


def other_shapes(folder: Path) -> None:
    file = folder / "unet/config.json"
    file.write_text(json.dumps(json.loads(file.read_text("utf-8")) | {"cross_attention_dim": 48}))


def head(text: str):
    def change(folder: Path) -> None:
        (folder / UNET).write_bytes(len(text).to_bytes(8, "little") + text.encode() + b"\0" * 8)

    return change


def text_of(name: str, text: str):
    def change(folder: Path) -> None:
        (folder / name).write_text(text)

    return change


def settings_of(name: str, **changes):
    def change(folder: Path) -> None:
        file = folder / name
        values = json.loads(file.read_text("utf-8")) if file.is_file() else {}
        file.write_text(json.dumps(values | changes))

    return change


def shards_named(name: str):
    def change(folder: Path) -> None:
        shard(folder)
        index = folder / "unet/diffusion_pytorch_model.safetensors.index.json"
        places = json.loads(index.read_text("utf-8"))["weight_map"]
        index.write_text(json.dumps({"metadata": {}, "weight_map": places | {min(places): name}}))

    return change


SCHEDULER, ENCODER = "scheduler/scheduler_config.json", "text_encoder/config.json"


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (no_vae, "sd15/vae: the folder is missing"),
        (only_bin, "sd15/unet: its weights are only there as diffusion_pytorch_model.bin; only safetensors"),
        (cut, "is not a whole safetensors file: it ends after"),
        (cut_header, "is not a whole safetensors file: its header is damaged"),
        (huge_header, "is not a whole safetensors file: its header is damaged"),
        (offsets_reversed, "its header gives no place for 'a'"),
        (one_shard, "of its 2 files diffusion_pytorch_model-00002-of-00002.safetensors is missing"),
        (no_json, "model_index.json cannot be read"),
        (index_of(_class_name=["pipeline", "Own"]), "Pipelines that bring code of their own are not run"),
        (index_of(_class_name="NoSuchPipeline"), "is a NoSuchPipeline, which diffusers"),
        (index_of(unet=["my_unet", "Own"]), "its component unet is of 'my_unet'; only parts of diffusers and"),
        (index_of(unet=["diffusers", "NoSuchModel"]), "its component unet is a NoSuchModel, which the installed"),
        (index_of(unet="diffusers"), "sd15 cannot be loaded as StableDiffusionPipeline"),
        (other_shapes, "sd15 cannot be loaded as StableDiffusionPipeline"),
        (index_of(_class_name="UNet2DConditionModel"), "is of the class UNet2DConditionModel, which is no pipeline"),
        (index_of(_class_name="AutoPipelineForText2Image"), "which is no pipeline"),
        (index_of(_class_name="DiffusionPipeline"), "which is no pipeline"),
        (head('{"a":{"dtype":"F32","shape":[1e999],"data_offsets":[0,4]}}'), "its header gives no place for 'a'"),
        (head('{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,1e999]}}'), "its header gives no place for 'a'"),
        (head('{"a":{"dtype":"F32","shape":[1000],"data_offsets":[0,4]}}'), "its header gives no place for 'a'"),
        (head('{"a":{"dtype":"F32","shape":[-1,-1],"data_offsets":[0,4]}}'), "its header gives no place for 'a'"),
        (shards_named("../outside.safetensors"), "names '../outside.safetensors', no safetensors file beside it"),
        (shards_named("pickle.bin"), "names 'pickle.bin', no safetensors file beside it"),
        (text_of("unet/diffusion_pytorch_model.safetensors.index.json", "[" * 99_999), "index.json cannot be read"),
        # Where an object belongs, diffusers takes a text for a name on the hub, and asks there.
        (text_of(SCHEDULER, '"owner/name"'), "sd15/scheduler: scheduler_config.json is not a JSON object"),
        (text_of("unet/config.json", '"owner/name"'), "sd15/unet: config.json is not a JSON object"),
        (text_of("unet/config.json", "[" * 99_999), "sd15/unet: config.json cannot be read"),
        (text_of("tokenizer/tokenizer_config.json", "[1]"), "tokenizer_config.json is not a JSON object"),
        (text_of("tokenizer/tokenizer.json", '{"model": 1, "added_tokens": []}'), "sd15 cannot be loaded as"),
        (
            text_of("text_encoder/adapter_config.json", '{"base_model_name_or_path": "owner/name"}'),
            "names a model else",
        ),
        (settings_of(ENCODER, attn_implementation="owner/kernel"), "sets attn_implementation to 'owner/kernel'"),
        (settings_of(ENCODER, vision_config={"_attn_implementation": "a/b"}), "sets _attn_implementation to 'a/b'"),
        (settings_of(ENCODER, quantization_config={"quant_method": "mxfp4"}), "sets quant_method to 'mxfp4'"),
        (settings_of(ENCODER, num_hidden_layers=10**9), "asks for too much with its num_hidden_layers"),
        (settings_of("unet/config.json", layers_per_block=[10**9, 2]), "asks for too much with its layers_per_block"),
        (settings_of(SCHEDULER, num_train_timesteps=10**12), "asks for too much with its num_train_timesteps"),
        # Errors that no list of classes foresees.
        (settings_of("unet/config.json", norm_num_groups=0), "sd15 cannot be loaded as StableDiffusionPipeline"),
        (settings_of(ENCODER, hidden_size="x"), "sd15 cannot be loaded as StableDiffusionPipeline"),
    ],
)
def test_a_damaged_folder_is_one_sentence(copied, memory, spoil, said):
    folder = copied("sd15")
    spoil(folder)
    with pytest.raises(FolderError) as caught:
        Loader(memory).load(Spec(folder))
    assert said in str(caught.value) and "\n" not in str(caught.value)


def test_a_variant_that_is_nowhere_is_named_with_those_that_are(copied, memory):
    folder = copied("sd15")
    (folder / "vae/diffusion_pytorch_model.fp16.safetensors").write_bytes(
        (folder / "vae/diffusion_pytorch_model.safetensors").read_bytes()
    )
    with pytest.raises(FolderError, match=r"no files of the variant 'fp8'\. There is: fp16\."):
        Loader(memory).load(Spec(folder, "fp8"))


@pytest.mark.parametrize("variant", ["../../x", "a/b", "x" * 5000, "a\0b", "*"])
def test_a_variant_is_no_path(tiny, memory, variant):
    with pytest.raises(FolderError, match="is no variant"):
        Loader(memory).load(Spec(tiny / "sd15", variant))


def test_a_component_that_the_pipeline_does_not_take_is_left_alone(copied, memory):
    folder = copied("sd15")
    settings_of("model_index.json", extra=["diffusers", "UNet2DConditionModel"], other=[None, None])(folder)
    assert "extra" not in Loader(memory).load(Spec(folder)).loaded.components


def test_an_overflowing_vae_is_known_however_its_settings_are_written(copied, memory):
    folder = copied("sdxl")
    file = folder / "vae/config.json"
    file.write_text(json.dumps(json.loads(file.read_text("utf-8")), separators=(",", ":")))
    assert Loader(memory).load(Spec(folder, dtype="fp16")).loaded.vae.dtype == torch.float32


def test_a_link_to_itself_keeps_nothing_from_loading(copied, memory):
    folder = copied("sd15")
    (folder / "unet/loop").symlink_to("loop")
    assert Loader(memory).load(Spec(folder)).kind == "StableDiffusionPipeline"


def test_a_missing_package_is_named(tiny, memory, monkeypatch):
    monkeypatch.setattr(packages, "find_spec", lambda name: None if name == "diffusers" else object())
    with pytest.raises(PackageError, match="need the Python package diffusers, which is not installed"):
        Loader(memory).load(Spec(tiny / "sd15"))
