"""What an app's inputs are for, as other people's APIs see them."""

from typing import Any

import pytest

from lectern.apps.contract import derive_contract
from lectern.apps.errors import InvalidInput
from lectern.apps.faces.roles import check_roles, derive_roles, further_images, settled_roles
from lectern.apps.picks import Pick, Picked, PickOptions

INT = ["INT", {"min": 0, "max": 16384}]
SEED = ["INT", {"min": 0, "max": 2**32, "control_after_generate": True}]
TEXT = ["STRING", {"multiline": True}]
FLOAT = ["FLOAT", {"min": 0.0, "max": 100.0}]
INFO: dict[str, Any] = {
    name: {"input": {"required": inputs}, "output": outputs, "output_node": not outputs}
    for name, (inputs, outputs) in {
        "CLIPTextEncode": ({"text": TEXT, "clip": ["CLIP"]}, ["CONDITIONING"]),
        "CheckpointLoaderSimple": ({"ckpt_name": [["a.safetensors", "b.safetensors"]]}, ["MODEL", "CLIP", "VAE"]),
        "EmptyLatentImage": ({"width": INT, "height": INT, "batch_size": INT}, ["LATENT"]),
        "KSampler": (
            {
                "seed": SEED, "steps": INT, "cfg": FLOAT, "sampler_name": [["euler"]], "scheduler": [["normal"]],
                "denoise": FLOAT, "positive": ["CONDITIONING"], "negative": ["CONDITIONING"],
            },
            ["LATENT"],
        ),
        "LoadImage": ({"image": [["a.png"], {"image_upload": True}]}, ["IMAGE", "MASK"]),
        "Inpaint": ({"pixels": ["IMAGE"], "mask": ["MASK"]}, ["LATENT"]),
        "PrimitiveInt": ({"value": INT}, ["INT"]),
        "PrimitiveStringMultiline": ({"value": TEXT}, ["STRING"]),
        "Quality": ({"quality": [["low", "high"]], "background": ["STRING", {}]}, ["IMAGE"]),
        "SaveImage": ({"images": ["IMAGE"]}, []),
    }.items()
}  # fmt: skip


def node(class_type: str, title: str = "", **inputs: Any) -> dict[str, Any]:
    return {"class_type": class_type, "inputs": inputs, "_meta": {"title": title or class_type}}


TXT2IMG = {
    "3": node("KSampler", seed=1, steps=20, cfg=7.0, sampler_name="euler", scheduler="normal", denoise=1.0,
              positive=["6", 0], negative=["7", 0], latent_image=["5", 0]),
    "4": node("CheckpointLoaderSimple", ckpt_name="a.safetensors"),
    "5": node("EmptyLatentImage", width=512, height=512, batch_size=1),
    "6": node("CLIPTextEncode", text="a cat", clip=["4", 1]),
    "7": node("CLIPTextEncode", text="blurry", clip=["4", 1]),
    "9": node("SaveImage", images=["3", 0]),
}  # fmt: skip
EDIT = {
    "1": node("LoadImage", image="a.png"),
    "2": node("Inpaint", pixels=["1", 0], mask=["1", 1]),
    "9": node("SaveImage", images=["2", 0]),
}


def roles(graph: dict[str, Any], *picks: str, own: dict[str, str] | None = None) -> dict[str, str]:
    """Of picks written `node.widget`, `node.widget=name` or `node.widget=name:label`."""
    contract = contract_of(graph, *picks)
    return {str(role): name for role, name in settled_roles(contract, graph, own or {}).items()}


def contract_of(graph: dict[str, Any], *picks: str):
    made = []
    for text in picks:
        place, _, name = text.partition("=")
        node_id, _, widget = place.partition(".")
        name, _, label = name.partition(":")
        made.append(Pick(node_id, widget, name or widget, PickOptions(label=label or None)))
    return derive_contract(Picked(tuple(made)), graph, INFO)


ALL = ("6.text", "7.text", "5.width", "5.height", "5.batch_size", "3.seed", "3.steps", "3.cfg", "3.sampler_name",
       "3.scheduler", "3.denoise", "4.ckpt_name")  # fmt: skip


def test_a_plain_workflow_needs_no_word_of_its_author():
    assert roles(TXT2IMG, *ALL) == {
        "prompt": "text", "negative": "7_text", "width": "width", "height": "height", "batch": "batch_size",
        "seed": "seed", "steps": "steps", "cfg": "cfg", "sampler": "sampler_name", "scheduler": "scheduler",
        "denoise": "denoise", "checkpoint": "ckpt_name",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("graph", "picks", "found"),
    [
        (TXT2IMG, ("7.text",), {"negative": "text"}),
        (TXT2IMG, ("6.text=what_to_draw", "7.text=not_this"), {"prompt": "what_to_draw", "negative": "not_this"}),
        ({"1": node("PrimitiveInt", "Width", value=5)}, ("1.value=how_wide",), {"width": "how_wide"}),
        ({"1": node("PrimitiveInt", "Steps", value=5)}, ("1.value=a:Width",), {"width": "a"}),
        ({"1": node("PrimitiveStringMultiline", "Topic", value="x")}, ("1.value=topic",), {"prompt": "topic"}),
        ({"1": node("PrimitiveStringMultiline", "Titles", value="x")}, ("1.value=titles",), {}),
        ({"1": node("EmptyLatentImage", width=1, height=1)}, ("1.width=a:宽度",), {"width": "a"}),
        (EDIT, ("1.image=photo",), {"image": "photo", "mask": "photo_mask"}),
        ({"1": node("Quality", quality="low", background="#fff")}, ("1.quality", "1.background"),
         {"quality": "quality"}),
    ],
)  # fmt: skip
def test_roles_come_from_links_names_labels_and_titles(graph, picks, found):
    assert roles(graph, *picks) == found


def test_what_two_inputs_could_be_is_left_out():
    graph = {"1": node("EmptyLatentImage", width=1, height=1), "2": node("EmptyLatentImage", width=2, height=2)}
    assert roles(graph, "1.width", "2.width", "1.height") == {"height": "height"}


def test_a_role_is_set_and_switched_off_by_the_publisher():
    graph = {"1": node("PrimitiveStringMultiline", "Titles", value="x"), **TXT2IMG}
    assert roles(graph, "1.value=titles", "3.seed", own={"prompt": "titles", "seed": ""}) == {"prompt": "titles"}


def test_an_input_that_the_publisher_gave_away_has_no_other_role():
    assert roles(TXT2IMG, "6.text", "7.text", own={"negative": "text"}) == {"negative": "text"}


def test_what_a_version_does_not_have_does_not_count_for_it():
    assert roles(TXT2IMG, "6.text", own={"prompt": "gone"}) == {"prompt": "text"}


@pytest.mark.parametrize(
    ("own", "said"),
    [
        ({"promt": "text"}, '"promt" is not a role; there are negative, prompt'),
        ({"prompt": "titles"}, '"titles" is not an input of this app; it has text, width.'),
        ({"prompt": "width"}, "width cannot be the prompt: it holds another kind of value."),
    ],
)
def test_a_mistake_is_told(own, said):
    with pytest.raises(InvalidInput) as caught:
        check_roles(own, contract_of(TXT2IMG, "6.text", "5.width"))
    assert said in str(caught.value)


def test_further_pictures_follow_the_first():
    graph = {str(number): node("LoadImage", image="a.png") for number in (1, 2, 3)}
    contract = contract_of(graph, "2.image=style", "1.image=image", "3.image=face")
    assert further_images(contract, derive_roles(contract, graph)) == ("image", "style", "face")
