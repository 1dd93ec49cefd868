"""A LoRA, a ControlNet, an IP-Adapter and a way to run, all on one pipeline: the linked one stays as it was."""

import gc
from pathlib import Path

import pytest
import torch

from lectern.pipelines.adapterloading import AUTO, AdapterLoader
from lectern.pipelines.controlloading import ControlLoader
from lectern.pipelines.controlnets import Control
from lectern.pipelines.ipadapters import Adapter
from lectern.pipelines.loras import chosen, lora_file
from lectern.pipelines.pipeline import Pipeline
from lectern.pipelines.plans import GROUP, MODEL, Plan, checked
from lectern.pipelines.visions import find_encoders
from support.tiny import FAMILIES
from support.tiny.controls import controlnet, ip_adapter, vision_encoder, written
from support.tiny.loras import tiny_lora

from .conftest import PlainMemory, Steps, Stopped
from .test_sampling import run

pytestmark = pytest.mark.filterwarnings("ignore:.FluxPosEmbed. is deprecated:FutureWarning")

PICTURE = torch.rand(1, 50, 70, 4, generator=torch.Generator().manual_seed(2))
PLANS = (Plan(offload=MODEL, vae_tiling=True), Plan(offload=GROUP, vae_slicing=True, attention="native"))


def with_all(pipeline: Pipeline, folder: Path) -> Pipeline:
    loaded = pipeline.loaded
    controlnet(loaded).save_pretrained(folder / "net")
    vision_encoder().save_pretrained(folder / "image_encoder")
    file = written(ip_adapter(loaded), folder / "adapter.safetensors")
    lora = lora_file(tiny_lora(folder / "lora.safetensors", loaded, 1))
    control = Control(ControlLoader(PlainMemory()).load(folder / "net", loaded), PICTURE)
    parts = AdapterLoader(PlainMemory()).load(file, AUTO, find_encoders([], [folder]), loaded)
    return pipeline.with_lora(chosen(loaded, lora)).with_control(control).with_adapter(Adapter(*parts, PICTURE))


def traces(pipeline: Pipeline) -> list[object]:
    """What a run could leave on any part."""
    modules = [part for one in pipeline.all_weights() for part in one.module.modules()]
    skipped = {"forward", "_diffusers_hook"}  # diffusers leaves an empty registry of hooks itself
    return [
        (
            type(part), sorted(vars(part).keys() - skipped), "forward" in vars(part),
            list(getattr(vars(part).get("_diffusers_hook"), "hooks", ())),
            len(part._forward_pre_hooks), len(part._forward_hooks), id(vars(part).get("processor")),
        )
        for part in modules
    ]  # fmt: skip


@pytest.mark.parametrize("family", FAMILIES)
def test_with_and_without_in_turns_after_cancel_and_in_every_way_to_run(pipelines, tmp_path, family):
    base = pipelines[family]
    plain = run(base, steps=2).images
    worn = with_all(base, tmp_path)
    expected = run(worn, steps=2).images
    assert not torch.allclose(expected, plain, atol=1e-3)
    before = traces(worn)
    for planned in [worn.with_plan(checked(base.loaded, plan)) for plan in PLANS]:
        assert torch.equal(run(planned, steps=2).images, expected)
        assert torch.equal(run(base, steps=2).images, plain)
        with pytest.raises(Stopped):
            run(planned, Steps(stop_after=1), steps=2)
        assert traces(worn) == before
    assert torch.equal(run(base, steps=2).images, plain)
    modules, weights = sum(len(list(one.module.modules())) for one in base.weights), base.weights
    worn = planned = None  # the last that want its LoRA
    gc.collect()
    assert sum(len(list(one.module.modules())) for one in weights) < modules  # the LoRA's layers are gone
    assert torch.equal(run(base, steps=2).images, plain)
