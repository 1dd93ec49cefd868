"""Ways to run: the picture stays that of the plain pipeline where it must, and nothing stays on shared components."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest
import torch

from lectern.pipelines import plans
from lectern.pipelines.errors import PackageError, PlanError
from lectern.pipelines.latents import decoding_bytes
from lectern.pipelines.offloading import stages
from lectern.pipelines.plans import BACKENDS, CACHES, GROUP, KERNELS, MODEL, SEQUENTIAL, Plan, checked
from lectern.pipelines.sampling import Request, Sampled, sample
from lectern.pipelines.vae import decode_latents
from support.tiny import FAMILIES

from .conftest import Kept, PlainMemory, Steps, Stopped

QUICK = Request("a cat", seed=3, steps=3, width=64, height=48)
ANY = Plan(offload=GROUP, vae_tiling=True, vae_slicing=True, attention="_native_math", compile=True, compiler="eager")


def noise(shape: tuple[int, ...], seed: int) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator("cpu").manual_seed(seed))


def run(pipeline: Any, plan: Plan = Plan(), memory: PlainMemory | None = None, **more: Any) -> Sampled:  # noqa: B008
    with torch.inference_mode():  # as ComfyUI runs every node
        request = Request(**(vars(QUICK) | more.pop("request", {})))
        return sample(pipeline.with_plan(plan), request, memory or PlainMemory(), noise, more.get("watch", Steps()))


@pytest.fixture(scope="module")
def plain(pipelines) -> dict[str, torch.Tensor]:
    return {family: run(pipelines[family]).images for family in FAMILIES}


STAYS = ("_diffusers_hook", "_lectern_compiled", "_cache_config", "forward")  # looked at by what is in them


def state(pipeline: Any) -> dict[str, Any]:
    """What a run could leave behind: attributes, hooks, places and values of every part."""
    found: dict[str, Any] = {}
    for weights in pipeline.weights:
        for name, part in weights.module.named_modules():
            own = {key for key in vars(part) if key not in STAYS}
            hooks = (len(part._forward_pre_hooks), len(part._forward_hooks), "forward" in vars(part))
            worn = list(vars(part)["_diffusers_hook"].hooks) if "_diffusers_hook" in vars(part) else []
            flags = [vars(part).get(flag) for flag in ("use_tiling", "use_slicing", "_cache_config")]
            found[f"{type(weights.module).__name__}.{name}"] = (own, hooks, worn, flags)
        for name, value in weights.module.named_parameters():
            found[f"{type(weights.module).__name__}/{name}"] = (value.device, value.dtype, value._version)
    return found


@contextmanager
def left_alone(pipeline: Any) -> Iterator[None]:
    before = state(pipeline)
    yield
    assert state(pipeline) == before


@pytest.mark.parametrize("family", FAMILIES)
class TestEachFamily:
    @pytest.mark.parametrize("offload", [MODEL, SEQUENTIAL, GROUP])
    def test_the_picture_stays_the_same(self, pipelines, family, plain, offload):
        plan = Plan(offload=offload, vae_slicing=True, attention="native")
        with left_alone(pipelines[family]):
            assert torch.equal(run(pipelines[family], plan).images, plain[family])
        assert torch.equal(run(pipelines[family]).images, plain[family])

    def test_all_at_once_it_stays_nearly_the_same(self, pipelines, family, plain):
        with left_alone(pipelines[family]):
            assert torch.allclose(run(pipelines[family], ANY).images, plain[family], atol=1e-2)
        assert torch.equal(run(pipelines[family]).images, plain[family])

    def test_cancel_takes_everything_off(self, pipelines, family, plain):
        with left_alone(pipelines[family]), pytest.raises(Stopped):
            run(pipelines[family], Plan(offload=GROUP, vae_tiling=True), watch=Steps(stop_after=2))
        assert torch.equal(run(pipelines[family]).images, plain[family])

    def test_image_to_image_and_inpainting(self, pipelines, family):
        image = torch.rand(1, 48, 64, 3, generator=torch.Generator().manual_seed(1))
        for mask, offload in ((None, MODEL), (torch.ones(1, 48, 64), GROUP)):
            changes = {"image": image, "mask": mask, "denoise": 0.6}
            expected = run(pipelines[family], request=changes).images
            assert torch.equal(run(pipelines[family], Plan(offload=offload), request=changes).images, expected)

    def test_tiles_change_large_pictures_alone(self, pipelines, family, plain):
        tiled = Plan(vae_tiling=True)
        with left_alone(pipelines[family]):
            assert torch.equal(run(pipelines[family], tiled).images, plain[family])
            large = {"width": 128, "height": 96}
            one, other = (run(pipelines[family], plan, request=large) for plan in (Plan(), tiled))
        assert not torch.equal(one.images, other.images) and torch.equal(one.latents, other.latents)

    def test_the_decoder_works_in_tiles_too(self, pipelines, family):
        latents = run(pipelines[family], request={"width": 128, "height": 96}).latents
        expected = run(pipelines[family], Plan(vae_tiling=True), request={"width": 128, "height": 96}).images
        made = decode_latents(pipelines[family].with_plan(Plan(vae_tiling=True)), latents, PlainMemory())
        assert torch.equal(made, expected) and not pipelines[family].loaded.vae.use_tiling


class TestOffload:
    def test_each_is_loaded_when_it_is_called(self, pipelines, memory):
        run(pipelines["flux"], Plan(offload=MODEL), memory)
        assert memory.loads == [["CLIPTextModel"], ["T5EncoderModel"], ["FluxTransformer2DModel"], ["AutoencoderKL"]]

    def test_without_a_plan_all_at_once_where_it_fits_else_one_by_one(self, pipelines, memory):
        flux = pipelines["flux"]
        run(flux, memory=memory)
        memory.size = sum(one.bytes for one in flux.weights)  # no room for what the run takes beside them
        run(flux, memory=memory)
        assert [len(names) for names in memory.loads] == [4, 1, 1, 1, 1]

    def test_moved_in_pieces_it_leaves_the_managers_hands(self, pipelines, memory):
        run(pipelines["flux"], Plan(offload=GROUP), memory)
        assert memory.loads == [["AutoencoderKL"]] and len(memory.rooms) == 1
        assert [sorted(names) for names in memory.released] == [
            ["CLIPTextModel", "FluxTransformer2DModel", "T5EncoderModel"]
        ]

    def test_what_takes_turns_in_a_step_is_loaded_together(self, pipelines):
        pipeline = pipelines["sd15"]
        kinds = [
            [type(one.module).__name__ for one in stage]
            for stage in stages(pipeline.loaded, (*pipeline.weights, Kept(torch.nn.Linear(1, 1))))
        ]
        assert sorted(kinds) == [["AutoencoderKL"], ["CLIPTextModel"], ["UNet2DConditionModel", "Linear"]]


@pytest.mark.parametrize("cache", CACHES)
class TestCaches:
    # Flux's own schedule leaves much to do in few steps; the threshold lets the first block skip here too.
    def plan(self, cache: str) -> Plan:
        return Plan(cache=cache, cache_threshold=5.0)

    def test_it_skips_and_is_gone_afterwards(self, pipelines, plain, cache):
        with left_alone(pipelines["flux"]):
            made = run(pipelines["flux"], self.plan(cache), request={"steps": 12}).images
        assert not torch.equal(made, run(pipelines["flux"], request={"steps": 12}).images)
        assert torch.equal(run(pipelines["flux"], self.plan(cache), request={"steps": 12}).images, made)
        assert torch.equal(run(pipelines["flux"]).images, plain["flux"])

    def test_cancel_takes_it_off(self, pipelines, plain, cache):
        with left_alone(pipelines["flux"]), pytest.raises(Stopped):
            run(pipelines["flux"], self.plan(cache), request={"steps": 12}, watch=Steps(stop_after=6))
        assert torch.equal(run(pipelines["flux"]).images, plain["flux"])

    def test_from_an_image_there_is_nothing_to_take_at_first(self, pipelines, cache):
        image = {"image": torch.rand(1, 48, 64, 3), "denoise": 0.5, "steps": 8}
        assert run(pipelines["flux"], self.plan(cache), request=image).images.isfinite().all()


@pytest.mark.parametrize("cache", ["first block", "pyramid attention broadcast"])
def test_a_cache_with_blocks_that_come_one_by_one_and_compiled(pipelines, cache):
    cached = Plan(cache=cache, cache_threshold=5.0)
    with left_alone(pipelines["flux"]):
        whole = run(pipelines["flux"], cached, request={"steps": 12}).images
        both = replace(cached, offload=GROUP, compile=True, compiler="eager")
        assert torch.allclose(run(pipelines["flux"], both, request={"steps": 12}).images, whole, atol=1e-4)


@pytest.mark.parametrize("cache", ["pyramid attention broadcast", "faster cache"])
def test_two_calls_a_step_are_not_mixed_up(pipelines, plain, cache):
    guided = {"arguments": {"true_cfg_scale": 4.0}, "negative_prompt": "fog"}
    with pytest.raises(PlanError, match=r"calls its denoiser more than once in a step .* Choose first block or"):
        run(pipelines["flux"], Plan(cache=cache), request=guided)
    assert torch.equal(run(pipelines["flux"]).images, plain["flux"])


@pytest.mark.parametrize("family", ["sd15", "flux"])
def test_blocks_are_compiled_once(pipelines, family):
    """What a run compiles is there for the next; the pipeline without the plan never runs it."""
    from torch._dynamo.utils import counters

    compiled = Plan(compile=True, compiler="eager")
    first = run(pipelines[family], compiled).images
    counters.clear()
    assert torch.equal(run(pipelines[family], compiled).images, first) and not counters["frames"]
    torch._dynamo.reset()
    run(pipelines[family])
    assert not counters["frames"]


@pytest.mark.parametrize(
    ("family", "plan", "said"),
    [
        ("sd15", Plan(cache="first block"), "diffusers has no cache for the UNet2DConditionModel of StableDiffusion"),
        ("sdxl", Plan(attention="flex"), "takes no attention backend flex. It takes: native, _native_cudnn"),
        ("flux", Plan(compile=True, offload=SEQUENTIAL), "compile and sequential offload do not go together"),
        (
            "flux",
            Plan(offload="disk"),
            "There is no offload 'disk'. Choose one of auto, full, model, group, sequential.",
        ),
        ("flux", Plan(attention="nope"), "There is no attention 'nope'. Choose one of pipeline's own, native"),
        ("flux", Plan(cache="teacache"), "There is no cache 'teacache'. Choose one of none, first block"),
    ],
)
def test_what_does_not_fit_is_refused_with_what_does(pipelines, family, plan, said):
    with pytest.raises(PlanError) as caught:
        checked(pipelines[family].loaded, plan)
    assert said in str(caught.value) and "\n" not in str(caught.value)


@pytest.mark.parametrize(("backend", "package"), [(name, package) for name, package in BACKENDS.items() if package])
def test_a_missing_package_is_named(pipelines, monkeypatch, backend, package):
    monkeypatch.setattr(plans, "find_spec", lambda name: None)
    with pytest.raises(PackageError, match=f"{backend} needs the Python package {package}, which is not installed"):
        checked(pipelines["flux"].loaded, Plan(attention=backend))


@pytest.mark.parametrize("backend", sorted(KERNELS))
@pytest.mark.parametrize("family", ["sd15", "flux"])
def test_a_backend_runs_or_says_that_it_does_not(pipelines, plain, family, backend):
    """On this machine, whatever it has."""
    with left_alone(pipelines[family]):
        try:
            made = run(pipelines[family], Plan(attention=backend)).images
        except PlanError as error:
            assert f"The attention backend {backend} does not run here" in str(error)
        else:
            assert torch.allclose(made, plain[family], atol=1e-2)
    assert torch.equal(run(pipelines[family]).images, plain[family])


def test_tiles_need_less_room(pipelines):
    vae = pipelines["sd15"].loaded.vae
    assert decoding_bytes(vae, 1024, 2048, tiles=True) == decoding_bytes(vae, 64, 64)
    assert decoding_bytes(vae, 32, 32, tiles=True) == decoding_bytes(vae, 32, 32)
