"""ControlNets on tiny pipelines: what they change, what they start from, and what is left behind."""

import json
import shutil
import sys
from dataclasses import replace
from inspect import signature
from pathlib import Path
from typing import Any

import pytest
import torch

from lectern.pipelines.controlfiles import control_path, find_controls
from lectern.pipelines.controlloading import ControlLoader
from lectern.pipelines.controlnets import Control, checked_control
from lectern.pipelines.errors import ArgumentError, ControlNetError, FolderError
from lectern.pipelines.latents import encode, scale_of
from lectern.pipelines.loading import Loader
from lectern.pipelines.pipeline import Pipeline, Spec
from support.tiny import FAMILIES
from support.tiny.controls import controlnet, original_controlnet, written
from support.tiny.parts import diffusers

from .conftest import PlainMemory, Steps, Stopped
from .test_sampling import SEED, core_noise, run

# diffusers' FluxControlNetModel uses what diffusers itself calls deprecated.
pytestmark = pytest.mark.filterwarnings("ignore:.FluxPosEmbed. is deprecated:FutureWarning")

DRAWN = torch.Generator().manual_seed(2)
PICTURE = torch.rand(1, 50, 70, 4, generator=DRAWN)  # another size than the run's
IMAGE = torch.rand(2, 48, 64, 3, generator=DRAWN)
MASK = torch.cat([torch.zeros(1, 48, 32), torch.ones(1, 48, 32)], 2)
TASKS = {"text": {}, "image": {"image": IMAGE, "denoise": 0.7}, "inpaint": {"image": IMAGE, "mask": MASK}}


