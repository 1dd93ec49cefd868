"""LoRAs inside a real ComfyUI."""

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from support.client import Comfy, node
from support.tiny import tiny_pipeline
from support.tiny.loras import ATTENTION, TEXT, kohya_tensors, pairs, tiny_lora, written
from support.tiny.parts import diffusers
from tools.server import ComfyServer

SAMPLE = {
    "negative_prompt": "", "seed": 7, "steps": 2, "guidance_scale": -1.0, "width": 64, "height": 64, "batch_size": 1,
    "denoise": 0.75, "clip_skip": 0, "arguments": "",
}  # fmt: skip
TAGS = '{"10_ohwx": {"ohwx": 9, "tree": 3}}'

_numbers = itertools.count()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ComfyServer]:
    """One of its own: files show in the nodes' lists."""
    server = ComfyServer()
    models = server.base / "models"
    for folder in ("diffusers", "loras/styles"):
        (models / folder).mkdir(parents=True)
    folder = tiny_pipeline("sd15", models / "diffusers/sd15")
    loaded: Any = diffusers().DiffusionPipeline.from_pretrained(folder)
    tiny_lora(models / "loras/a.safetensors", loaded, 1)
    tensors = kohya_tensors("lora_unet", pairs(loaded.unet, ATTENTION, 2))
    tensors |= kohya_tensors("lora_te", pairs(loaded.text_encoder, TEXT, 3))
    written(models / "loras/styles/b.safetensors", tensors, {"ss_tag_frequency": TAGS})
    other = {name.replace("lora_unet_", "lora_unet_no_"): one for name, one in tensors.items()}
    written(models / "loras/other.safetensors", other)
    written(models / "loras/model.safetensors", {"weight": next(iter(tensors.values()))})
    (models / "loras/pickle.pt").write_bytes(b"x")
    with server:
        yield server


@pytest.fixture(scope="module")
def comfy(server: ComfyServer) -> Comfy:
    return Comfy(server.url)


def lora(name: str, source: str, **changes: Any) -> dict[str, Any]:
    return node(
        "LecternPipelineLora", **({"pipeline": [source, 0], "lora": name, "strength": 1.0, "weights": ""} | changes)
    )


def branch(number: int, source: str, prompt: str) -> dict[str, Any]:
    return {
        f"{number}": node("LecternPipelineSample", pipeline=[source, 0], prompt=prompt, **SAMPLE),
        f"{number + 1}": node("PreviewImage", images=[f"{number}", 0]),
    }


def graph(*stack: tuple[str, dict[str, Any]]) -> dict[str, Any]:
    """A branch without LoRAs, 10 and 11, and one with this stack, 20 and 21. The prompt is a new one each time."""
    prompt = f"a quiet harbour {next(_numbers)}"
    sent = {"1": node("LecternPipelineLoader", pipeline="sd15", variant="", dtype="auto")}
    last = "1"
    for place, (name, changes) in enumerate(stack, 2):
        sent[str(place)] = lora(name, last, **changes)
        last = str(place)
    return sent | branch(10, "1", prompt) | (branch(20, last, prompt) if stack else {})


def picture(comfy: Comfy, outputs: dict[str, Any], place: str) -> bytes:
    return comfy.pictures(outputs[place]["images"])[0].tobytes()


def again(comfy: Comfy, sent: dict[str, Any], *places: str) -> dict[str, Any]:
    """Runs what is left of a graph, with nothing remembered of the run before."""
    comfy.free()
    return comfy.outputs({place: one for place, one in sent.items() if place not in places})


def test_the_list_shows_safetensors_by_their_names(comfy: Comfy):
    info = comfy.get("/object_info/LecternPipelineLora").json["LecternPipelineLora"]
    options = info["input"]["required"]["lora"]
    names = options[1]["options"] if options[0] == "COMBO" else options[0]
    assert sorted(names) == ["a.safetensors", "model.safetensors", "other.safetensors", "styles/b.safetensors"]


def test_two_loras_for_one_branch_and_nothing_of_them_after(comfy: Comfy):
    sent = graph(("a.safetensors", {}), ("styles/b.safetensors", {"strength": 0.8}))
    outputs = comfy.outputs(sent)
    base, worn = picture(comfy, outputs, "11"), picture(comfy, outputs, "21")
    assert base != worn
    single = again(comfy, sent | {"20": {**sent["20"], "inputs": {**sent["20"]["inputs"], "pipeline": ["2", 0]}}})
    assert picture(comfy, single, "11") == base and picture(comfy, single, "21") not in (base, worn)
    assert picture(comfy, again(comfy, sent, "2", "3", "20", "21"), "11") == base
    outputs = again(comfy, sent)
    assert (picture(comfy, outputs, "11"), picture(comfy, outputs, "21")) == (base, worn)


def test_trigger_words_reach_the_graph(comfy: Comfy):
    sent = graph(("styles/b.safetensors", {}))
    sent["30"] = node("PreviewAny", source=["2", 1])
    assert comfy.outputs(sent)["30"]["text"] == ["ohwx, tree"]


@pytest.mark.parametrize(
    ("name", "changes", "said"),
    [
        ("other.safetensors", {}, "other.safetensors is a LoRA for another kind of model than StableDiffusionPipeline"),
        ("model.safetensors", {}, "model.safetensors is no LoRA: it holds 1 weights (weight)"),
        ("a.safetensors", {"weights": '{"vae": 1}'}, "has no component 'vae'. Give weights for: unet, text_encoder."),
    ],
)
def test_a_mistake_is_one_sentence_and_the_next_run_works(comfy: Comfy, name, changes, said):
    assert said in comfy.error(graph((name, changes)))
    outputs = comfy.outputs(graph(("a.safetensors", {})))
    assert picture(comfy, outputs, "11") != picture(comfy, outputs, "21")


def test_what_was_left_out_shows_on_the_sampler(comfy: Comfy, server: ComfyServer):
    from safetensors.torch import load_file

    loras: Path = server.base / "models/loras"
    tensors = load_file(loras / "a.safetensors")
    extra = {
        name.replace("down_blocks.0", "down_blocks.9"): one.clone()
        for name, one in tensors.items()
        if "attn1.to_q" in name
    }
    written(loras / "a.safetensors", tensors | extra)  # also: a file that changed is loaded anew
    (said,) = comfy.outputs(graph(("a.safetensors", {})))["20"]["lectern_notes"]
    assert "layers of a.safetensors did not fit and were left out: unet.down_blocks.9" in said
