"""The newest latent preview of a run. Nobody listens to a run for this face until somebody asks how far it is."""

import asyncio
from contextlib import aclosing

from ....envelope import Call
from ....errors import AppError
from ...callers import Caller
from ...running.service import RunService
from ..events import events_of


class Preview:
    """Listens to one run on the server's loop until it ends or `stop` is called."""

    def __init__(self, runs: RunService, call: Call, run_id: str, caller: Caller) -> None:
        self.run_id = run_id
        self.number = 0  # how many there were
        self.picture = ""  # base64 of the newest
        self.content_type = ""
        self._task = asyncio.create_task(self._listen(runs, call, caller))

    def stop(self) -> None:
        self._task.cancel()

    async def _listen(self, runs: RunService, call: Call, caller: Caller) -> None:
        try:
            listening = await call(runs.listen(self.run_id, "", caller))
        except AppError:  # too many listen already, or the run is gone: there is no picture then
            return
        async with aclosing(events_of(listening)) as events:
            async for event in events:
                if event.name == "preview":
                    self.number += 1
                    self.picture, self.content_type = event.data["data_base64"], event.data["content_type"]
