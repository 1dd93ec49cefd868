"""How far a run is, folded from ComfyUI's WebSocket events. Pure, and kept in memory only."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from ..graph import Graph, node_title

LARGEST = 1e15  # steps of a node


class Progress(NamedTuple):
    """What a caller sees."""

    value: float  # 0 to 1, never goes back
    nodes_done: int
    nodes_total: int
    current_node: str | None  # title
    step: int | None
    steps: int | None
    message: str


@dataclass(frozen=True)
class Track:
    """What is known of a prompt's progress."""

    graph: Graph
    done: frozenset[str] = frozenset()
    current: str | None = None  # node id
    step: float = 0
    steps: float = 0
    reached: float = 0
    waiting: int | None = None  # other jobs before it in ComfyUI's own queue
    started: bool = False

    def view(self) -> Progress:
        title = None if self.current is None else node_title(self.graph, self.current)
        stepping = self.steps > 1
        return Progress(
            value=round(self.reached, 4),
            nodes_done=len(self.done),
            nodes_total=len(self.graph),
            current_node=title,
            step=int(self.step) if stepping else None,
            steps=int(self.steps) if stepping else None,
            message=self._message(title),
        )

    def _message(self, title: str | None) -> str:
        if title is not None:
            return f"{title}: step {int(self.step)} of {int(self.steps)}" if self.steps > 1 else title
        if self.waiting:
            return f"Waiting for ComfyUI, {self.waiting} other {'job' if self.waiting == 1 else 'jobs'} first"
        return "Running" if self.started else "Waiting for ComfyUI"


def advance(track: Track, event: str, data: Mapping[str, Any]) -> Track:
    """The track after one event of this prompt; events that say nothing about progress leave it as it is."""
    if event == "waiting":  # not ComfyUI's: what /queue says
        return replace(track, waiting=data["ahead"])
    if event == "execution_start":
        return replace(track, started=True, waiting=None)
    if event == "execution_cached":
        return _reach(replace(track, started=True, done=track.done | _known(track, data.get("nodes"))))
    if event == "executing":
        return _reach(_enter(track, data.get("node")))
    if event == "progress_state" and isinstance(data.get("nodes"), dict):
        return _reach(_merge(track, data["nodes"]))
    return track


def _enter(track: Track, node: object) -> Track:
    if not isinstance(node, str) or node not in track.graph or node == track.current:
        return track
    return replace(track, started=True, current=node, step=0, steps=0)


def _merge(track: Track, nodes: Mapping[str, Any]) -> Track:
    """`progress_state` lists all running and finished nodes; an expanded node is shown as the one it came from."""
    finished = {key for key, node in nodes.items() if isinstance(node, dict) and node.get("state") == "finished"}
    track = replace(track, started=True, done=track.done | _known(track, list(finished)))
    for key, node in nodes.items():
        if isinstance(node, dict) and node.get("state") == "running":
            shown = key if key in track.graph else node.get("display_node_id")
            if isinstance(shown, str) and shown in track.graph:
                return replace(track, current=shown, step=_number(node.get("value")), steps=_number(node.get("max")))
    return track


def _reach(track: Track) -> Track:
    running = track.current is not None and track.current not in track.done
    part = min(track.step / track.steps, 1.0) if running and track.steps > 0 else 0.0
    value = (len(track.done) + part) / max(1, len(track.graph))
    return replace(track, reached=max(track.reached, min(value, 1.0)))


def _known(track: Track, nodes: object) -> frozenset[str]:
    return frozenset(n for n in nodes if n in track.graph) if isinstance(nodes, list) else frozenset()


def _number(value: object) -> float:
    """Nodes report anything, also what is no number to count with."""
    return float(value) if isinstance(value, (int, float)) and abs(value) < LARGEST else 0.0
