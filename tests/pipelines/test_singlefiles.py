"""Single files: whole checkpoints, denoisers with a base, GGUF; what they share, and what is refused."""

import gc
import json
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from lectern.pipelines import packages, parts
from lectern.pipelines.errors import FolderError, PackageError, ShortageError
from lectern.pipelines.loading import Loader
from lectern.pipelines.pipeline import Spec
from lectern.pipelines.sampling import Request, sample
from support.tiny.aligned import aligned
from support.tiny.singlefiles import UNET, checkpoint, checkpoint_tensors, denoiser, everything, gguf_denoiser, write
from support.tiny.tokenizers import clip_files

from .conftest import Steps

LDM = ("sd15", "sdxl")


@pytest.fixture(scope="module")
def files(tiny: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Read only."""
    folder = tmp_path_factory.mktemp("files")
    for family in LDM:
        checkpoint(tiny / family, folder / f"{family}.safetensors")
    everything(tiny / "flux", folder / "everything.safetensors")
    denoiser(tiny / "flux", folder / "flux.safetensors")
    denoiser(tiny / "flux", folder / "prefixed.safetensors", UNET)
    gguf_denoiser(tiny / "flux", folder / "flux.gguf")
    return folder


@pytest.fixture
def steps() -> Steps:
    return Steps()


def same(first: Any, second: Any) -> bool:
    ours, theirs = first.state_dict(), second.state_dict()
    return ours.keys() == theirs.keys() and all(torch.equal(ours[name], theirs[name]) for name in ours)


def drawn(shape: tuple[int, ...], seed: int) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def picture(pipeline: Any, memory: Any, watch: Any) -> torch.Tensor:
    return sample(pipeline, Request("a cat", seed=7, steps=2, width=64, height=64), memory, drawn, watch).images


@pytest.mark.parametrize(("name", "family"), [("sd15", "sd15"), ("sdxl", "sdxl"), ("everything", "flux")])
def test_a_whole_checkpoint_with_a_base_is_its_pipeline(files, tmp_path, tiny, pipelines, memory, name, family, steps):
    """Even when only the base's configs and tokenizers are there."""
    base = tmp_path / family
    shutil.copytree(tiny / family, base, ignore=shutil.ignore_patterns("*.safetensors"))
    made = Loader(memory).load(Spec(files / f"{name}.safetensors", base=base))
    for component, part in pipelines[family].loaded.components.items():
        if isinstance(part, torch.nn.Module):
            assert same(aligned(getattr(made.loaded, component)), aligned(part)), component
    assert made.kind == pipelines[family].kind
    assert torch.equal(picture(made, memory, steps), picture(pipelines[family], memory, steps))


@pytest.mark.parametrize("name", ["flux.safetensors", "prefixed.safetensors"])
def test_a_denoiser_takes_the_rest_from_its_base(files, tiny, pipelines, memory, name, steps):
    made = Loader(memory).load(Spec(files / name, base=tiny / "flux"))
    assert same(aligned(made.loaded.transformer), aligned(pipelines["flux"].loaded.transformer))
    assert torch.equal(picture(made, memory, steps), picture(pipelines["flux"], memory, steps))


def test_a_base_may_lack_the_denoiser_that_the_file_brings(files, copied, memory):
    """As somebody has it who downloads the 24 GB only once. The config comes from those that are shipped."""
    base = copied("flux")
    shutil.rmtree(base / "transformer")
    made = Loader(memory).load(Spec(files / "flux.safetensors", base=base))
    assert made.loaded.transformer.config["num_layers"] == 1 and made.loaded.transformer.config["in_channels"] == 64


def test_a_pruned_denoiser_has_the_layers_that_the_file_has(tiny, tmp_path, memory):
    """The base's config says one layer of each kind."""
    tensors = load_file(tiny / "flux/transformer/diffusion_pytorch_model.safetensors")
    more = {
        name.replace("transformer_blocks.0.", "transformer_blocks.1."): tensor
        for name, tensor in tensors.items()
        if name.startswith("transformer_blocks.0.")
    }
    file = write(tmp_path / "deeper.safetensors", tensors | more)
    made = Loader(memory).load(Spec(file, base=tiny / "flux")).loaded
    assert len(made.transformer.transformer_blocks) == 2 and len(made.transformer.single_transformer_blocks) == 1


class TestGguf:
    def test_it_stays_quantised_and_samples(self, files, tiny, pipelines, memory, steps):
        made = Loader(memory).load(Spec(files / "flux.gguf", base=tiny / "flux"))
        kinds = {type(one).__name__ for one in made.loaded.transformer.modules()}
        whole = sum(one.numel() * 4 for one in pipelines["flux"].loaded.transformer.parameters())
        size = next(one.bytes for one in made.weights if one.module is made.loaded.transformer)
        assert "GGUFLinear" in kinds and size < whole / 2
        difference = picture(made, memory, steps) - picture(pipelines["flux"], memory, steps)
        assert 0 < difference.abs().mean() < 0.05

    def test_auto_computes_in_the_bases_precision(self, files, tiny, memory, steps):
        made = Loader(memory).load(Spec(files / "flux.gguf", base=tiny / "flux")).loaded
        smaller = Loader(memory).load(Spec(files / "flux.gguf", dtype="bf16", base=tiny / "flux"))
        other = smaller.loaded
        assert picture(smaller, memory, steps).isfinite().all()
        linear = "transformer_blocks.0.attn.to_q"
        assert made.transformer.get_submodule(linear).compute_dtype == torch.float32
        assert other.transformer.get_submodule(linear).compute_dtype == other.vae.dtype == torch.bfloat16

    def test_a_missing_package_is_named(self, files, tiny, memory, monkeypatch):
        monkeypatch.setattr(packages, "find_spec", lambda name: None if name == "gguf" else object())
        with pytest.raises(PackageError, match="need the Python package gguf, which is not installed"):
            Loader(memory).load(Spec(files / "flux.gguf", base=tiny / "flux"))


class TestAgain:
    def test_the_same_file_and_base_are_not_read_again(self, files, tiny, memory, monkeypatch):
        loader, spec = Loader(memory), Spec(files / "flux.safetensors", base=tiny / "flux")
        first = loader.load(spec)
        monkeypatch.setattr(Path, "open", None)
        assert loader.load(spec) is first

    def test_what_comes_from_the_base_is_held_once(self, files, tiny, memory):
        loader = Loader(memory)
        whole = loader.load(Spec(tiny / "flux"))
        made = loader.load(Spec(files / "flux.safetensors", base=tiny / "flux"))
        assert made.loaded.vae is whole.loaded.vae and made.loaded.text_encoder_2 is whole.loaded.text_encoder_2
        assert made.loaded.transformer is not whole.loaded.transformer
        assert {id(one) for one in made.weights} & {id(one) for one in whole.weights}

    def test_another_base_reads_the_denoiser_only_once(self, files, tiny, copied, memory):
        """As long as its config says the same."""
        loader, base = Loader(memory), copied("flux")
        first = loader.load(Spec(files / "flux.safetensors", base=tiny / "flux"))
        second = loader.load(Spec(files / "flux.safetensors", base=base))
        assert second.loaded.transformer is first.loaded.transformer and second.loaded.vae is not first.loaded.vae

    def test_a_changed_file_is_read_and_its_base_is_not(self, tiny, tmp_path, memory):
        loader, file = Loader(memory), denoiser(tiny / "flux", tmp_path / "flux.safetensors")
        first = loader.load(Spec(file, base=tiny / "flux"))
        changed = {name: tensor + 1 for name, tensor in load_file(file).items()}
        file.unlink()  # weights that are not converted are views of the file
        write(file, changed)
        second = loader.load(Spec(file, base=tiny / "flux"))
        assert second.loaded.transformer is not first.loaded.transformer and second.loaded.vae is first.loaded.vae

    def test_a_changed_base_is_seen(self, files, copied, memory):
        loader, base = Loader(memory), copied("flux")
        first = loader.load(Spec(files / "flux.safetensors", base=base))
        scheduler = base / "scheduler/scheduler_config.json"
        scheduler.write_text(json.dumps(json.loads(scheduler.read_text("utf-8")) | {"shift": 7.0}), "utf-8")
        second = loader.load(Spec(files / "flux.safetensors", base=base))
        assert second is not first and second.loaded.transformer is first.loaded.transformer
        assert second.loaded.scheduler.config["shift"] == 7.0

    def test_a_folder_knows_no_base(self, tiny, memory):
        loader = Loader(memory)
        assert loader.load(Spec(tiny / "sd15", base=tiny / "sdxl")) is loader.load(Spec(tiny / "sd15"))

    def test_what_nobody_holds_is_forgotten(self, files, tiny, memory):
        loader = Loader(memory)
        assert loader.load(Spec(files / "sdxl.safetensors", base=tiny / "sdxl"))
        gc.collect()
        assert len(loader._pipelines) == len(loader._weights) == 0


@pytest.mark.parametrize(
    ("dtype", "stored"), [("auto", torch.float32), ("fp16", torch.float16), ("bf16", torch.bfloat16)]
)
def test_the_precision_is_that_which_is_asked_for(files, tiny, memory, dtype, stored):
    made = Loader(memory).load(Spec(files / "sdxl.safetensors", dtype=dtype, base=tiny / "sdxl")).loaded
    assert {made.unet.dtype, made.text_encoder.dtype, made.text_encoder_2.dtype} == {stored}
    assert made.vae.dtype == (torch.float32 if dtype == "fp16" else stored)  # its config says force_upcast


class TestFp8:
    @pytest.fixture
    def written(self, tiny: Path, tmp_path: Path) -> Callable[[bool], Path]:
        def write_fp8(scaled: bool) -> Path:
            tensors: dict[str, torch.Tensor] = {}
            for name, tensor in load_file(tiny / "flux/transformer/diffusion_pytorch_model.safetensors").items():
                packed = tensor.ndim == 2
                tensors[name] = (tensor / (0.5 if scaled else 1)).to(torch.float8_e4m3fn) if packed else tensor
                if packed and scaled:
                    tensors[f"{name.removesuffix('.weight')}.scale_weight"] = torch.tensor([0.5])
            marks = {"scaled_fp8": torch.zeros(2).to(torch.float8_e4m3fn)} if scaled else {}
            return write(tmp_path / "fp8.safetensors", tensors | marks)

        return write_fp8

    @pytest.mark.parametrize("scaled", [False, True])
    def test_it_becomes_the_precision_that_is_computed_in(self, written, tiny, pipelines, memory, scaled):
        made = Loader(memory).load(Spec(written(scaled), base=tiny / "flux")).loaded.transformer
        assert made.dtype == torch.bfloat16  # auto: nothing computes in fp8
        original = pipelines["flux"].loaded.transformer.state_dict()
        assert all(torch.allclose(one.float(), original[name], rtol=0.1, atol=0.02)
                   for name, one in made.state_dict().items())  # fmt: skip


def flux_tensors(tiny: Path) -> dict[str, torch.Tensor]:
    return load_file(tiny / "flux/transformer/diffusion_pytorch_model.safetensors")


def cut(tiny: Path, file: Path) -> None:
    denoiser(tiny / "flux", file)
    file.write_bytes(file.read_bytes()[:-100])


def no_header(tiny: Path, file: Path) -> None:
    file.write_bytes(b"\xff" * 64)


def lora(tiny: Path, file: Path) -> None:
    names = ("transformer.transformer_blocks.0.attn.to_q.lora_A.weight", "transformer.x_embedder.lora_B.weight")
    write(file, {name: torch.zeros(2, 2) for name in names})


def kohya(tiny: Path, file: Path) -> None:
    write(file, {"lora_unet_down_blocks_0_to_q.lora_down.weight": torch.zeros(2, 2)})


def vae(tiny: Path, file: Path) -> None:
    shutil.copy(tiny / "sd15/vae/diffusion_pytorch_model.safetensors", file)


def encoder(tiny: Path, file: Path) -> None:
    write(file, {"text_model.encoder.layers.0.mlp.fc1.weight": torch.zeros(2, 2)})


def controlnet(tiny: Path, file: Path) -> None:
    write(file, {"control_model.input_blocks.0.0.weight": torch.zeros(2, 4, 3, 3)})


def unknown(tiny: Path, file: Path) -> None:
    write(file, {"weight": torch.zeros(2, 2)})


def empty(tiny: Path, file: Path) -> None:
    save_file({}, file)


def packed(tiny: Path, file: Path) -> None:
    write(file, flux_tensors(tiny) | {"x_embedder.weight.absmax": torch.zeros(4, dtype=torch.uint8)})


def chroma(tiny: Path, file: Path) -> None:
    write(file, flux_tensors(tiny) | {"distilled_guidance_layer.in_proj.weight": torch.zeros(2, 2)})


def lacking(tiny: Path, file: Path) -> None:
    write(file, {name: one for name, one in flux_tensors(tiny).items() if name != "proj_out.weight"})


def surplus(tiny: Path, file: Path) -> None:
    write(file, flux_tensors(tiny) | {"norm_in.weight": torch.zeros(2)})


def lacking_original(tiny: Path, file: Path) -> None:
    write(file, {name: one for name, one in checkpoint_tensors(tiny / "sd15").items() if "time_embed.2" not in name})


def inpainting(tiny: Path, file: Path) -> None:
    tensors = checkpoint_tensors(tiny / "sd15")
    name = UNET + "input_blocks.0.0.weight"
    write(file, tensors | {name: torch.zeros(len(tensors[name]), 9, 3, 3)})


@pytest.mark.parametrize(
    ("spoil", "base", "said"),
    [
        (cut, "flux", "is not a whole safetensors file: it ends after"),
        (no_header, "flux", "is not a whole safetensors file: its header is damaged"),
        (lora, "flux", "is a LoRA, no checkpoint: use Pipeline LoRA for it"),
        (kohya, None, "is a LoRA, no checkpoint: use Pipeline LoRA for it"),
        (controlnet, None, "is a ControlNet, no checkpoint: use Pipeline ControlNet for it"),
        (vae, "sd15", "is a VAE alone, no checkpoint"),
        (encoder, None, "is a text encoder alone, no checkpoint"),
        (unknown, "flux", "is no model of a family that is read (Stable Diffusion 1.5, 2, XL and 3, Flux"),
        (empty, None, "its tensors have none of their names"),
        (chroma, "flux", "it is Chroma"),
        (packed, "flux", "is quantised in a way that is not read (x_embedder.weight.absmax tells)"),
        (lacking, "flux", "its transformer does not fit: it lacks 1 tensors such as proj_out.weight"),
        (surplus, "flux", "it has beyond its config 1 tensors such as norm_in.weight"),
        (lacking_original, "sd15", "tensors of its unet are missing"),
        (inpainting, "sd15", "is an inpainting model of Stable Diffusion 1.5, whose denoiser takes 9 channels"),
    ],
)
def test_what_is_no_whole_model_is_one_sentence(tiny, tmp_path, memory, spoil, base, said):
    file = tmp_path / "file.safetensors"
    spoil(tiny, file)
    with pytest.raises(FolderError) as caught:
        Loader(memory).load(Spec(file, base=base and tiny / base))
    assert said in str(caught.value) and "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "base", "said"),
    [
        ("flux.safetensors", None, "is Flux and holds transformer alone; text_encoder, text_encoder_2, vae are missing."
         " Choose in base a Flux pipeline folder"),
        ("flux.gguf", None, "text_encoder, text_encoder_2, vae are missing"),
        ("flux.safetensors", "sdxl", "is Flux, and the base sdxl is SDXL. Choose a base of the same family, or none"),
        ("sd15.safetensors", "sdxl", "is Stable Diffusion 1.5, and the base sdxl is SDXL"),
        ("sdxl.safetensors", "sd15", "is SDXL, and the base sd15 is Stable Diffusion 1.5"),
        ("sd15.safetensors", "flux", "is Stable Diffusion 1.5, and the base flux is Flux"),
    ],
)  # fmt: skip
def test_a_base_that_is_missing_or_wrong_is_one_sentence(files, tiny, memory, name, base, said):
    with pytest.raises(FolderError) as caught:
        Loader(memory).load(Spec(files / name, base=base and tiny / base))
    assert said in str(caught.value) and "\n" not in str(caught.value)


