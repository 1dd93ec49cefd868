"""LoRAs on tiny pipelines: what they change, what they leave as it was, and what is left of them."""

import gc
import json
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import torch
from safetensors.torch import load_file

from lectern.pipelines import packages
from lectern.pipelines.errors import ArgumentError, FolderError, LoraError, PackageError
from lectern.pipelines.loading import Loader
from lectern.pipelines.loras import chosen, lora_file
from lectern.pipelines.loras_files import read_metadata
from lectern.pipelines.pipeline import Pipeline, Spec
from lectern.pipelines.quiet import quiet
from lectern.pipelines.sampling import Sampled
from lectern.pipelines.watching import Latents
from support.tiny import FAMILIES
from support.tiny.loras import (
    ATTENTION,
    TEXT,
    denoiser_of,
    flux_kohya_tensors,
    kohya_tensors,
    pairs,
    peft_tensors,
    sdxl_names,
    tiny_lora,
    written,
)

from .conftest import PlainMemory, Steps, Stopped
from .test_sampling import run as sampled

SMALL = {"steps": 3}  # the size of test_sampling: at 32 x 32 SDXL was once not bit-equal, not explained yet


def run(pipeline: Pipeline, watch: Steps | None = None, **changes: Any) -> Sampled:
    return sampled(pipeline, watch, **(SMALL | changes))


def same(made: torch.Tensor, expected: torch.Tensor) -> bool:
    """By layers that lie elsewhere in memory, which can change a last digit."""
    return torch.allclose(made, expected, atol=1e-4)


FORMATS = ("diffusers", "kohya", "text alone")


def tensors_of(form: str, family: str, loaded: Any) -> dict[str, torch.Tensor]:
    name, denoiser = denoiser_of(loaded)
    first, second = (getattr(loaded, encoder, None) for encoder in ("text_encoder", "text_encoder_2"))
    if form == "diffusers":
        return peft_tensors(name, pairs(denoiser, ATTENTION, 1)) | peft_tensors("text_encoder", pairs(first, TEXT, 2))
    single = "lora_te1" if family != "sd15" else "lora_te"
    text = kohya_tensors(single, pairs(first, TEXT, 2))
    if family == "sdxl":
        text |= kohya_tensors("lora_te2", pairs(second, TEXT, 3))
    if form == "text alone":
        return text
    if family == "flux":
        return text | flux_kohya_tensors(denoiser, 1)
    ends = [*ATTENTION, "ff.net.0.proj", "ff.net.2", "proj_in", "proj_out"] + (["conv1"] if family == "sd15" else [])
    denoising = kohya_tensors("lora_unet", pairs(denoiser, ends, 1))
    return text | (sdxl_names(denoising) if family == "sdxl" else denoising)


class Shape(NamedTuple):
    """All that tells a module with something on it from one without."""

    modules: list[tuple[str, type]]
    weights: list[str]
    attributes: list[str]  # of peft: transformers adds others with the first run


def shape(pipeline: Pipeline) -> dict[str, Shape]:
    gc.collect()  # what an earlier test wore may still be held by its own traceback
    modules = {name: one for name, one in pipeline.loaded.components.items() if isinstance(one, torch.nn.Module)}
    return {
        name: Shape(
            [(at, type(one)) for at, one in module.named_modules()],
            list(module.state_dict()),
            [name for name in vars(module) if "peft" in name],
        )
        for name, module in modules.items()
    }


class Bench(NamedTuple):
    pipeline: Pipeline
    file: Callable[..., Path]

    def worn(self, *files: Path, strength: float = 1.0, weights: str = "") -> Pipeline:
        made = self.pipeline
        for file in files:
            made = made.with_lora(chosen(made.loaded, lora_file(file), strength, weights))
        return made


def bench_of(family: str, pipelines: dict[str, Pipeline], folder: Path) -> Bench:
    pipeline = pipelines[family]

    def file(name: str = "a", tensors: dict[str, torch.Tensor] | None = None, **more: Any) -> Path:
        path = folder / f"{name}.safetensors"
        return written(path, tensors, **more) if tensors else tiny_lora(path, pipeline.loaded, ord(name[0]), **more)

    return Bench(pipeline, file)


