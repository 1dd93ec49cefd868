"""An app that paints, for clients of other people's APIs: prompt, size, batch and seed in, real pictures out."""

import base64
import copy
from typing import Any

from unit.apps import media
from unit.apps.fake_comfy import FakeComfy
from unit.apps.samples import OBJECT_INFO

GRAPH: dict[str, Any] = {
    "1": {"class_type": "EmptyImage", "inputs": {"width": 64, "height": 48, "batch_size": 1, "color": 255}},
    "2": {
        "class_type": "Noise",
        "inputs": {
            "noise_seed": 7, "strength": 0.5, "mode": "soft", "scheduler": "simple", "route": "r", "sampler": "Euler",
            "image": ["1", 0], "text": "", "on": True,
        },
    },
    "3": {"class_type": "SaveImage", "inputs": {"images": ["2", 0], "filename_prefix": "painted"}},
}  # fmt: skip
EDIT_GRAPH: dict[str, Any] = {
    "1": {"class_type": "LoadImage", "inputs": {"image": ""}},
    "2": {"class_type": "Masked", "inputs": {"image": ["1", 0], "mask": ["1", 1], "text": ""}},
    "3": {"class_type": "SaveImage", "inputs": {"images": ["2", 0], "filename_prefix": "edited"}},
}
TEXT = ["STRING", {"multiline": True}]
NOISE = OBJECT_INFO["Noise"]["input"]
INFO: dict[str, Any] = {
    **OBJECT_INFO,
    "Noise": {"input": {**NOISE, "required": {**NOISE["required"], "mode": [["soft", "hd"]]}}},
    "LoadImage": {
        "input": {"required": {"image": [["a.png"], {"image_upload": True}]}},
        "output": ["IMAGE", "MASK"],
    },
    "Masked": {"input": {"required": {"image": ["IMAGE"], "mask": ["MASK"], "text": TEXT}}, "output": ["IMAGE"]},
    "LecternWebUIServer": {
        "input": {
            "required": {
                "server": ["COMBO", {"options": ["local"]}],
                "checkpoint": ["COMBO", {"options": ["server's choice"], "lectern_list": "checkpoints"}],
            }
        }
    },
    "LecternWebUISample": {
        "input": {
            "required": {
                "prompt": TEXT, "negative_prompt": TEXT,
                "seed": ["INT", {"min": 0, "max": 2**64 - 1, "control_after_generate": True}],
                "steps": ["INT", {"min": 1, "max": 10000}], "cfg": ["FLOAT", {"min": 0, "max": 100}],
                "sampler": ["COMBO", {"options": ["server's choice"], "lectern_list": "samplers"}],
                "scheduler": ["COMBO", {"options": ["server's choice"], "lectern_list": "schedulers"}],
                "width": ["INT", {"min": 0, "max": 16384}], "height": ["INT", {"min": 0, "max": 16384}],
                "batch_size": ["INT", {"min": 1, "max": 256}], "denoise": ["FLOAT", {"min": 0, "max": 1}],
            }
        }
    },
    "LecternSaveSlides": {"input": {"required": {"images": ["IMAGE"]}}, "output_node": True},
    "LecternPipelineLoader": {"input": {"required": {"pipeline": ["COMBO", {"options": ["tiny", "own/er"]}]}}},
}  # fmt: skip


class Painted(dict[tuple[str, str, str], bytes]):
    """Whatever is saved becomes a picture, 64 by 48."""

    def __setitem__(self, key: tuple[str, str, str], content: bytes) -> None:
        painted = content if key[0] == "input" else media.picture(size=(64, 48), color="#4080c0")
        super().__setitem__(key, painted)


def furnish(comfy: FakeComfy) -> None:
    comfy.object_info = INFO
    comfy.files = Painted()


def publication(*widgets: str, graph: dict[str, Any] = GRAPH, **body: Any) -> dict[str, Any]:
    """The body that publishes a graph with these widgets, written `node.widget` or `node.widget=name`."""
    inputs = []
    for text in widgets:
        place, _, name = text.partition("=")
        node_id, _, widget = place.partition(".")
        inputs.append({"node_id": node_id, "widget": widget, "name": name or widget})
    return {"prompt": copy.deepcopy(graph), "inputs": inputs, "outputs": [{"node_id": "3"}], **body}


def data_url(content: bytes) -> str:
    return f"data:image/png;base64,{base64.b64encode(content).decode()}"