def test_another_kind_of_the_same_family_is_one_sentence(files, copied, memory):
    base = copied("flux")
    config = base / "transformer/config.json"
    config.write_text(json.dumps(json.loads(config.read_text("utf-8")) | {"in_channels": 384}), "utf-8")
    with pytest.raises(FolderError, match="both Flux but of different kinds: it takes 64 channels and the base's"):
        Loader(memory).load(Spec(files / "flux.safetensors", base=base))


def test_a_file_of_another_size_than_the_shipped_config_says_so(files, tmp_path, memory):
    clip_files(tmp_path)
    with pytest.raises(FolderError, match=r"cannot be loaded as Stable Diffusion 1\.5: its .* does not fit") as caught:
        Loader(memory, {"clip": tmp_path}).load(Spec(files / "sd15.safetensors"))
    assert "\n" not in str(caught.value)


def test_a_comfyui_without_the_vocabulary_is_told_so(files, tmp_path, memory):
    with pytest.raises(FolderError, match=r"need for their tokenizer \(vocab.json and merges.txt\) is not in ComfyUI"):
        Loader(memory, {"clip": tmp_path}).load(Spec(files / "sd15.safetensors"))


EMBEDDERS = ("x_embedder.weight", "context_embedder.weight", "transformer_blocks.0.attn.norm_k.weight")


