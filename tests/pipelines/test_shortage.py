"""Too little memory: one sentence with what would fit, everything handed back, and the next run works."""

from dataclasses import replace
from types import SimpleNamespace

import pytest
import torch

from lectern.pipelines import loading
from lectern.pipelines.errors import ShortageError
from lectern.pipelines.loading import Loader
from lectern.pipelines.pipeline import Spec
from lectern.pipelines.plans import FULL, GROUP, MODEL, SEQUENTIAL, Plan
from lectern.pipelines.shortage import Part, enough, in_fp8, needs, parts_of, ran_out, sentence
from lectern.pipelines.vae import decode_latents

from .conftest import PlainMemory, Steps
from .test_plans import left_alone, run

GB = 10**9
# About Flux in bf16.
PARTS = [
    Part("transformer", 24 * GB, GB // 2, GB // 10, denoises=True, wide=True),
    Part("text_encoder_2", 9 * GB, GB // 2, GB // 4, wide=True),
    Part("vae", GB // 5, GB // 10, GB // 100, wide=True),
]


class Full(PlainMemory):
    """Finds no room for the components of some kinds."""

    def __init__(self, *kinds: str) -> None:
        super().__init__()
        self.kinds = kinds

    def load(self, weights, working):
        super().load(weights, working)
        if any(type(one.module).__name__ in self.kinds for one in weights):
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 GiB.")


def test_what_each_way_needs():
    assert needs(PARTS, 2 * GB) == {
        FULL: 2 * GB + 33_200_000_000, MODEL: 26 * GB, GROUP: 3 * GB, SEQUENTIAL: 2_500_000_000,
    }  # fmt: skip
    assert needs(in_fp8(PARTS), 2 * GB)[MODEL] == 14 * GB
    assert list(needs([], 5).values()) == [5] * 4


@pytest.mark.parametrize(
    ("offload", "free", "said"),
    [
        (FULL, 28 * GB, "with offload full FLUX needs about 35.2 GB on the device, 28.0 GB are free. These would fit,"
         " in Pipeline Memory where nothing else is said: offload model (26.0 GB), offload group (3.0 GB), offload"
         " sequential (2.5 GB), fp8 storage in Pipeline Loader (23.2 GB); vae_tiling makes decoding smaller."),
        (MODEL, 16 * GB, "offload group (3.0 GB), offload sequential (2.5 GB), fp8 storage in Pipeline Loader (14"),
        (GROUP, 2_700_000_000, "These would fit, in Pipeline Memory where nothing else is said: offload sequential ("),
        (SEQUENTIAL, 50_000_000, "2.5 GB on the device, 50.0 MB are free. No way to offload the weights would fit"),
    ],
)  # fmt: skip
def test_the_sentence_names_only_what_fits(offload, free, said):
    assert said in sentence("FLUX", offload, PARTS, 2 * GB, free, tiled=False)


def test_tiles_are_not_advised_twice():
    assert "vae_tiling" not in sentence("FLUX", FULL, PARTS, GB, GB, tiled=True)


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (torch.OutOfMemoryError("CUDA out of memory."), True),
        (MemoryError(), True),
        (
            RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried to allocate 8 bytes."),
            True,
        ),
        (RuntimeError("DefaultCPUAllocator: not enough memory: you tried to allocate 8 bytes."), True),
        (RuntimeError("MPS backend out of memory (MPS allocated: 9 GB)"), True),
        (RuntimeError("mat1 and mat2 shapes cannot be multiplied"), False),
        (ValueError("out of memory"), False),
    ],
)
def test_which_errors_mean_too_little_memory(error, told):
    assert ran_out(error) is told


def test_parts_are_measured(pipelines):
    parts = {part.name: part for part in parts_of(pipelines["flux"])}
    denoiser = parts["transformer"]
    assert set(parts) == {"transformer", "vae", "text_encoder", "text_encoder_2"}
    assert denoiser.denoises and denoiser.wide and 0 < denoiser.layer < denoiser.block < denoiser.whole
    assert denoiser.whole == next(
        one.bytes for one in pipelines["flux"].weights if one.module is pipelines["flux"].loaded.transformer
    )


@pytest.mark.parametrize(
    ("plan", "kind"),
    [
        (Plan(offload=FULL), "FluxTransformer2DModel"),
        (Plan(offload=MODEL), "T5EncoderModel"),
        (Plan(offload=GROUP), "AutoencoderKL"),
    ],
)
def test_a_run_hands_everything_back(pipelines, plan, kind):
    memory = Full(kind)
    expected = run(pipelines["flux"]).images
    with (
        left_alone(pipelines["flux"]),
        pytest.raises(ShortageError, match=f"with offload {plan.offload} FluxPipe") as caught,
    ):
        run(pipelines["flux"], plan, memory)
    assert caught.value.__context__ is None  # it would hold the tensors of the run
    assert len(memory.released[-1]) == len(pipelines["flux"].weights)
    assert torch.equal(run(pipelines["flux"]).images, expected)


def test_what_was_added_to_a_pipeline_is_handed_back_and_counted_too(pipelines):
    memory, pipeline = Full("UNet2DConditionModel"), pipelines["sd15"]
    adapter = SimpleNamespace(parts=(memory.keep(torch.nn.Linear(1000, 1000)),))
    more = replace(pipeline, adapters=(adapter,))
    assert sum(part.whole for part in parts_of(more)) == sum(part.whole for part in parts_of(pipeline)) + 4_004_000

    def fail() -> None:
        raise torch.OutOfMemoryError

    with pytest.raises(ShortageError):
        enough(fail, more, memory, 0)
    assert "Linear" in memory.released[-1]


def test_tensors_that_no_machine_has_room_for(pipelines):
    """torch's own error, in the middle of a run."""

    class Huge(Steps):
        def step(self, done, latents):
            torch.empty(1 << 60)

    with pytest.raises(ShortageError, match="Not enough memory: with offload full StableDiffusionPipeline needs about"):
        run(pipelines["sd15"], watch=Huge())
    with pytest.raises(ShortageError):
        decode_latents(pipelines["sd15"], torch.zeros(1, 4, 8, 8), Full("AutoencoderKL"))
    assert run(pipelines["sd15"]).images.isfinite().all()


def test_a_pipeline_that_the_computer_has_no_room_for(tiny, memory, monkeypatch):
    def read(*_: object) -> None:
        torch.empty(1 << 60)

    original = loading.from_folder
    monkeypatch.setattr(loading, "from_folder", read)
    loader = Loader(memory)
    with pytest.raises(
        ShortageError, match=r"Not enough memory to load flux: its weights need about .* MB, 1\.1 GB of"
    ):
        loader.load(Spec(tiny / "flux"))
    monkeypatch.setattr(loading, "from_folder", original)
    assert loader.load(Spec(tiny / "flux")).weights
