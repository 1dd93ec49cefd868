"""What the workers that are there can execute: their nodes and models together, and which of them could do a run."""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Mapping
from typing import Any, NamedTuple

from ..backend import Source
from ..errors import MissingModel, NotReady
from ..nodeinfo import NodeInfo, ObjectInfo, read_widget
from ..runs import Workflow
from . import topology
from .adverts import Adverts
from .link import Link, translated
from .messages import Advert, Requirement, nodes_name
from .requirements import lacking, requirement, shown
from .shelves import Documents
from .union import merged

REMEMBERED_SECONDS = 5.0  # how long it counts what earlier workers had, before it is looked up again
REMEMBERED = 256  # workflows, lanes
NAMED = 3  # workers in a message


class Kit(NamedTuple):
    """A worker, or one that was there, and the nodes of its ComfyUI."""

    name: str
    nodes: ObjectInfo


class Roster:
    """Lives on the background loop."""

    def __init__(self, link: Link, adverts: Adverts, documents: Documents) -> None:
        self._link = link
        self._adverts = adverts
        self._documents = documents
        self._union: tuple[frozenset[str], ObjectInfo] | None = None  # of which digests
        self._choosing: OrderedDict[str, tuple[ObjectInfo, list[str]]] = OrderedDict()  # by digest of the workflow
        self._required: OrderedDict[tuple[Any, ...], Requirement] = OrderedDict()
        self._fitting: OrderedDict[tuple[str, frozenset[str]], None] = OrderedDict()  # lanes that somebody can serve
        self._known: tuple[float, dict[str, str]] = (-REMEMBERED_SECONDS, {})

    async def union(self) -> ObjectInfo:
        """Of all workers that are there, else of those that were. Raises NotReady."""
        digests = await self._digests()
        if self._union is None or self._union[0] != digests.keys():
            kits = await self._kits(digests)
            if not kits:
                raise NotReady("There is no worker, and none has been there yet; start one beside a ComfyUI.")
            self._union = frozenset(digests), await asyncio.to_thread(merged, [kit.nodes for kit in kits])
        return self._union[1]

    async def requirement(self, workflow: Workflow, values: Mapping[str, Any], alone: str = "") -> Requirement:
        """Raises NotReady."""
        union = await self.union()
        inputs = self._choices(workflow, union)
        key = workflow.digest, alone, id(union), *(str(values.get(name)) for name in inputs)
        if key not in self._required:
            _remember(self._required, key, requirement(workflow, values, union, alone))
        return self._required[key]

    async def check(self, workflow: Workflow, values: Mapping[str, Any]) -> None:
        """Raises MissingModel when no single worker has everything, NotReady."""
        required = await self.requirement(workflow, values)
        digests = await self._digests()
        key = required.lane, frozenset(digests)
        if key in self._fitting:
            return
        kits = await self._kits(digests)
        gone = {kit.name: lacking(required, kit.nodes) for kit in kits}
        if kits and all(gone.values()):
            raise MissingModel(_sentence(gone), [{"worker": name, "lacks": names} for name, names in gone.items()])
        _remember(self._fitting, key, None)

    def lacks(self) -> list[str]:
        """Why nobody would execute a run now."""
        if self._link.problem:
            return [self._link.problem]
        workers = self._adverts.workers()
        if not workers:
            return ["There is no worker; start one beside a ComfyUI."]
        if all(map(idle_reason, workers)):
            return [f"No worker takes runs: {idle_reason(workers[0])}"]
        return []

    def _choices(self, workflow: Workflow, union: ObjectInfo) -> list[str]:
        """The inputs that may choose a model; what a run needs changes with nothing else."""
        known = self._choosing.get(workflow.digest)
        if known is None or known[0] is not union:
            known = union, [name for name in workflow.targets if _chooses(workflow, name, union)]
            _remember(self._choosing, workflow.digest, known)
        return known[1]

    async def _digests(self) -> dict[str, str]:
        """{digest of nodes: a worker that has or had them}; raises NotReady when it is not known."""
        there = {worker.nodes: worker.name for worker in self._adverts.workers() if worker.nodes}
        return there or await self._remembered()

    async def _remembered(self) -> dict[str, str]:
        """So that a fleet without workers for now takes runs."""
        from nats.js.errors import NoKeysError, NotFoundError

        since, known = self._known
        if time.monotonic() - since < REMEMBERED_SECONDS:
            return known
        found: dict[str, str] = {}
        try:
            with translated():
                bucket = self._link.bucket(topology.KINDS)
                for digest in await bucket.keys():
                    found[digest] = ((await bucket.get(digest)).value or b"").decode("utf-8", "replace")
        except (NoKeysError, NotFoundError):
            pass
        if found:
            self._known = time.monotonic(), found
        return found

    async def _kits(self, digests: Mapping[str, str]) -> list[Kit]:
        nodes = await asyncio.gather(*(self._documents.get(nodes_name(digest)) for digest in digests))
        return [Kit(name, info) for name, info in zip(digests.values(), nodes, strict=True) if info is not None]


class FleetSource:
    """A `Source`: the nodes of all workers; saved workflows are those of the ComfyUI beside us, where there is one."""

    def __init__(self, roster: Roster, beside: Source | None = None) -> None:
        self._roster = roster
        self._beside = beside

    async def object_info(self, class_type: str) -> NodeInfo:
        return (await self._roster.union()).get(class_type, {})

    async def all_object_info(self) -> ObjectInfo:
        return await self._roster.union()

    async def saved_workflows(self) -> list[Mapping[str, Any]]:
        return [] if self._beside is None else await self._beside.saved_workflows()

    async def saved_workflow(self, path: str, limit: int) -> bytes | None:
        return None if self._beside is None else await self._beside.saved_workflow(path, limit)

    async def close(self) -> None:
        if self._beside is not None:
            await self._beside.close()


def idle_reason(worker: Advert) -> str:
    """Why it takes nothing, in a sentence; empty when it does."""
    if worker.refused:
        return worker.refused
    if worker.draining:
        return f"{worker.name} ends once it has done its run."
    return "" if worker.comfyui else f"The ComfyUI of {worker.name} does not answer."


def _chooses(workflow: Workflow, name: str, union: ObjectInfo) -> bool:
    target = workflow.targets[name]
    places = ((target.node_id, target.widget), *target.also)
    nodes = [(workflow.graph[node_id], widget) for node_id, widget in places if node_id in workflow.graph]
    read = [read_widget(union.get(node["class_type"], {}), widget, node["inputs"]) for node, widget in nodes]
    return any(widget is None or widget.choices is not None for widget in read)


def _remember(kept: "OrderedDict[Any, Any]", key: Any, value: Any) -> None:
    kept[key] = value
    while len(kept) > REMEMBERED:
        kept.popitem(last=False)


def _sentence(gone: Mapping[str, list[str]]) -> str:
    told = [f"{name} lacks {shown(names)}" for name, names in list(gone.items())[:NAMED]]
    more = f"; and {len(gone) - NAMED} more" if len(gone) > NAMED else ""
    return f"No worker has all that this run needs: {'; '.join(told)}{more}. Install it on one of them."