@pytest.fixture(scope="module")
def nets(pipelines: dict[str, Pipeline], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """As they lie in models/controlnet: a folder for each family, and single files. Read only."""
    folder = tmp_path_factory.mktemp("controlnet")
    for family in FAMILIES:
        controlnet(pipelines[family].loaded).save_pretrained(folder / family)
    for family in ("sd15", "sdxl"):
        net = controlnet(pipelines[family].loaded)
        written(net.state_dict(), folder / f"{family}.safetensors")
        written(original_controlnet(net), folder / "original" / f"{family}.safetensors")
    controlnet(pipelines["sdxl"].loaded, union=True).save_pretrained(folder / "union")
    return folder


@pytest.fixture(scope="module")
def load(nets: Path, pipelines: dict[str, Pipeline]):
    loader = ControlLoader(PlainMemory())

    def load(family: str, name: str = "", **options: Any) -> Control:
        with torch.inference_mode():
            weights = loader.load(nets / (name or family), pipelines[family].loaded)
        return Control(weights, options.pop("image", PICTURE), **options)

    return load


def test_the_list_holds_folders_and_files_and_only_controlnets(nets, tiny, tmp_path):
    linked = tmp_path / "linked"
    linked.symlink_to(nets, target_is_directory=True)
    (nets / "text.txt").write_text("")
    found = find_controls([linked, tmp_path / "absent"], [tiny])
    assert list(found) == [
        "flux", "original/sd15.safetensors", "original/sdxl.safetensors", "sd15", "sd15.safetensors", "sdxl",
        "sdxl.safetensors", "union",
    ]  # fmt: skip
    assert list(find_controls([], [nets])) == ["flux", "sd15", "sdxl", "union"]  # of pipelines' folders no files
    for name in ("../sd15", "", str(nets / "sd15")):
        with pytest.raises(ControlNetError, match=r"There is no ControlNet .* Choose one of those .*: flux, original"):
            control_path(name, [nets], [])


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("dtype", ["fp16", "fp8 storage"])
def test_it_runs_in_every_precision_also_beside_a_vae_in_another(tiny, nets, family, dtype):
    pipeline = Loader(PlainMemory()).load(Spec(tiny / family, dtype=dtype))
    control = Control(ControlLoader(PlainMemory()).load(nets / family, pipeline.loaded), PICTURE)
    plain, steered = (run(one, steps=1).images for one in (pipeline, pipeline.with_control(control)))
    assert steered.isfinite().all() and not torch.allclose(steered, plain, atol=1e-3)


@pytest.mark.filterwarnings("default")
def test_nothing_is_said_on_the_console(nets, pipelines, recwarn):
    ControlLoader(PlainMemory()).load(nets / "flux", pipelines["flux"].loaded)
    assert not recwarn.list


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("family", FAMILIES)
def test_it_steers_and_without_strength_it_is_the_picture_without_it(pipelines, load, family, task):
    """So noise, masks, defaults and all else are as without a ControlNet."""
    pipeline, settings = pipelines[family], {"steps": 2, **TASKS[task]}
    plain = run(pipeline, **settings).images
    steered, still = (run(pipeline.with_control(load(family, strength=how)), **settings).images for how in (1.0, 0.0))
    assert steered.shape == plain.shape and not torch.allclose(steered, plain, atol=1e-3)
    assert torch.allclose(still, plain, atol=1e-5)


@pytest.mark.parametrize("family", FAMILIES)
def test_each_step_is_seen_cancel_ends_it_and_the_linked_pipeline_stays_as_it_was(pipelines, load, family):
    pipeline = pipelines[family].with_control(load(family))
    before, watch = run(pipelines[family], steps=2), Steps()
    steered = run(pipeline, watch, steps=2)
    assert [done for done, _ in watch.seen] == [1, 2]
    shown = watch.seen[-1][1]
    assert shown is not None
    last = scale_of(pipeline.loaded.vae).to_comfy(shown)
    assert (last - steered.latents).abs().max() < 0.02 * steered.latents.abs().max()
    with pytest.raises(Stopped):
        run(pipeline, Steps(stop_after=1), steps=2)
    assert torch.equal(run(pipeline, steps=2).images, steered.images)
    assert torch.equal(run(pipelines[family], steps=2).images, before.images)


@pytest.mark.parametrize("family", FAMILIES)
def test_with_an_image_its_noise_is_cores_too(pipelines, load, family, monkeypatch):
    """Flux's pipeline would draw for the control picture first."""
    pipe, added = pipelines[family].loaded, []
    name = "scale_noise" if family == "flux" else "add_noise"
    original = getattr(type(pipe.scheduler), name)
    spied = lambda self, *given: (added.append(given), original(self, *given))[1]  # noqa: E731
    monkeypatch.setattr(type(pipe.scheduler), name, spied)
    run(pipelines[family].with_control(load(family)), image=IMAGE, denoise=0.7, steps=2)
    latents, noise = added[0][0], added[0][2 if family == "flux" else 1]
    assert torch.equal(noise.reshape(latents.shape), core_noise(tuple(latents.shape), SEED))
    assert torch.allclose(latents, scale_of(pipe.vae).to_pipeline(encode(pipe.vae, IMAGE)), atol=1e-5)


@pytest.mark.parametrize("family", FAMILIES)
class TestSeveral:
    def test_a_row_of_them_steers_together_in_order(self, pipelines, load, family):
        one, other = load(family), load(family, image=1 - PICTURE, strength=0.4, end=0.5)
        alone, both = pipelines[family].with_control(one), pipelines[family].with_control(one).with_control(other)
        unmoved = replace(both, controls=(one, replace(other, strength=0.0)))
        made = [run(pipeline, steps=2).images for pipeline in (alone, unmoved, both)]
        assert torch.allclose(made[0], made[1], atol=1e-4) and not torch.allclose(made[0], made[2], atol=1e-3)

    def test_a_picture_for_each(self, pipelines, load, family):
        pictures = torch.cat([PICTURE, 1 - PICTURE])
        both, first, second = (
            run(pipelines[family].with_control(load(family, image=given)), batch_size=2, steps=1).images
            for given in (pictures, pictures[:1], pictures[1:])
        )
        assert torch.allclose(both[0], first[0], atol=1e-4) and torch.allclose(both[1], second[1], atol=1e-4)
        assert not torch.allclose(both[1], first[1], atol=1e-3)


def test_of_image_to_image_one_for_each_linked_picture(pipelines, load):
    pictures = torch.cat([PICTURE, 1 - PICTURE])
    made = run(pipelines["sd15"].with_control(load("sd15", image=pictures)), batch_size=2, image=IMAGE, steps=2)
    assert made.images.shape == (4, 48, 64, 3)


@pytest.mark.parametrize(("span", "moved"), [((0.5, 1.0), [False, True]), ((0.0, 0.5), [True, True])])
def test_it_steers_only_in_its_part_of_the_steps(pipelines, load, span, moved):
    plain, late = Steps(), Steps()
    run(pipelines["sd15"], plain, steps=2)
    run(pipelines["sd15"].with_control(load("sd15", start=span[0], end=span[1])), late, steps=2)
    before, after = ([latents for _, latents in watch.seen if latents is not None] for watch in (plain, late))
    assert [not torch.allclose(*both, atol=1e-4) for both in zip(before, after, strict=True)] == moved


@pytest.mark.parametrize("task", TASKS)
def test_a_union_model_takes_a_control_mode(pipelines, load, task):
    edges, depth = (load("sdxl", "union", mode=mode) for mode in (0, 2))
    one, other = (
        run(pipelines["sdxl"].with_control(control), steps=2, **TASKS[task]).images for control in (edges, depth)
    )
    both = run(pipelines["sdxl"].with_control(edges).with_control(depth), steps=2, **TASKS[task]).images
    assert not torch.equal(one, other) and not torch.equal(both, one)


@pytest.mark.parametrize("family", ["sd15", "sdxl"])
@pytest.mark.parametrize("name", ["{}.safetensors", "original/{}.safetensors"])
def test_single_files_are_read_in_both_layouts(pipelines, load, family, name):
    folder, file = load(family).net.state_dict(), load(family, name.format(family)).net.state_dict()
    assert folder.keys() == file.keys() and all(torch.equal(one, file[name]) for name, one in folder.items())
    assert run(pipelines[family].with_control(load(family, name.format(family))), steps=1).images.isfinite().all()


def test_guess_mode_reaches_the_call(pipelines, load):
    plain, guessed = (
        run(pipelines["sd15"].with_control(load("sd15", guess_mode=mode)), steps=1) for mode in (False, True)
    )
    assert not torch.equal(plain.images, guessed.images)


def test_its_weights_are_read_once_and_loaded_with_the_pipelines(pipelines, nets, memory):
    loader, pipe = ControlLoader(memory), pipelines["sd15"].loaded
    first = loader.load(nets / "sd15", pipe)
    assert loader.load(nets / "sd15", pipe) is first
    pipeline = pipelines["sd15"].with_control(Control(first, PICTURE)).with_control(Control(first, PICTURE))
    assert [type(one.module).__name__ for one in pipeline.all_weights()].count("ControlNetModel") == 1
    del pipeline
    address = id(first.module)
    del first
    assert address and not len(loader._shelf._weights)  # nobody holds it any more


@pytest.mark.parametrize(
    ("family", "name", "said"),
    [
        ("sdxl", "sd15", r"its cross_attention_dim is 32, this pipeline's 64\. Choose one that was trained"),
        ("sd15", "sdxl", r"is a ControlNet for another model than StableDiffusionPipeline"),
        ("flux", "sd15", r"sd15 is a ControlNetModel, but FluxPipeline takes a FluxControlNetModel\. Choose"),
        ("sd15", "sdxl.safetensors", r"sdxl.safetensors does not fit the UNet of StableDiffusionPipeline \("),
        ("flux", "sd15.safetensors", r"A single file holds no config, which a FluxControlNetModel needs"),
    ],
)
def test_one_for_another_model_is_refused(pipelines, nets, memory, family, name, said):
    with pytest.raises(ControlNetError, match=said) as caught:
        ControlLoader(memory).load(nets / name, pipelines[family].loaded)
    assert "\n" not in str(caught.value)


FIRST = torch.zeros(4, 3, 3, 3)


@pytest.mark.parametrize(
    ("tensors", "said"),
    [
        ({"unet.conv_in.weight": FIRST}, "is no ControlNet of Stable Diffusion or SDXL"),
        ({"lora_controlnet": FIRST}, "is a Control-LoRA"),
        ({"task_embedding": FIRST}, "is a union model"),
        ({"controlnet_cond_embedding.conv_in.weight": FIRST}, "lacks"),
        ({"control_model.input_hint_block.0.weight": FIRST}, "lacks"),
    ],
)
def test_files_of_another_kind_are_refused(pipelines, memory, tmp_path, tensors, said):
    file = written(tensors, tmp_path / "other.safetensors")
    with pytest.raises(ControlNetError, match=said):
        ControlLoader(memory).load(file, pipelines["sd15"].loaded)


@pytest.mark.parametrize("name", ["sd15/diffusion_pytorch_model.safetensors", "sd15.safetensors"])
def test_a_damaged_file_is_named(pipelines, nets, memory, tmp_path, name):
    copied = shutil.copytree(nets, tmp_path / "copied")
    data = (copied / name).read_bytes()
    (copied / name).write_bytes(data[: len(data) // 2])
    with pytest.raises(FolderError, match="is not a whole safetensors file: it ends after"):
        ControlLoader(memory).load(copied / name.split("/")[0], pipelines["sd15"].loaded)


@pytest.mark.parametrize(
    ("family", "name", "options", "said"),
    [
        ("sd15", "", {"start": 0.5, "end": 0.5}, "has no effect. Set end_percent above start_percent"),
        ("sdxl", "union", {}, "A union model needs control_mode: which of its 6 kinds"),
        ("sdxl", "union", {"mode": 6}, "knows 6 kinds of picture, got control_mode 6. Set it to 0 to 5"),
    ],
)
def test_options_that_cannot_work_are_refused_before_the_run(load, family, name, options, said):
    with pytest.raises(ControlNetError) as caught:
        checked_control(load(family, name, **options))
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("family", "options", "changes", "error", "said"),
    [
        ("sd15", {"image": PICTURE.expand(3, -1, -1, -1)}, {"batch_size": 2}, ArgumentError, "3 control pictures for"),
        ("flux", {"guess_mode": True}, {}, ArgumentError, "FluxControlNetPipeline has no guess_mode. Switch"),
        ("sd15", {"mode": 1}, {}, ArgumentError, "StableDiffusionControlNetPipeline has no control_mode. Set"),
        ("sd15", {}, {"arguments": {"guess_mode": True}}, ArgumentError, "an input of its own, guess_mode of Pipeline"),
    ],
)  # fmt: skip
def test_a_mistake_is_one_sentence_and_the_next_run_works(pipelines, load, family, options, changes, error, said):
    with pytest.raises(error) as caught:
        run(pipelines[family].with_control(load(family, **options)), **changes)
    assert said in str(caught.value) and "\n" not in str(caught.value)
    assert run(pipelines[family].with_control(load(family)), steps=1).images.isfinite().all()


def test_a_union_model_beside_another_class_is_refused(pipelines, load):
    mixed = pipelines["sdxl"].with_control(load("sdxl")).with_control(load("sdxl", "union", mode=0))
    with pytest.raises(ControlNetError, match="A union model cannot be chained"):
        run(mixed)


def test_precision_follows_the_pipeline_and_its_weights_keep_theirs(tiny, nets):
    """diffusers' own from_pipe would cast the shared ones to float32."""
    pipeline = Loader(PlainMemory()).load(Spec(tiny / "sd15", dtype="bf16"))
    for name in ("sd15", "sd15.safetensors"):
        weights = ControlLoader(PlainMemory()).load(nets / name, pipeline.loaded)
        assert {one.dtype for one in weights.module.parameters()} == {torch.bfloat16}
        assert run(pipeline.with_control(Control(weights, PICTURE)), steps=1).images.isfinite().all()
    assert {one.dtype for one in pipeline.loaded.unet.parameters()} == {torch.bfloat16}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"norm_num_groups": 0}, "cannot be loaded as ControlNetModel"),
        ({"layers_per_block": 10**9}, "asks for too much with its layers_per_block"),
    ],
)
def test_settings_that_no_controlnet_has_are_one_sentence(pipelines, memory, tmp_path, changes, said):
    folder = tmp_path / "net"
    controlnet(pipelines["sd15"].loaded).save_pretrained(folder)
    config = folder / "config.json"
    config.write_text(json.dumps(json.loads(config.read_text("utf-8")) | changes))
    with pytest.raises((ControlNetError, FolderError), match=said):
        ControlLoader(memory).load(folder, pipelines["sd15"].loaded)


