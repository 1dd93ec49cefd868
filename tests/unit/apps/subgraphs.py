"""A workflow with subgraphs as the editor saves it, and what it exports of it.

Root: 12 is a `Paint` subgraph, 13 another one that is muted, 20 a primitive that feeds 2, 3 saves.
Paint: 5 takes the text, 6 and the subgraph 7 (`Canvas`, with 8 inside) both take the width.
"""

from typing import Any

from lectern.apps.nodeinfo import ObjectInfo
from unit.apps.samples import OBJECT_INFO

PAINT = "11111111-1111-4111-8111-111111111111"
CANVAS = "22222222-2222-4222-8222-222222222222"

INFO: ObjectInfo = {
    **OBJECT_INFO,
    "SmallImage": {"input": {"required": {"width": ["INT", {"min": 16, "max": 256}]}}},
}

GRAPH: dict[str, Any] = {
    "2": {"class_type": "Noise", "inputs": {"strength": 0.25, "image": ["12:5", 0]}, "_meta": {"title": "Grain"}},
    "3": {"class_type": "SaveImage", "inputs": {"images": ["2", 0], "filename_prefix": "x"}},
    "12:5": {"class_type": "Noise", "inputs": {"text": "host's text", "noise_seed": 4, "image": ["12:6", 0]}},
    "12:6": {"class_type": "EmptyImage", "inputs": {"width": 128, "height": 64}},
    "12:7:8": {"class_type": "SmallImage", "inputs": {"width": 128}},
    "12:9": {"class_type": "SaveImage", "inputs": {"images": ["12:6", 0], "filename_prefix": "y"}},
}


def link(number: int, origin: int, target: int, slot: int) -> dict[str, Any]:
    return {"id": number, "origin_id": origin, "origin_slot": 0, "target_id": target, "target_slot": slot, "type": "*"}


def widget(name: str, link_id: int | None = None, **more: Any) -> dict[str, Any]:
    return {"name": name, "type": "*", "widget": {"name": name}, "link": link_id, **more}


def workflow(inputs: list[Any], outputs: list[Any] | None = None) -> dict[str, Any]:
    return {
        "id": "aaaa",
        "nodes": [
            {"id": 2, "type": "Noise", "mode": 0, "inputs": [widget("strength", 30), {"name": "image", "link": 31}]},
            {"id": 3, "type": "SaveImage", "mode": 0},
            {"id": 12, "type": PAINT, "mode": 0, "inputs": [], "widgets_values": ["host's text", 128]},
            {"id": 13, "type": CANVAS, "mode": 2, "inputs": []},
            {"id": 20, "type": "PrimitiveNode", "mode": 0, "title": "How grainy", "outputs": [{"links": [30]}]},
        ],
        "links": [[30, 20, 0, 2, 0, "FLOAT"], [31, 12, 0, 2, 1, "IMAGE"]],
        "definitions": {
            "subgraphs": [
                {
                    "id": PAINT,
                    "name": "Paint",
                    "inputs": [
                        {"name": "text", "linkIds": [1], "label": "What to draw"},
                        {"name": "size", "linkIds": [2, 3]},
                        {"name": "unused", "linkIds": []},
                    ],
                    "nodes": [
                        {"id": 5, "type": "Noise", "inputs": [widget("text", 1), widget("noise_seed")]},
                        {"id": 6, "type": "EmptyImage", "inputs": [widget("width", 2)]},
                        {"id": 7, "type": CANVAS, "inputs": [widget("edge", 3)]},
                        {"id": 9, "type": "SaveImage"},
                    ],
                    "links": [link(1, -10, 5, 0), link(2, -10, 6, 0), link(3, -10, 7, 0)],
                },
                {
                    "id": CANVAS,
                    "name": "Canvas",
                    "inputs": [{"name": "edge", "linkIds": [1]}],
                    "nodes": [{"id": 8, "type": "SmallImage", "inputs": [widget("width", 1)]}],
                    "links": [link(1, -10, 8, 0)],
                },
            ]
        },
        "extra": {"linearData": {"inputs": inputs, "outputs": ["3"] if outputs is None else outputs}},
    }
