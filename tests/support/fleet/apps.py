"""The smallest apps, for ComfyUIs that only take their time."""

from typing import Any

from support.client import node
from support.contract_comfy.pictures import picture

TRIVIAL: dict[str, Any] = {
    "1": node("EmptyImage", width=1, height=1, batch_size=1, color=0),
    "2": node("SaveImage", images=["1", 0], filename_prefix="x"),
}
TRIVIAL_PICKS = [{"node_id": "1", "widget": "color"}]
# As long as its caller wants.
WORK: dict[str, Any] = {
    "1": TRIVIAL["1"],
    "2": node("Work", image=["1", 0], ms=0),
    "3": node("SaveImage", images=["2", 0], filename_prefix="x"),
}
WORK_PICKS = [*TRIVIAL_PICKS, {"node_id": "2", "widget": "ms"}]


def expected(app: str, run: str, color: int) -> bytes:
    """The picture of a run of one take."""
    return picture(f"lectern/{app}/{run}/x", color)