def test_one_that_is_gone_since_it_was_listed_is_named(pipelines, memory, tmp_path):
    with pytest.raises(ControlNetError, match=r"gone\.safetensors cannot be loaded"):
        ControlLoader(memory).load(tmp_path / "gone.safetensors", pipelines["sd15"].loaded)


def test_the_message_of_an_unknown_name_is_bounded(tmp_path):
    for number in range(500):
        (tmp_path / f"a_net_with_a_long_name_{number}.safetensors").touch()
    with pytest.raises(ControlNetError) as caught:
        control_path("x" * 10_000, [tmp_path], [])
    assert len(str(caught.value)) < 2500


def test_the_second_load_opens_no_file(pipelines, nets, memory):
    names: list[str] = []
    recording = False

    def hook(event: str, arguments: Any) -> None:
        if recording and event == "open":
            names.append(str(arguments[0]))

    sys.addaudithook(hook)
    loader, pipe = ControlLoader(memory), pipelines["sd15"].loaded
    first = [loader.load(nets / name, pipe) for name in ("sd15", "sd15.safetensors")]
    recording = True
    second = [loader.load(nets / name, pipe) for name in ("sd15", "sd15.safetensors")]
    recording = False
    assert all(one is other for one, other in zip(first, second, strict=True)) and names == []


def test_qwen_image_is_steered(further, tmp_path):
    pipeline = further("qwen")
    config = pipeline.loaded.transformer.config
    made = diffusers().QwenImageControlNetModel
    taken = {name: config[name] for name in signature(made.__init__).parameters if name in config}
    net = made(**{**taken, "num_layers": 1})
    for name, one in net.named_parameters():
        if "controlnet_blocks" in name:  # made as zeros, so that an untrained one does nothing
            torch.nn.init.normal_(one, std=0.5)
    net.save_pretrained(tmp_path / "net")
    weights = ControlLoader(PlainMemory()).load(tmp_path / "net", pipeline.loaded)
    plain = run(pipeline, steps=2).images
    steered, still = (
        run(pipeline.with_control(Control(weights, PICTURE, strength=how)), steps=2).images for how in (1.0, 0.0)
    )
    assert not torch.allclose(steered, plain, atol=1e-3) and torch.allclose(still, plain, atol=1e-5)
