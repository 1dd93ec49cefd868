"""Pipeline ControlNet and Pipeline IP-Adapter inside a real ComfyUI, on tiny random weights."""

import itertools
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from support.client import Comfy, node
from support.tiny import FAMILIES, tiny_pipeline
from support.tiny.controls import controlnet, ip_adapter, vision_encoder, written
from tools.server import ComfyServer

# diffusers' FluxControlNetModel uses what diffusers itself calls deprecated.
pytestmark = pytest.mark.filterwarnings("ignore:.FluxPosEmbed. is deprecated:FutureWarning")

_numbers = itertools.count()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ComfyServer]:
    server = ComfyServer(arguments=["--preview-method", "latent2rgb"])
    models, elsewhere = server.base / "models", tmp_path_factory.mktemp("elsewhere")
    for family, make in FAMILIES.items():
        tiny_pipeline(family, models / "diffusers" / family)
        pipe = make()
        controlnet(pipe).save_pretrained(elsewhere / family)
        (models / "controlnet").mkdir(parents=True, exist_ok=True)
        (models / "controlnet" / family).symlink_to(elsewhere / family, target_is_directory=True)
        written(ip_adapter(pipe), models / "ipadapter" / "models" / f"{family}.safetensors")
    written(controlnet(FAMILIES["sd15"]()).state_dict(), models / "controlnet" / "single.safetensors")
    vision_encoder().save_pretrained(models / "ipadapter" / "models" / "image_encoder")
    with server:
        yield server


@pytest.fixture(scope="module")
def comfy(server: ComfyServer) -> Comfy:
    return Comfy(server.url)


def graph(family: str, source: str, **changes: Any) -> dict[str, Any]:
    """Loader 1, picture 2, ControlNet 3, IP-Adapter 4, both in a row 5; `source` goes to the sampler."""
    control = {"control_net": family, "image": ["2", 0], "strength": 1.0, "start_percent": 0.0, "end_percent": 1.0,
               "guess_mode": False, "control_mode": -1}  # fmt: skip
    adapter = {"ip_adapter": f"models/{family}.safetensors", "image_encoder": "auto", "image": ["2", 0], "scale": 0.8,
               "layer_scales": ""}  # fmt: skip
    control |= {name: value for name, value in changes.items() if name in control}
    adapter |= {name: value for name, value in changes.items() if name in adapter}
    sample = {
        "prompt": "a quiet harbour", "negative_prompt": "", "seed": next(_numbers), "steps": 3, "guidance_scale": -1.0,
        "width": 64, "height": 64, "batch_size": 1, "denoise": 0.75, "clip_skip": 0, "arguments": "",
    }  # fmt: skip
    sample |= {name: value for name, value in changes.items() if name in sample}
    nodes = {
        "1": node("LecternPipelineLoader", pipeline=family, variant="", dtype="auto"),
        "2": node("LecternSlideBackground", style="mesh gradient", palette="aurora", colors="", words="", seed=1,
                  width=64, height=64, batch_size=1),
        "3": node("LecternPipelineControlNet", pipeline=["1", 0], **control),
        "4": node("LecternPipelineIPAdapter", pipeline=["1", 0], **adapter),
        "5": node("LecternPipelineIPAdapter", pipeline=["3", 0], **adapter),
        "6": node("LecternPipelineSample", pipeline=[source, 0], **sample),
        "7": node("PreviewImage", images=["6", 0]),
    }  # fmt: skip
    used = {"1": "126 7", "3": "1236 7", "4": "1246 7", "5": "12356 7"}[source]
    return {name: one for name, one in nodes.items() if name in used}


def picture(comfy: Comfy, sent: dict[str, Any]) -> np.ndarray:
    (made,) = comfy.pictures(comfy.outputs(sent)["7"]["images"])
    return np.asarray(made.convert("RGB"), float)


def options(comfy: Comfy, kind: str, name: str) -> list[str]:
    declared = comfy.get(f"/object_info/{kind}").json[kind]["input"]["required"][name]
    return declared[1]["options"] if declared[0] == "COMBO" else declared[0]


def test_the_lists(comfy: Comfy):
    assert options(comfy, "LecternPipelineControlNet", "control_net") == ["flux", "sd15", "sdxl", "single.safetensors"]
    files = options(comfy, "LecternPipelineIPAdapter", "ip_adapter")
    assert files == [f"models/{family}.safetensors" for family in sorted(FAMILIES)]
    assert options(comfy, "LecternPipelineIPAdapter", "image_encoder") == ["auto", "models/image_encoder"]


@pytest.mark.parametrize("family", FAMILIES)
def test_each_changes_the_picture_and_the_linked_pipeline_stays(comfy: Comfy, family):
    seed = 1000 + next(_numbers)
    first, *changed = (picture(comfy, graph(family, source, seed=seed)) for source in "1345")
    assert all(np.abs(one - first).mean() > 0.5 for one in changed)
    assert np.abs(changed[0] - changed[2]).mean() > 0.1
    comfy.free()  # so that ComfyUI's cache does not answer
    assert np.array_equal(picture(comfy, graph(family, "1", seed=seed)), first)


def test_weights_are_the_memory_managers_and_come_back(comfy: Comfy, server: ComfyServer):
    names = ("ControlNetModel", "AdapterLayers", "CLIPVisionModelWithProjection")

    def loads() -> list[int]:
        return [server.log_text().count(f"Requested to load {name}") for name in names]

    picture(comfy, graph("sd15", "5"))
    before = loads()
    picture(comfy, graph("sd15", "5"))
    assert loads() == before and all(before)
    comfy.free(cache=False)
    picture(comfy, graph("sd15", "5"))
    assert loads() == [count + 1 for count in before]


def test_a_second_run_reads_nothing(comfy: Comfy):
    picture(comfy, graph("sdxl", "5"))
    entry = comfy.run(graph("sdxl", "5"))
    cached = [data["nodes"] for kind, data in entry["status"]["messages"] if kind == "execution_cached"]
    assert [sorted(nodes) for nodes in cached] == [["1", "2", "3", "5"]]


@pytest.mark.parametrize(
    ("source", "changes", "said"),
    [
        ("3", {"control_net": "sdxl"}, "sdxl is a ControlNet for another model than StableDiffusionPipeline"),
        ("3", {"control_net": "flux"}, "flux is a FluxControlNetModel, but StableDiffusionPipeline takes a"),
        ("3", {"start_percent": 0.9, "end_percent": 0.2}, "Set end_percent above start_percent"),
        ("4", {"ip_adapter": "models/sdxl.safetensors"}, "for another model than StableDiffusionPipeline"),
        ("4", {"layer_scales": "{"}, "layer_scales is not JSON"),
        ("4", {"layer_scales": '{"up": {"block_9": 1.0}}'}, "layer_scales does not fit the layers"),
    ],
)
def test_a_mistake_is_one_sentence_and_the_next_run_works(comfy: Comfy, source, changes, said):
    assert said in comfy.error(graph("sd15", source, **changes))
    assert picture(comfy, graph("sd15", "5", control_net="single.safetensors")).std() > 3


@pytest.mark.parametrize("change", [{"control_net": "../diffusers/sd15"}, {"control_net": "absent"}])
def test_a_name_that_is_not_in_the_list_never_runs(comfy: Comfy, change):
    answer = comfy.post("/prompt", {"prompt": graph("sd15", "3", **change)})
    assert answer.status == 400 and "not in" in answer.body.decode().lower()
