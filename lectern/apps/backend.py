"""What the app service needs of whatever executes its runs: the one ComfyUI beside it, or a fleet."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, Protocol

from ..settings import Settings
from .files.keeper import FileKeeper
from .running.engine import Audience, Engine
from .store.storage import Storage


class Source(Protocol):
    """Where node classes and saved workflows come from; a `ComfyClient` is one. Everything may raise Unreachable."""

    async def object_info(self, class_type: str) -> Mapping[str, Any]:
        """One class of `/object_info`; empty when it is not known."""
        ...

    async def all_object_info(self) -> Mapping[str, Any]: ...

    async def saved_workflows(self) -> list[Mapping[str, Any]]:
        """The files below the user's workflows folder: path, size (bytes), modified."""
        ...

    async def saved_workflow(self, path: str, limit: int) -> bytes | None:
        """One of those files; None when there is none, or it is larger than so many bytes."""
        ...

    async def close(self) -> None: ...


class Parts(NamedTuple):
    """What an engine is made of, beside its own."""

    storage: Storage
    files: FileKeeper
    settings: Callable[[], Settings]  # raises SettingsError while lectern.toml has a mistake
    reports: Audience


EngineMaker = Callable[[Parts], Engine]
