"""Somebody who wants runs, and sends a request again until it is answered."""

import asyncio
import itertools
from collections.abc import Sequence
from typing import Any

import aiohttp

AGAIN = frozenset({429, 500, 502, 503})  # not accepted: the same request may be sent again
PAUSE = 0.05  # seconds before it is sent again
PAGE = 100  # runs, as a page of the list holds
V1 = "/lectern/v1"
GOING = "queued,running,canceling"


class Customer:
    """`async with Customer([url, ...]) as customer`: whichever gateway answers."""

    def __init__(self, gateways: Sequence[str]) -> None:
        self._gateways = itertools.cycle(gateways)
        self.resent = 0
        self.refusals: dict[int, int] = {}  # answers that were no acceptance, by status

    async def __aenter__(self) -> "Customer":
        timeout = aiohttp.ClientTimeout(total=30)
        self._session = aiohttp.ClientSession(timeout=timeout, connector=aiohttp.TCPConnector(limit=0))
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._session.close()

    async def submit(self, app: str, given: dict[str, Any], key: str) -> str:
        """The id of the run that was accepted under this key."""
        while True:
            status, body = await self._ask("POST", f"{V1}/apps/{app}/runs", {"input": given}, {"Idempotency-Key": key})
            if status in (200, 201):
                return body["id"]
            assert status in AGAIN, (status, body)
            await self._again(status)

    async def submit_all(self, app: str, given: Sequence[dict[str, Any]], at_once: int) -> list[str]:
        """Their ids, in that order."""
        ids = [""] * len(given)
        work = iter(range(len(given)))

        async def take() -> None:
            for number in work:
                ids[number] = await self.submit(app, given[number], f"{app} {number}")

        await asyncio.gather(*(take() for _ in range(at_once)))
        return ids

    async def get(self, path: str) -> Any:
        """What a gateway says, as soon as one does."""
        while True:
            status, body = await self._ask("GET", path)
            if status == 200:
                return body
            assert status in AGAIN, (status, path, body)
            await self._again(status)

    async def until_ended(self, patience: float) -> None:
        """Returns once no run is queued or running; asserts that this happens within so many seconds."""
        async with asyncio.timeout(patience):
            while True:
                if not (await self.get(f"{V1}/runs?limit=1&status={GOING}"))["runs"]:
                    return
                await asyncio.sleep(0.1)

    async def all_runs(self) -> dict[str, Any]:
        """By id, page by page."""
        found: dict[str, Any] = {}
        cursor = ""
        while True:
            page = await self.get(f"{V1}/runs?limit={PAGE}{cursor}")
            found |= {run["id"]: run for run in page["runs"]}
            if page["next"] is None:
                return found
            cursor = f"&cursor={page['next']}"

    async def _again(self, status: int) -> None:
        self.resent += 1
        self.refusals[status] = self.refusals.get(status, 0) + 1
        await asyncio.sleep(PAUSE)

    async def _ask(
        self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None
    ) -> tuple[int, Any]:
        """503 when nobody answers. Bytes when the answer is no JSON."""
        try:
            url = next(self._gateways) + path
            async with self._session.request(method, url, json=body, headers=headers) as answer:
                kind = answer.content_type
                return answer.status, await (answer.json() if kind == "application/json" else answer.read())
        except (aiohttp.ClientError, TimeoutError, OSError):
            return 503, b""
