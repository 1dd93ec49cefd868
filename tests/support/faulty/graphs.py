"""Apps over the nodes that fail."""

from typing import Any

from support.client import Comfy, node

APPS = "/lectern/v1/apps"


WORK = {"image": ["1", 0], "seconds": 0.05, "seed": 0, "how": "works"}


def work_graph(**values: Any) -> dict[str, Any]:
    """An image, worked at, saved."""
    return {
        "1": node("EmptyImage", width=16, height=16, batch_size=1, color=0),
        "2": {**node("FaultWork", **{**WORK, **values}), "_meta": {"title": "Kettle"}},
        "3": node("SaveImage", images=["2", 0], filename_prefix="x"),
    }


WORK_PICKS = [{"node_id": "2", "widget": name} for name in ("seconds", "seed", "how")]


def publish(comfy: Comfy, slug: str, graph: dict[str, Any], picks: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    """Publishes a graph; the app. Answers that are no 201 fail the test with ComfyUI's words."""
    body = {"workflow": None, "prompt": graph, "inputs": picks, **more}
    answer = comfy.request("PUT", f"{APPS}/{slug}", body)
    assert answer.status == 201, answer.body
    return answer.json


def publish_work(comfy: Comfy, slug: str = "work", **options: Any) -> dict[str, Any]:
    return publish(comfy, slug, work_graph(), WORK_PICKS, options=options)