@pytest.fixture(params=FAMILIES)
def bench(request: pytest.FixtureRequest, pipelines, tmp_path) -> Bench:
    return bench_of(request.param, pipelines, tmp_path)


@pytest.fixture
def sd15(pipelines, tmp_path) -> Bench:
    return bench_of("sd15", pipelines, tmp_path)


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("form", FORMATS)
def test_each_format_does_what_diffusers_own_loading_does(tiny, pipelines, tmp_path, family, form, capfd):
    pipeline = pipelines[family]
    file = written(tmp_path / "a.safetensors", tensors_of(form, family, pipeline.loaded))
    plain = run(pipeline)
    made = run(pipeline.with_lora(chosen(pipeline.loaded, lora_file(file))))
    assert made.notes == () and not torch.equal(made.images, plain.images)
    assert "".join(capfd.readouterr()) == ""  # such as transformers' table of weights "newly initialized"
    own = Loader(PlainMemory()).load(Spec(tiny / family))
    with quiet():
        own.loaded.load_lora_weights(load_file(file), adapter_name="a")
    assert same(run(own).images, made.images)


class TestTheOthers:
    def test_a_pipeline_without_loras_never_changes_by_a_bit(self, bench):
        before = run(bench.pipeline)
        worn = bench.worn(bench.file("a"), bench.file("b"))
        first = run(worn)
        assert torch.equal(run(bench.pipeline).images, before.images)
        assert torch.equal(run(worn).images, first.images)
        with pytest.raises(Stopped):
            run(worn, Steps(stop_after=1))
        assert torch.equal(run(bench.pipeline).images, before.images)
        with pytest.raises(ArgumentError):
            run(
                worn, arguments={"timesteps": [1], "sigmas": [1]} if bench.pipeline.kind != "FluxPipeline" else {"x": 1}
            )
        del worn
        assert torch.equal(run(bench.pipeline).images, before.images)

    def test_the_modules_are_as_before_when_nobody_wants_it_any_more(self, bench):
        before = shape(bench.pipeline)
        worn = bench.worn(bench.file("a"), bench.file("b"))
        run(worn)
        assert shape(bench.pipeline) != before
        denoiser = denoiser_of(bench.pipeline.loaded)[1]
        layers = [weakref.ref(one) for name, one in denoiser.named_parameters() if ".lora_" in name]
        assert layers
        del worn
        gc.collect()
        assert shape(bench.pipeline) == before and not any(one() is not None for one in layers)

    def test_of_two_the_one_that_is_still_wanted_stays(self, sd15):
        first, second = sd15.worn(sd15.file("a")), sd15.worn(sd15.file("b"))
        pictures = [run(one).images for one in (first, second)]
        del first
        gc.collect()
        assert len(sd15.pipeline.loaded.unet.peft_config) == 1
        assert torch.equal(run(second).images, pictures[1])

    def test_what_dies_in_a_run_goes_after_it(self, sd15):
        worn: list[Any] = [sd15.worn(sd15.file("a"))]
        before = shape(sd15.pipeline)
        run(worn[0])

        class Dropping(Steps):
            def step(self, done: int, latents: Latents) -> None:
                worn.clear()
                gc.collect()

        run(sd15.pipeline, Dropping())
        assert shape(sd15.pipeline) == before

    def test_layers_of_others_are_left_alone(self, tiny, sd15):
        pipeline = Loader(PlainMemory()).load(Spec(tiny / "sd15"))
        pipeline.loaded.load_lora_weights(load_file(sd15.file("b")), adapter_name="theirs")
        before, plain = shape(pipeline), run(pipeline)
        worn = pipeline.with_lora(chosen(pipeline.loaded, lora_file(sd15.file("a"))))
        both = run(worn).images
        assert same(both, run(sd15.worn(sd15.file("b"), sd15.file("a"))).images)
        assert torch.equal(run(pipeline).images, plain.images)
        pipeline.loaded.unet.disable_adapters()
        assert same(run(worn).images, run(sd15.worn(sd15.file("a"))).images)
        pipeline.loaded.unet.enable_adapters()
        del worn
        gc.collect()
        assert shape(pipeline) == before and torch.equal(run(pipeline).images, plain.images)