@pytest.mark.parametrize("shape", [None, (), (0,), (0, 0), (5,)])
@pytest.mark.parametrize("name", EMBEDDERS)
def test_tensors_of_odd_shapes_are_one_sentence(files, tiny, tmp_path, memory, name, shape):
    tensors = {key: tensor for key, tensor in load_file(files / "flux.safetensors").items() if key != name}
    odd = {} if shape is None else {name: torch.zeros(shape)}
    file = write(tmp_path / "checkpoints/odd.safetensors", tensors | odd)
    with pytest.raises(FolderError, match=r"checkpoints/odd\.safetensors (is|and|cannot)") as caught:
        Loader(memory).load(Spec(file, base=tiny / "flux"))
    assert "\n" not in str(caught.value)


def test_a_bases_settings_that_no_model_has_are_one_sentence(files, copied, memory):
    base = copied("flux")
    (base / "vae/config.json").write_text('"owner/name"')
    with pytest.raises(FolderError, match=r"flux/vae: config\.json is not a JSON object"):
        Loader(memory).load(Spec(files / "everything.safetensors", base=base))


def test_a_variant_is_of_what_the_base_adds(files, tiny, memory):
    made = Loader(memory).load(Spec(files / "sd15.safetensors", "fp16", base=tiny / "sd15"))
    assert made.kind == "StableDiffusionPipeline"


