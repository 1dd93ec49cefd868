"""Runs that somebody waits for on an open connection: stopped when they leave; their pictures, once they are done."""

import asyncio
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any, NamedTuple, TypeVar

from aiohttp import web

from ...envelope import Call
from ...errors import AppError
from ..callers import Caller
from ..errors import AnswerTooLarge, RunFailed
from ..runs import OutputItem, Run, RunStatus
from ..service import AppService
from ..surface.submission import Submission

T = TypeVar("T")

LOOK_SECONDS = 0.5  # between two looks at the connection
TURN_SECONDS = 3600.0  # of one wait; then it is waited again
ANSWER_BYTES = 128 * 2**20  # of all pictures of one answer


class CallerLeft(Exception):
    """The connection is closed: nobody hears an answer any more."""


class Picture(NamedTuple):
    item: OutputItem
    place: int  # among the run's outputs
    content: bytes


class Waiting:
    """Lives on the server's loop; the service is where `call` leads."""

    def __init__(self, service: AppService, call: Call) -> None:
        self._service = service
        self._call = call

    async def submitted(self, slug: str, asked: Submission, caller: Caller) -> Run:
        """The run, queued. A caller that leaves in the very moment stops it.

        Raises as AppService.submit.
        """
        submitting = asyncio.ensure_future(self._call(self._service.submit(slug, asked, caller)))
        try:
            return (await asyncio.shield(submitting)).run
        except asyncio.CancelledError:  # by a server that ends handlers with their connections
            run = (await submitting).run
            if asked.idempotency_key is None:
                await self._stop(run.id, caller)
            raise

    async def end_of(self, request: web.Request, run: Run, caller: Caller, stop: bool) -> Run:
        """The run once it has succeeded.

        Args:
            stop: a caller that leaves stops it. One with an Idempotency-Key may come again for it.

        Raises CallerLeft, RunFailed.
        """
        ended = await self.attended(request, self.end(run, caller), run.id, caller, stop)
        return checked(ended)

    async def attended(
        self, request: web.Request, work: Coroutine[Any, Any, T], run_id: str, caller: Caller, stop: bool
    ) -> T:
        """The work's result. Raises CallerLeft when the connection closes first; `stop`: the run is canceled then."""
        task = asyncio.ensure_future(work)
        try:
            while not task.done():
                await asyncio.wait([task], timeout=LOOK_SECONDS)
                if not task.done() and _left(request):
                    raise CallerLeft
            return task.result()
        except (CallerLeft, ConnectionError, asyncio.CancelledError) as error:
            if stop:
                await asyncio.shield(self._stop(run_id, caller))
            if isinstance(error, ConnectionError):
                raise CallerLeft from None
            raise
        finally:
            task.cancel()

    async def pictures(self, run: Run, caller: Caller) -> list[Picture]:
        """All that the run gave. Raises RunFailed for none; AnswerTooLarge, OutputUnavailable, NotReady."""
        pictures: list[Picture] = []
        room = ANSWER_BYTES
        for place, item in shown_pictures(run):
            content = await self._call(self._read(run.id, place, caller, room))
            room -= len(content)
            pictures.append(Picture(item, place, content))
        return pictures

    async def end(self, run: Run, caller: Caller) -> Run:
        """The run once it has ended, however."""
        while not run.finished:
            run = (await self._call(self._service.runs.wait(run.id, TURN_SECONDS, caller))).run
        return run

    async def _stop(self, run_id: str, caller: Caller) -> None:
        with suppress(AppError):  # it has ended meanwhile, or cannot be reached
            await self._call(self._service.runs.cancel(run_id, caller))

    async def _read(self, run_id: str, place: int, caller: Caller, room: int) -> bytes:
        stream = await self._service.runs.output(run_id, place, caller)
        try:
            content = bytearray()
            while piece := await stream.read():
                content += piece
                if len(content) > room:
                    raise AnswerTooLarge(
                        f"The pictures have more than {ANSWER_BYTES // 2**20} MB together; ask for fewer, or for their"
                        " addresses."
                    )
            return bytes(content)
        finally:
            await stream.close()


def checked(run: Run) -> Run:
    """Raises RunFailed, with the run's own error as details."""
    if run.status is RunStatus.SUCCEEDED:
        return run
    if run.error is not None:
        raise RunFailed(run.error.message, run.error._asdict())
    raise RunFailed(f"The run did not finish: it is {run.status}.", {"code": str(run.status)})


def shown_pictures(run: Run) -> list[tuple[int, OutputItem]]:
    """The pictures among the outputs with their places. Raises RunFailed when there are none."""
    found = [(place, item) for place, item in enumerate(run.outputs) if item.content_type.startswith("image/")]
    if not found:
        raise RunFailed("The run gave no picture.", {"code": "no_picture"})
    return found


def _left(request: web.Request) -> bool:
    return request.transport is None or request.transport.is_closing()