class TestStrength:
    def test_several_make_a_stack(self, bench):
        a, b = bench.file("a"), bench.file("b")
        one, two, both = (run(bench.worn(*files)).images for files in ((a,), (b,), (a, b)))
        assert not torch.equal(one, two) and not torch.equal(both, one) and not torch.equal(both, two)

    def test_the_same_file_twice_counts_with_both_strengths(self, bench):
        file = bench.file()
        twice = bench.worn(file, file, strength=0.5)
        assert same(run(twice).images, run(bench.worn(file)).images)
        opposed = twice.with_lora(chosen(twice.loaded, lora_file(file), -1.0))
        assert torch.equal(run(opposed).images, run(bench.pipeline).images)

    def test_nothing_is_loaded_for_a_strength_of_0(self, bench):
        before = shape(bench.pipeline)
        worn = bench.worn(bench.file(), strength=0.0)
        assert torch.equal(run(worn).images, run(bench.pipeline).images) and shape(bench.pipeline) == before

    def test_back_and_forth_is_exact(self, bench):
        a, b = bench.worn(bench.file("a")), bench.worn(bench.file("b"), strength=-0.7)
        first = [run(one).images for one in (a, b)]
        assert all(torch.equal(run(one).images, picture) for one, picture in zip((a, b) * 2, first * 2, strict=True))

    def test_a_component_has_a_weight_of_its_own(self, sd15):
        loaded = sd15.pipeline.loaded
        unet, text = (peft_tensors(name, pairs(module, ends, 1)) for name, module, ends in (
            ("unet", loaded.unet, ATTENTION), ("text_encoder", loaded.text_encoder, TEXT)))  # fmt: skip
        both = sd15.file("both", unet | text)
        alone = run(sd15.worn(sd15.file("unet", unet))).images
        assert same(run(sd15.worn(both, weights='{"text_encoder": 0}')).images, alone)
        quarter = run(sd15.worn(both, strength=0.5, weights='{"text_encoder": 0, "unet": 0.5}')).images
        assert same(quarter, run(sd15.worn(sd15.file("unet", unet), strength=0.25)).images)

    @pytest.mark.parametrize(
        "blocks",
        [
            {"down": 0.5},
            {"mid": 0},
            {"down": 0.25, "mid": 2, "up": 0.5},
            {"up": {"block_1": 0.5}},
            {"up": {"block_1": [0.25, 4]}},
        ],
    )
    def test_blocks_weigh_as_in_diffusers(self, tiny, sd15, blocks):
        tensors = peft_tensors("unet", pairs(sd15.pipeline.loaded.unet, [*ATTENTION, "proj_in"], 1))
        made = run(sd15.worn(sd15.file("blocks", tensors), weights=json.dumps({"unet": blocks}))).images
        own = Loader(PlainMemory()).load(Spec(tiny / "sd15"))
        own.loaded.load_lora_weights(tensors, adapter_name="a")
        own.loaded.set_adapters("a", {"unet": blocks})
        assert torch.allclose(run(own).images, made, atol=1e-4)
        assert not torch.allclose(run(sd15.worn(sd15.file("blocks", tensors))).images, made, atol=1e-4)

    def test_blocks_of_a_transformer_go_by_its_own_names(self, pipelines, tmp_path):
        bench = bench_of("flux", pipelines, tmp_path)
        tensors = peft_tensors("transformer", pairs(bench.pipeline.loaded.transformer, ATTENTION, 1))
        double = {name: one for name, one in tensors.items() if ".transformer_blocks." in name}
        weights = '{"transformer": {"single_transformer_blocks": 0}}'
        assert len(double) < len(tensors)
        made = run(bench.worn(bench.file("all", tensors), weights=weights)).images
        assert same(made, run(bench.worn(bench.file("double", double))).images)