def test_a_whole_file_that_the_computer_has_no_room_for(files, tiny, memory, monkeypatch):
    monkeypatch.setattr(parts, "_read", lambda *_: torch.empty(1 << 60))
    with pytest.raises(ShortageError, match=r"Not enough memory to load sd15\.safetensors"):
        Loader(memory).load(Spec(files / "sd15.safetensors", base=tiny / "sd15"))


def test_the_second_run_opens_no_file(files, tiny, memory):
    names: list[str] = []
    recording = False

    def hook(event: str, arguments: Any) -> None:
        if recording and event == "open":
            names.append(str(arguments[0]))

    sys.addaudithook(hook)
    loader = Loader(memory)
    held = [loader.load(Spec(files / name, base=tiny / "flux")) for name in ("flux.safetensors", "flux.gguf")]
    recording = True
    again = [loader.load(Spec(files / name, base=tiny / "flux")) for name in ("flux.safetensors", "flux.gguf")]
    recording = False
    assert all(one is other for one, other in zip(held, again, strict=True)) and names == []


@pytest.mark.parametrize("changed", ["file", "base"])
def test_what_is_replaced_is_read_again(files, copied, tmp_path, memory, changed):
    file, base, loader = tmp_path / "flux.safetensors", copied("flux"), Loader(memory)
    shutil.copy(files / "flux.safetensors", file)
    first = loader.load(Spec(file, base=base))
    replaced = file if changed == "file" else base / "vae/diffusion_pytorch_model.safetensors"
    save_file({name: tensor + 1 for name, tensor in load_file(replaced).items()}, replaced, {"format": "pt"})
    second = loader.load(Spec(file, base=base))
    assert (second.loaded.transformer is first.loaded.transformer) == (changed == "base")
    assert (second.loaded.vae is first.loaded.vae) == (changed == "file")
