"""Precision, fp8 storage and quantization: what the weights are in memory, and what is said where that is not to be."""

from importlib.util import find_spec
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from lectern.pipelines import quantizing
from lectern.pipelines.errors import PackageError, PlanError
from lectern.pipelines.index import Component
from lectern.pipelines.loading import Loader
from lectern.pipelines.memory import FP16, FP32
from lectern.pipelines.pipeline import Spec
from lectern.pipelines.plans import GROUP, MODEL, Plan, denoisers
from support.tiny import FAMILIES

from .conftest import PlainMemory
from .test_plans import run


class OldDevice(PlainMemory):
    """Has nothing but fp32."""

    def precision(self, wanted: str) -> str:
        return FP32


def stored(module: Any) -> set[torch.dtype]:
    return {one.dtype for one in module.parameters()}


@pytest.mark.parametrize("dtype", ["fp32", "fp16", "bf16", "fp8 storage"])
@pytest.mark.parametrize("family", FAMILIES)
def test_every_precision_runs_on_a_processor(tiny, memory, family, dtype):
    pipeline = Loader(memory).load(Spec(tiny / family, dtype=dtype))
    made = run(pipeline, request={"steps": 2})
    assert made.images.isfinite().all() and pipeline.notes == ()


class TestFp8:
    def test_only_the_denoiser_is_stored_in_it(self, tiny, memory):
        with torch.inference_mode():
            pipeline = Loader(memory).load(Spec(tiny / "flux", dtype="fp8 storage"))
        (denoiser,) = denoisers(pipeline.loaded)
        assert torch.float8_e4m3fn in stored(denoiser) and denoiser.dtype == torch.bfloat16
        assert stored(pipeline.loaded.vae) == stored(pipeline.loaded.text_encoder_2) == {torch.bfloat16}
        whole = Loader(memory).load(Spec(tiny / "flux", dtype="bf16"))
        sizes = [next(one.bytes for one in each.weights if one.module is denoisers(each.loaded)[0])
                 for each in (pipeline, whole)]  # fmt: skip
        assert sizes[0] < 0.65 * sizes[1]

    def test_the_others_are_shared_with_the_same_precision(self, tiny, memory):
        loader = Loader(memory)
        eight, sixteen = (loader.load(Spec(tiny / "sdxl", dtype=dtype)) for dtype in ("fp8 storage", "bf16"))
        assert eight.loaded.vae is sixteen.loaded.vae and eight.loaded.unet is not sixteen.loaded.unet
        assert stored(sixteen.loaded.unet) == {torch.bfloat16}

    @pytest.mark.parametrize("family", FAMILIES)
    def test_it_stays_fp8_and_the_same_however_it_is_offloaded(self, tiny, memory, family):
        pipeline = Loader(memory).load(Spec(tiny / family, dtype="fp8 storage"))
        expected = run(pipeline, request={"steps": 2}).images
        for offload in (MODEL, GROUP):
            assert torch.equal(run(pipeline, Plan(offload=offload), request={"steps": 2}).images, expected)
            assert torch.float8_e4m3fn in stored(denoisers(pipeline.loaded)[0])
        assert torch.equal(run(pipeline, request={"steps": 2}).images, expected)


@pytest.mark.parametrize(
    ("dtype", "said"),
    [
        (FP16, ("This device does not run fp16; the pipeline was loaded as fp32.",)),
        ("fp8 storage", (
            "This device does not run bf16; the pipeline was loaded as fp32.",
            "This device does not store fp8; the pipeline was loaded as fp32.",
        )),
        (FP32, ()),
        ("auto", ()),
    ],
)  # fmt: skip
def test_what_the_device_lacks_is_said(tiny, dtype, said):
    pipeline = Loader(OldDevice()).load(Spec(tiny / "sd15", dtype=dtype))
    assert pipeline.notes == said and pipeline.loaded.unet.dtype == torch.float32


PARTS = [
    Component("transformer", "diffusers", "FluxTransformer2DModel"), Component("vae", "diffusers", "AutoencoderKL"),
    Component("text_encoder", "transformers", "CLIPTextModel"),
    Component("text_encoder_2", "transformers", "T5EncoderModel"),
]  # fmt: skip


class TestQuantization:
    def test_the_denoiser_and_large_text_encoders_are_chosen(self):
        sizes = {"transformer": 9, "vae": 2 << 30, "text_encoder": 1 << 28, "text_encoder_2": 9 << 30}
        assert [one.name for one in quantizing.chosen(PARTS, sizes)] == ["transformer", "text_encoder_2"]

    @pytest.mark.parametrize(
        ("quantization", "given"),
        [
            ("bitsandbytes 8 bit", {"load_in_8bit": True}),
            ("bitsandbytes 4 bit", {
                "load_in_4bit": True, "bnb_4bit_quant_type": "nf4", "bnb_4bit_compute_dtype": torch.bfloat16,
            }),
        ],
    )  # fmt: skip
    def test_each_library_is_told_in_its_own_terms(self, quantization, given, monkeypatch):
        made = {}
        for library in ("diffusers", "transformers"):
            own = SimpleNamespace(BitsAndBytesConfig=lambda library=library, **named: (library, named))
            made[library] = quantizing._setting(quantization, own, torch.bfloat16)
        assert made == {library: (library, given) for library in ("diffusers", "transformers")}

    @pytest.mark.parametrize("quantization", quantizing.QUANTIZATIONS[1:])
    def test_a_missing_package_is_named(self, tiny, memory, monkeypatch, quantization):
        monkeypatch.setattr(quantizing, "find_spec", lambda name: None)
        package = quantization.split()[0]
        with pytest.raises(PackageError, match=f"needs the Python package {package}, which is not installed"):
            Loader(memory).load(Spec(tiny / "flux", quantization=quantization))

    @pytest.mark.parametrize(
        ("spec", "said"),
        [
            ({"quantization": "int3"}, "There is no quantization 'int3'. Choose one of none, bitsandbytes 8 bit"),
            ({"quantization": "torchao int8", "dtype": "fp8 storage"}, "fp8 storage and torchao int8 do not go togeth"),
        ],
    )
    def test_a_mistake_is_one_sentence(self, tiny, memory, spec, said):
        with pytest.raises(PlanError) as caught:
            Loader(memory).load(Spec(tiny / "flux", **spec))
        assert said in str(caught.value) and "\n" not in str(caught.value)

    @pytest.mark.skipif(find_spec("torchao") is None, reason="torchao is not installed")
    @pytest.mark.parametrize("quantization", ["torchao int8", "torchao fp8"])
    @pytest.mark.parametrize("family", FAMILIES)
    def test_torchao_runs(self, tiny, memory, family, quantization):
        with torch.inference_mode():
            pipeline = Loader(memory).load(Spec(tiny / family, dtype="bf16", quantization=quantization))
        for offload in ("full", MODEL, GROUP):
            assert run(pipeline, Plan(offload=offload), request={"steps": 2}).images.isfinite().all()

    @pytest.mark.skipif(find_spec("bitsandbytes") is None or torch.cuda.is_available(), reason="needs the package")
    @pytest.mark.parametrize("quantization", ["bitsandbytes 8 bit", "bitsandbytes 4 bit"])
    def test_bitsandbytes_without_a_gpu_says_so(self, tiny, memory, quantization):
        with pytest.raises(PlanError, match="does not work here: No GPU found"):
            Loader(memory).load(Spec(tiny / "sd15", quantization=quantization))
