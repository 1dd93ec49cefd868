"""The events of runs that execute in this process: a channel for each run that somebody listens to."""

from collections.abc import Callable, Mapping
from typing import Any

from .channel import Channel, encode, read_event_id
from .engine import Listening, Reader
from .hub import EventHub


class LocalEvents:
    def __init__(self) -> None:
        self.hub = EventHub()

    @property
    def streams(self) -> int:
        return self.hub.streams

    async def listen(self, run_id: str, last_id: str, read: Reader) -> Listening:
        after = read_event_id(last_id)
        with self.hub.asked(run_id) as channel:
            channel.open()
            before = channel.count  # what comes while the run is read is told, perhaps twice
            run, view = await read()
            if after is not None and channel.has(after):
                self.hub.give(run_id)
                return Listening(b"", channel, after)
            if run.finished:
                return Listening(snapshot(view), None, 0)
            self.hub.give(run_id)
            return Listening(snapshot(view), channel, before)

    def listened(self) -> list[str]:
        return self.hub.listened()

    def dismiss(self) -> None:
        self.hub.dismiss()

    def place(self, run_id: str, status: Mapping[str, Any]) -> None:
        self.status(run_id, status)

    def status(self, run_id: str, status: Mapping[str, Any]) -> None:
        channel = self._open(run_id)
        if channel is not None and not channel.silent:
            channel.publish("status", status)

    def completed(self, run_id: str, status: Mapping[str, Any], view: Callable[[], Mapping[str, Any]]) -> None:
        self.status(run_id, status)
        channel = self._open(run_id)
        if channel is not None:
            channel.publish("completed", view(), last=True)
        self.hub.end(run_id)

    def _open(self, run_id: str) -> Channel | None:
        channel = self.hub.find(run_id)
        return None if channel is None or channel.ended else channel


def snapshot(view: Mapping[str, Any]) -> bytes:
    """Everything about the run as it is, for those who know nothing of it."""
    status = {"status": view["status"], "queue_position": view["queue_position"], "at": view["created_at"]}
    pieces = [encode("status", status)]
    if view["progress"] is not None:
        pieces.append(encode("progress", view["progress"]))
    pieces += [encode("output", output) for output in view["outputs"]]
    if view["completed_at"] is not None:
        pieces.append(encode("completed", view))
    return b"".join(pieces)
