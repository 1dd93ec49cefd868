"""A small app: text and numbers in, one saved picture out; and `/object_info` of its node classes."""

import copy
import json
from pathlib import Path
from typing import Any

OBJECT_INFO: dict[str, Any] = {
    "EmptyImage": {
        "input": {
            "required": {
                "width": ["INT", {"default": 512, "min": 1, "max": 16384, "step": 1}],
                "height": ["INT", {"default": 512, "min": 1, "max": 16384, "step": 1}],
                "batch_size": ["INT", {"default": 1, "min": 1, "max": 4096}],
                "color": ["INT", {"default": 0, "min": 0, "max": 0xFFFFFF, "display": "color"}],
            }
        },
        "output_node": False,
    },
    "Noise": {
        "input": {
            "required": {
                "noise_seed": ["INT", {"default": 0, "min": 0, "max": 2**64 - 1, "control_after_generate": True}],
                "strength": ["FLOAT", {"default": 0.5, "min": 0.0, "max": 1.0, "tooltip": "how much"}],
                "mode": [["soft", "hard", "2"], {"default": "soft"}],
                "scheduler": ["COMBO", {"options": ["simple", "karras"], "default": "simple"}],
                "route": ["COMBO", {"options": [], "remote": {"route": "/x"}}],
                "sampler": ["COMBO", {"options": ["server's choice"], "lectern_list": "samplers"}],
                "tags": ["COMBO", {"options": ["a", "b"], "multiselect": True}],
                "image": ["IMAGE"],
            },
            "optional": {
                "text": ["STRING", {"multiline": True}],
                "on": ["BOOLEAN", {"default": True}],
            },
        },
        "output_node": False,
    },
    "SaveImage": {
        "input": {"required": {"images": ["IMAGE"], "filename_prefix": ["STRING", {"default": "ComfyUI"}]}},
        "output_node": True,
    },
    "PreviewAny": {"input": {"required": {"source": ["*", {}]}}, "output_node": True},
}

GRAPH: dict[str, Any] = {
    "1": {
        "class_type": "EmptyImage",
        "inputs": {"width": 64, "height": 64, "batch_size": 1, "color": 255},
        "_meta": {"title": "Canvas"},
    },
    "2": {
        "class_type": "Noise",
        "inputs": {
            "noise_seed": 7,
            "strength": 0.5,
            "mode": "soft",
            "scheduler": "simple",
            "route": "r",
            "sampler": "Euler",
            "image": ["1", 0],
            "text": "secret prompt",
            "on": True,
        },
        "_meta": {"title": "Grain"},
    },
    "3": {
        "class_type": "SaveImage",
        "inputs": {"images": ["2", 0], "filename_prefix": "%date:yyyy%/deck"},
        "_meta": {"title": "Save Image"},
    },
}

PICKS: list[Any] = [
    ["aaaa:2:text", "text", {"height": 90, "maxLength": 20, "description": "what to draw"}],
    ["2", "strength"],
    [2, "noise_seed", {"name": "seed"}],
    ["aaaa:1:width", "width", {"minimum": 16, "maximum": 128, "required": True, "label": "Width"}],
]


def workflow(picks: list[Any] | None = None, outputs: list[Any] | None = None, **app: Any) -> dict[str, Any]:
    """A UI-format workflow with App Mode's data and ours."""
    return {
        "id": "bbbb",
        "nodes": [{"id": 2, "type": "Noise", "inputs": [{"name": "strength", "label": "How strong"}]}],
        "extra": {
            "linearData": {
                "inputs": PICKS if picks is None else picks,
                "outputs": ["3"] if outputs is None else outputs,
            },
            "lectern": {
                "app": {"slug": "tiny", "title": "Tiny", "description": "", "outputs": {"3": "picture"}, **app}
            },
        },
    }


def graph() -> dict[str, Any]:
    return copy.deepcopy(GRAPH)


def write_app(folder: Path, stem: str = "tiny", saved: dict[str, Any] | None = None) -> None:
    (folder / "api").mkdir(parents=True, exist_ok=True)
    (folder / f"{stem}.json").write_text(json.dumps(saved or workflow()), "utf-8")
    (folder / "api" / f"{stem}.json").write_text(json.dumps(GRAPH), "utf-8")