class TestNumbers:
    """What a layer adds is up(down(x)) * alpha / rank."""

    def merged(self, loaded: Any, given: dict[str, tuple[torch.Tensor, torch.Tensor]], scale: Callable[[str], float]):
        weights = {name: layer.weight for name, layer in loaded.unet.named_modules() if name in given}
        return {name: weights[name] + up @ down * scale(name) for name, (down, up) in given.items()}

    def same(self, tiny: Path, made: torch.Tensor, weights: dict[str, torch.Tensor]) -> bool:
        own = Loader(PlainMemory()).load(Spec(tiny / "sd15"))
        for name, weight in weights.items():
            own.loaded.unet.get_submodule(name).weight = torch.nn.Parameter(weight)
        return torch.allclose(run(own).images, made, atol=1e-3)

    def test_alphas_that_differ_between_layers(self, tiny, sd15):
        """diffusers itself overlooks those of attention layers in kohya's files when they differ."""
        given = pairs(sd15.pipeline.loaded.unet, ATTENTION, 1)
        tensors = {}
        for name, pair in given.items():
            tensors |= kohya_tensors("lora_unet", {name: pair}, 1.0 if "attn1" in name else 3.0)
        weights = self.merged(sd15.pipeline.loaded, given, lambda name: (1.0 if "attn1" in name else 3.0) / 4)
        assert self.same(tiny, run(sd15.worn(sd15.file("alphas", tensors))).images, weights)

    def test_ranks_that_differ_between_layers(self, tiny, sd15):
        unet = sd15.pipeline.loaded.unet
        given = pairs(unet, ["to_q", "to_k"], 1) | pairs(unet, ["to_v"], 2, rank=2)
        worn = sd15.worn(sd15.file("ranks", peft_tensors("unet", given)))
        assert self.same(tiny, run(worn).images, self.merged(sd15.pipeline.loaded, given, lambda _: 1.0))

    @pytest.mark.parametrize(("rooted", "scale"), [(False, 0.4 / 4), (True, 0.4 / 4**0.5)])
    def test_the_alpha_in_the_files_own_metadata(self, tiny, sd15, rooted, scale):
        given = pairs(sd15.pipeline.loaded.unet, ATTENTION, 1)
        settings = {"unet.r": 4, "unet.lora_alpha": 0.4, "unet.use_rslora": rooted}
        file = sd15.file("m", peft_tensors("unet", given), metadata={"lora_adapter_metadata": json.dumps(settings)})
        weights = self.merged(sd15.pipeline.loaded, given, lambda _: scale)
        assert self.same(tiny, run(sd15.worn(file)).images, weights)


@pytest.mark.parametrize("dtype", ["fp16", "bf16"])
def test_half_precision_bases_get_layers_of_their_own_precision(tiny, sd15, dtype):
    pipeline = Loader(PlainMemory()).load(Spec(tiny / "sd15", dtype=dtype))
    plain = run(pipeline)
    worn = pipeline.with_lora(chosen(pipeline.loaded, lora_file(sd15.file())))
    made = run(worn)
    kinds = {one.dtype for name, one in pipeline.loaded.unet.named_parameters() if ".lora_" in name}
    assert kinds == {pipeline.loaded.unet.dtype} and made.images.isfinite().all()
    assert not torch.equal(made.images, plain.images) and torch.equal(run(pipeline).images, plain.images)


def test_weights_stored_in_eight_bits_are_no_hindrance(tiny, sd15):
    pipeline = Loader(PlainMemory()).load(Spec(tiny / "sd15"))
    pipeline.loaded.unet.enable_layerwise_casting(torch.float8_e4m3fn, torch.float32)
    plain = run(pipeline)
    worn = pipeline.with_lora(chosen(pipeline.loaded, lora_file(sd15.file())))
    assert not torch.equal(run(worn).images, plain.images)
    kinds = {one.dtype for name, one in pipeline.loaded.unet.named_parameters() if ".lora_" in name}
    assert kinds == {torch.float32} and torch.equal(run(pipeline).images, plain.images)


