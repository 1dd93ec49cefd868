"""One chat entry as this process knows it: its connection, its kind, its models, and what each of them takes.

Lives on the background loop.
"""

import asyncio
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ...chats import Chat
from ..errors import AnswerError
from .complaint import Discretion, complaint
from .connection import Connection, Told
from .faults import Rejection, fault
from .kinds import Kind, recognise
from .manners import Manners

FRESH = 60.0  # seconds for which a list is not asked for again
REMEMBERED = 1800.0  # seconds for which a model's manners are
_MOST_MODELS = 2000
_LONGEST_NAME = 256  # characters


class Member:
    def __init__(self, name: str, entry: Chat) -> None:
        self.name = name
        self.entry = entry
        self.connection = Connection(name, entry)
        self.label = self.connection.label
        self.slots = asyncio.Semaphore(entry.concurrency)
        self.unused = asyncio.Event()  # nothing is asked of it
        self.unused.set()
        self._users = 0
        self.told_sight: dict[str, tuple[float, bool | None]] = {}  # model -> when it was told, whether it sees
        self.seen_sight: dict[str, bool] = {}  # model -> whether it saw pictures that it was shown
        self._manners: dict[str, tuple[float, Manners]] = {}  # model -> when the last was learnt, all that is known
        self._unloaded: set[str] = set()  # models that were not asked since
        self._questions: defaultdict[str, int] = defaultdict(int)  # model -> under way or waiting
        self._kind: tuple[float, Kind | None] = (0.0, None)  # when it was found out, what
        self._models: tuple[float, tuple[str, ...]] | None = None
        self._lock = asyncio.Lock()

    @contextmanager
    def used(self) -> Iterator[None]:
        """While it may not be closed although its entry was changed."""
        self._users += 1
        self.unused.clear()
        try:
            yield
        finally:
            self._users -= 1
            if not self._users:
                self.unused.set()

    @contextmanager
    def question(self, model: str) -> Iterator[None]:
        """While a question to the model is under way or waits."""
        self._questions[model] += 1
        self._unloaded.discard(model)
        try:
            yield
        finally:
            self._questions[model] -= 1

    def taken_for_unloading(self, model: str) -> bool:
        """Whether whoever calls is to unload it now: nobody asks it, and nobody else was told so."""
        if self._questions[model] or model in self._unloaded:
            return False
        self._unloaded.add(model)
        return True

    def manners(self, model: str) -> Manners:
        """What it was found not to take; forgotten now and then, for it may be a guess, and servers are updated."""
        when, known = self._manners.get(model, (0.0, Manners()))
        return known if time.monotonic() - when <= REMEMBERED else Manners()

    def learnt(self, model: str, manners: Manners) -> None:
        known = self.manners(model)
        if known | manners != known:
            self._manners[model] = time.monotonic(), known | manners

    async def kind(self) -> Kind:
        """Asked once; "unknown", which it may be while it starts, is asked again. Raises SettingsError."""
        if self.entry.backend != "auto":
            return self.entry.backend
        async with self._lock:
            when, kind = self._kind
            if kind is None or (kind == "unknown" and not is_fresh(when)):
                kind = await recognise(self.connection)
                self._kind = time.monotonic(), kind
            return kind or "unknown"

    def known_model(self, wished: str) -> str:
        """The model's name without asking for it; empty when only the server knows."""
        return wished or self.entry.model or next(iter(self._models[1] if self._models else ()), "")

    async def model(self, wished: str) -> str:
        """The model that is meant: the one wished for, the entry's, else the first that the server lists.

        Raises ChatError, SettingsError.
        """
        if wished or self.entry.model:
            return wished or self.entry.model
        models = await self._listed(fresh=False)
        if not models:
            raise AnswerError(f"{self.label} lists no models. Set model in {self.connection.place}.")
        return models[0]

    async def models(self, fresh: bool = False) -> tuple[str, ...]:
        """Names of all models, remembered for a minute. Raises ChatError, SettingsError."""
        with self.used():
            return await self._listed(fresh)

    async def close(self) -> None:
        await self.connection.close()

    async def _listed(self, fresh: bool) -> tuple[str, ...]:
        async with self._lock:
            if fresh or self._models is None or time.monotonic() - self._models[0] > FRESH:
                told = await self.connection.ask("GET", f"{self.entry.url}/models")
                self._models = (time.monotonic(), self._names(told))
            return self._models[1]

    def _names(self, told: Told) -> tuple[str, ...]:
        if told.status in (401, 403) or 300 <= told.status < 400:
            rejection = Rejection(told.status, told.headers, complaint(told.body))
            raise fault(self.label, self.connection.place, rejection, Discretion(self.entry.key(), ()))
        names = _names(told.json)
        if names is None:
            raise AnswerError(
                f"{self.label} does not list its models (HTTP {told.status}). Set model in {self.connection.place}."
            )
        return names


def _names(content: Any) -> tuple[str, ...] | None:
    """Of OpenAI's list; some servers send the list bare (Together)."""
    listed = content.get("data") if isinstance(content, dict) else content
    if not isinstance(listed, list):
        return () if isinstance(content, dict) and "data" in content else None  # Ollama without models sends null
    names = (one.get("id") for one in listed if isinstance(one, dict))
    fit = [name for name in names if isinstance(name, str) and 0 < len(name) <= _LONGEST_NAME and name.isprintable()]
    return tuple(dict.fromkeys(fit))[:_MOST_MODELS]


def is_fresh(found: float) -> bool:
    return time.monotonic() - found <= FRESH
