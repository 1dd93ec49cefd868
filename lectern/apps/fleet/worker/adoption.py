"""A worker that is started again finds the run that it had: ComfyUI may have gone on with it."""

import json
import logging
from typing import NamedTuple

from ...comfy import ComfyClient, Unreachable
from .. import topology
from ..deliveries import Delivery, Queue
from ..link import Link
from ..messages import Job, State, load_workflow, workflow_name
from ..requirements import Requirement
from ..shelves import Documents, Parcels
from ..topology import read_queue
from .held import Held
from .kv import Values, answered
from .locks import Locks

logger = logging.getLogger(__name__)

ACK_PREFIX = "$JS.ACK."


class Note(NamedTuple):
    """What the worker had last."""

    run: str
    prompt_id: str


class Adoption:
    """Everything may raise NotReady."""

    def __init__(
        self, link: Link, client: ComfyClient, queue: Queue, documents: Documents, locks: Locks, worker: str
    ) -> None:
        self._link = link
        self._client = client
        self._queue = queue
        self._documents = documents
        self._locks = locks
        self._worker = worker
        self._states = Values(link, topology.STATES)
        self._lanes = Values(link, topology.LANES)
        self._parcels = Parcels(link)

    async def note(self, run_id: str, prompt_id: str) -> None:
        """Before ComfyUI gets the prompt."""
        note = Note(run_id, prompt_id)
        await self._states.put(self._key, json.dumps(note).encode())

    async def find(self) -> Held | None:
        """The run that an earlier process of this worker had, if it is still this worker's; else nothing is left of it
        in ComfyUI."""
        noted = await self._states.read(self._key)
        if noted is None or not noted.value:
            return None
        note = Note(*json.loads(noted.value))
        held = await self._held(note)
        if held is None:
            try:
                await self._client.cancel(note.prompt_id)
            except Unreachable as error:
                logger.debug("nothing is canceled: %s", error)
        return held

    async def _held(self, note: Note) -> Held | None:
        there = await self._states.read(note.run)
        if there is None or not there.value:
            return None
        state = State.load(there.value)
        if state.worker != self._worker or state.ended or state.prompt_id is None or not state.reply:
            return None
        return await self._read(state, there.revision)

    async def _read(self, state: State, revision: int) -> Held | None:
        """None when the message or what belongs to it is gone."""
        delivery = await self._message(state.reply)
        if delivery is None:
            return None
        await self._queue.keep(state.reply)
        job = Job.load(await self._parcels.unpack(delivery.content))
        document = await self._documents.get(workflow_name(job.run.workflow))
        lane = await self._lanes.read(delivery.queue.lane)
        if document is None or lane is None or not lane.value:
            return None
        alone = Requirement.load(lane.value).alone
        if alone and not await self._locks.take(alone):
            return None
        return Held(job, load_workflow(document), delivery, state, revision, alone)

    async def _message(self, reply: str) -> Delivery | None:
        """Source: NATS ADR-15, reply subjects: $JS.ACK.[domain.account.]stream.consumer.delivered.sequence..."""
        from nats.js.errors import NotFoundError

        parts = reply.removeprefix(ACK_PREFIX).split(".")
        number = int(parts[3] if len(parts) == 7 else parts[5])
        js = self._link.js
        with answered():
            try:
                message = await js.get_msg(topology.RUNS_STREAM, number)
            except NotFoundError:
                return None
        queue = read_queue(message.subject or "")
        return None if queue is None else Delivery(message.data or b"", reply, 2, queue)

    @property
    def _key(self) -> str:
        return f"worker_{self._worker}"