def test_a_dora_of_diffusers_own_format(tiny, sd15):
    unet = sd15.pipeline.loaded.unet
    given = pairs(unet, ["to_q"], 1)
    tensors = peft_tensors("unet", given)
    for name in given:
        tensors[f"unet.{name}.lora_magnitude_vector"] = unet.get_submodule(name).weight.norm(dim=1).detach() * 2
    made = run(sd15.worn(sd15.file("dora", tensors))).images
    own = Loader(PlainMemory()).load(Spec(tiny / "sd15"))
    own.loaded.load_lora_weights(tensors, adapter_name="a")
    assert torch.allclose(run(own).images, made, atol=1e-5)


def test_the_memory_manager_hears_of_layers_that_come_and_go(tiny, sd15):
    pipeline = Loader(PlainMemory()).load(Spec(tiny / "sd15"))
    kept: Any = next(one for one in pipeline.weights if one.module is pipeline.loaded.unet)
    before = kept.bytes
    worn = pipeline.with_lora(chosen(pipeline.loaded, lora_file(sd15.file())))
    run(worn)
    assert kept.changes == 1 and kept.bytes > before
    run(worn)
    assert kept.changes == 1
    del worn
    gc.collect()
    assert kept.changes == 2 and kept.bytes == before


class TestWrongFiles:
    @pytest.mark.parametrize("form", ["diffusers", "kohya"])
    @pytest.mark.parametrize(("family", "other"), [(a, b) for a in FAMILIES for b in FAMILIES if a != b])
    def test_another_family_is_one_sentence_and_leaves_nothing(self, pipelines, tmp_path, family, other, form):
        bench = bench_of(family, pipelines, tmp_path)
        file = bench.file("other", tensors_of(form, other, pipelines[other].loaded))
        before, plain = shape(bench.pipeline), run(bench.pipeline)
        with pytest.raises(LoraError) as caught:
            run(bench.worn(file))
        said = str(caught.value)
        assert "other.safetensors is " in said and "\n" not in said and len(said) < 600
        assert "LoRA for another kind of model" in said or "cannot place its layers such as lora" in said
        assert shape(bench.pipeline) == before and torch.equal(run(bench.pipeline).images, plain.images)

    def test_what_does_not_fit_is_left_out_and_named(self, sd15):
        tensors = peft_tensors("unet", pairs(sd15.pipeline.loaded.unet, ATTENTION, 1))
        good = run(sd15.worn(sd15.file("good", tensors))).images
        more = {f"unet.no.such.lora_{part}.weight": torch.zeros(4, 4) for part in "AB"}
        more |= {
            "unet.conv_in.lora_A.weight": torch.ones(4, 99, 3, 3),
            "unet.conv_in.lora_B.weight": torch.ones(32, 4, 1, 1),
        }
        more |= {"unet.conv_out.lora_A.weight": torch.ones(4, 32, 3, 3)}
        worn = sd15.worn(sd15.file("more", tensors | more))
        for _ in range(2):
            made = run(worn)
            (said,) = made.notes
            assert said.startswith("3 of ") and "layers of more.safetensors did not fit and were left out: " in said
            assert "unet.no.such" in said and same(made.images, good)

    def test_the_first_of_two_stays_when_the_second_is_wrong(self, sd15):
        right = sd15.file("a")
        wrong = sd15.file("w", {"unet.no.lora_A.weight": torch.ones(4, 4), "unet.no.lora_B.weight": torch.ones(4, 4)})
        with pytest.raises(LoraError, match="1 of its 1 layers for the unet have no place there, such as "):
            run(sd15.worn(right, wrong))
        assert not torch.equal(run(sd15.worn(right)).images, run(sd15.pipeline).images)

    @pytest.mark.parametrize(
        ("tensors", "said"),
        [
            ({"model.diffusion_model.out.weight": torch.ones(2)}, "is no LoRA: it holds 1 weights"),
            ({"lora_unet_x.lokr_w1": torch.ones(2)}, "is a LoKr, which cannot be loaded"),
            ({"lora_unet_x.hada_w1_a": torch.ones(2)}, "is a LoHa, which cannot be loaded"),
            ({"lora_unet_x.lora_down.weight": torch.ones(2, 2), "lora_unet_x.dora_scale": torch.ones(2)}, "is a DoRA"),
            ({"lora_unet_x.lora_down.weight": torch.ones(2, 2)}, "is no LoRA for StableDiffusionPipeline: diffusers"),
            ({"lora_unet_x.alpha": torch.ones(3)}, "is no LoRA for StableDiffusionPipeline: diffusers cannot place"),
            ({"lora": torch.ones(2)}, "LoRA for another kind of model"),
            ({"unet.conv_in.lora_A.weight": torch.ones(2)}, "LoRA for another kind of model"),
            ({"unet.conv_in.lora_A.weight": torch.ones(0, 4, 3, 3), "unet.conv_in.lora_B.weight": torch.ones(32, 0)},
             "another kind"),
        ],
    )  # fmt: skip
    def test_no_lora_is_said(self, sd15, tensors, said):
        before = shape(sd15.pipeline)
        with pytest.raises(LoraError) as caught:
            run(sd15.worn(sd15.file("odd", tensors)))
        assert said in str(caught.value) and "\n" not in str(caught.value)
        assert shape(sd15.pipeline) == before

    @pytest.mark.parametrize(
        ("spoil", "said"),
        [
            (lambda data: b"", "its header is damaged"),
            (lambda data: data[:100], "its header is damaged"),
            (lambda data: data[:-10], "it ends after"),
            (lambda data: b"\xff" * 64, "its header is damaged"),
            (lambda data: b"PK" + data, "its header is damaged"),
        ],
    )
    def test_a_damaged_file_is_said_before_and_in_a_run(self, sd15, spoil, said):
        file = sd15.file()
        file.write_bytes(spoil(file.read_bytes()))
        for reading in (lambda: read_metadata(lora_file(file)), lambda: run(sd15.worn(file))):
            with pytest.raises((FolderError, LoraError), match=said):
                reading()

    def test_a_file_that_is_gone_is_said(self, sd15, tmp_path):
        with pytest.raises(LoraError, match=r"none\.safetensors cannot be read"):
            lora_file(tmp_path / "none.safetensors")
        worn = sd15.worn(sd15.file())
        (tmp_path / "a.safetensors").unlink()
        with pytest.raises((LoraError, FolderError, OSError)):
            run(worn)

    def test_a_pipeline_that_takes_none_is_said(self, sd15):
        with pytest.raises(LoraError, match="diffusers takes no LoRA for object"):
            chosen(object(), lora_file(sd15.file()))

    def test_a_missing_package_is_named(self, sd15, monkeypatch):
        monkeypatch.setattr(packages, "find_spec", lambda name: None if name == "peft" else object())
        with pytest.raises(PackageError, match="need the Python package peft, which is not installed"):
            run(sd15.worn(sd15.file()))


