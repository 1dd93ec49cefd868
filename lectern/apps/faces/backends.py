"""Which image backends there are beside the apps, and the app that stands for each."""

from collections.abc import Callable
from typing import NamedTuple

from ...settings import Settings
from ..nodeclasses import NodeClasses
from ..nodeinfo import read_widget
from ..publishing.versions import App
from .graphs import Form, backend_app
from .names import Backend, slug_of

LOADER = "LecternPipelineLoader"


class Found(NamedTuple):
    """A backend that somebody named, and the checkpoint that it shall use; empty for its own choice."""

    backend: Backend
    name: str
    checkpoint: str = ""

    @property
    def slug(self) -> str:
        return slug_of(self.backend, self.name)


class Backends:
    """Lives on the loop of the service. `settings` may raise SettingsError."""

    def __init__(self, settings: Callable[[], Settings], classes: NodeClasses) -> None:
        self._settings = settings
        self._classes = classes

    async def list(self) -> list[Found]:
        """The servers of lectern.toml, and the pipelines that ComfyUI has. Raises NotReady, SettingsError."""
        servers = [Found(Backend.SDWEBUI, name) for name in self._settings().servers]
        return [*servers, *(Found(Backend.DIFFUSERS, name) for name in await self._pipelines())]

    async def find(self, model: str) -> Found | None:
        """What `sdwebui:<server>[/<checkpoint>]` or `diffusers:<pipeline>` names. Raises NotReady, SettingsError."""
        prefix, _, rest = model.partition(":")
        if prefix == Backend.DIFFUSERS:
            known = rest in await self._pipelines() or rest in await self._pipelines(stale=False)
            return Found(Backend.DIFFUSERS, rest) if known else None
        servers = self._settings().servers if prefix == Backend.SDWEBUI else {}
        fits = [name for name in servers if rest == name or rest.startswith(f"{name}/")]
        name = max(fits, key=len, default=None)  # a server's name may have a slash, too
        return None if name is None else Found(Backend.SDWEBUI, name, rest[len(name) + 1 :])

    async def app(self, slug: str, version: int | None) -> App | None:
        """Raises NotReady, SettingsError."""
        prefix, _, name = slug.partition(":")
        names = self._settings().servers if prefix == Backend.SDWEBUI else ()
        names = await self._pipelines() if prefix == Backend.DIFFUSERS else names
        for name in names:
            if slug_of(Backend(prefix), name) == slug and version in (None, *Form):
                return backend_app(Backend(prefix), name, Form(version or Form.TEXT))
        return None

    async def _pipelines(self, stale: bool = True) -> tuple[str, ...]:
        """`stale`: as of the last minute; a pipeline that was added since is not among them."""
        info = (await self._classes.get({LOADER}, stale))[LOADER]
        widget = read_widget(info, "pipeline") if info else None
        return tuple(str(name) for name in (widget and widget.choices) or () if name)
