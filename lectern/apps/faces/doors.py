"""One door to every image backend: apps, WebUI servers, diffusers pipelines; each as an app with roles."""

import asyncio
from collections.abc import Mapping
from typing import NamedTuple

from ..callers import Caller, require_app
from ..contract import Contract
from ..errors import AppNotFound, ModelNotFound
from ..inputs import shown
from ..media import Media
from ..publishing.library import Described, Library
from ..publishing.versions import App
from .backends import Backends
from .graphs import Form
from .names import LENGTH, is_backend
from .roles import Role, Roles, settled_roles

PICTURES = (Media.IMAGE, None)  # None: an output that may give anything


class Model(NamedTuple):
    """What a caller may ask pictures of."""

    id: str
    title: str
    kind: str  # app, sdwebui or diffusers
    created: int  # seconds since 1970; 0 where nobody wrote it down


class Door(NamedTuple):
    """Where a request for pictures goes in."""

    model: str
    described: Described
    roles: Roles
    values: Mapping[str, str] = {}  # inputs that the model's name settles, such as its checkpoint

    @property
    def app(self) -> App:
        return self.described.app

    @property
    def contract(self) -> Contract:
        return self.described.contract


class Doors:
    """Lives on the loop of the service."""

    def __init__(self, library: Library, backends: Backends) -> None:
        self._library = library
        self._backends = backends

    async def list(self, caller: Caller) -> list[Model]:
        """The apps that give pictures, and the backends, as far as the caller may use them.

        Raises Unauthorized for callers without a key to whom no app is open; NotReady, SettingsError.
        """
        if caller.guest:
            await self._library.check_guest(caller)
        apps = await self._library.apps(caller)
        described = await asyncio.gather(*(self._library.describe(app, stale=True) for app in apps))
        models = [_of_app(one.app) for one in described if gives_pictures(one.contract)]
        found = [] if caller.guest else await self._backends.list()
        named = [
            Model(f"{one.backend}:{one.name}", one.name, one.backend, 0) for one in found if caller.may_use(one.slug)
        ]
        return [*models, *named]

    async def model(self, name: str, caller: Caller) -> Model:
        """One of them; of a server also with a checkpoint. Raises ModelNotFound, and as `list`."""
        door = await self.resolve(name, caller)
        if door.app.source == "backend":
            return Model(name, door.app.title, name.partition(":")[0], 0)
        return _of_app(door.app)

    async def resolve(self, model: str, caller: Caller, form: Form = Form.TEXT) -> Door:
        """Where to send a request for this model.

        Args:
            form: what the pictures are made from; an app decides that itself.

        Raises ModelNotFound, Unauthorized, Forbidden, NotReady, SettingsError.
        """
        if is_backend(model):
            return await self._of_backend(model, caller, form)
        try:
            app = await self._library.app(model, None, caller, stale=True)
        except AppNotFound:
            raise _unknown(model) from None
        described = await self._library.describe(app, stale=True)
        if not gives_pictures(described.contract):
            raise ModelNotFound(f"The app {app.slug} gives no pictures; run it at /lectern/v1/apps/{app.slug}/runs.")
        return _door(model, described)

    async def _of_backend(self, model: str, caller: Caller, form: Form) -> Door:
        if caller.guest:  # before ComfyUI is asked for anything on a stranger's behalf
            require_app(caller, "", public=False)
        found = await self._backends.find(model)
        if found is None or not caller.may_use(found.slug):
            # In the same words whether there is one: nobody must learn so which servers exist.
            require_app(caller, model[:LENGTH], public=False)
            raise _unknown(model)
        app = await self._library.app(found.slug, int(form), caller)
        described = await self._library.describe(app, stale=True)
        return _door(model, described, {"checkpoint": found.checkpoint} if found.checkpoint else {})


def gives_pictures(contract: Contract) -> bool:
    return any(output.media in PICTURES for output in contract.outputs)


def _door(model: str, described: Described, values: Mapping[str, str] | None = None) -> Door:
    app = described.app
    roles = settled_roles(described.contract, app.graph, app.options.roles or {})
    return Door(model, described, roles, values or {})


def _of_app(app: App) -> Model:
    return Model(app.slug, app.title, "app", (app.created_ms or app.updated_ms or 0) // 1000)


def _unknown(model: str) -> ModelNotFound:
    return ModelNotFound(
        f"There is no model {shown(model)}; a model is an app's name, sdwebui:<server>[/<checkpoint>] or"
        " diffusers:<pipeline>, and GET /lectern/openai/v1/models lists them."
    )


def role_needed(door: Door, role: Role) -> str:
    """The sentence for a request that needs a role which the app has not."""
    if door.app.source == "backend":
        return f"{door.model} takes no {role} this way."
    return (
        f"{door.model} has no input that is its {role}; its publisher can name one: PATCH /lectern/v1/apps/"
        f'{door.app.slug} with {{"options": {{"roles": {{"{role}": "<input>"}}}}}}.'
    )