@pytest.mark.parametrize(
    ("weights", "said"),
    [
        ("{", "The weights are not JSON"),
        ("[1]", "must be a JSON object"),
        ("[" * 10_000, "The weights are not JSON"),
        ('{"vae": 1}', "has no component 'vae'. Give weights for: unet, text_encoder."),
        ('{"unet": "much"}', "weight of 'unet' must be a number from -100 to 100, got much"),
        ('{"unet": NaN}', "must be a number"),
        ('{"unet": true}', "must be a number"),
        ('{"unet": {"down": "x"}}', "weight of 'down_blocks' must be a number"),
        ('{"unet": {"up": {"block_9": 1}}}', "unet has no block 'up_blocks.9' to weigh. It has: down_blocks.0"),
        ('{"unet": {"up": {"block_1": [1, 1, 1]}}}', "no block 'up_blocks.1.attentions.2'"),
    ],
)  # fmt: skip
def test_weights_are_checked_when_they_are_chosen(sd15, weights, said):
    with pytest.raises(LoraError) as caught:
        sd15.worn(sd15.file(), weights=weights)
    assert said in str(caught.value) and "\n" not in str(caught.value)


def test_a_changed_file_is_another_one(sd15):
    first = sd15.worn(sd15.file("a"))
    before = run(first).images
    tiny_lora(sd15.file("a"), sd15.pipeline.loaded, 99, {"x": "another length"})
    assert not torch.equal(run(sd15.worn(Path(first.loras[0].file.path))).images, before)
