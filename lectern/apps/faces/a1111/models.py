"""Apps and image backends as A1111's checkpoints: which there are, and which one a key has chosen."""

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from ....envelope import Call
from ....errors import AppError
from ...callers import Caller
from ...errors import Forbidden, ModelNotFound, VersionNotFound
from ...inputs import shown
from ...service import AppService
from ..doors import Door
from ..graphs import Form
from ..roles import Role
from .filling import AppSide
from .options import OptionsFile
from .requests import CHECKPOINT, Asked, Mode

HASH = re.compile(r"\s*\[[0-9a-fA-F]+\]$")  # what A1111 puts behind a checkpoint's name
NAME_LENGTH = 1000  # characters


class Model(NamedTuple):
    """What the runs of a request are of."""

    name: str
    slug: str
    version: int
    side: AppSide
    values: Mapping[str, Any]  # input that the name settles


class Models:
    def __init__(self, service: AppService, call: Call, options: OptionsFile) -> None:
        self._service = service
        self._call = call
        self._options = options

    async def names(self, caller: Caller) -> list[str]:
        """Raises NotReady, SettingsError."""
        return [one.id for one in await self._call(self._service.doors.list(caller))]

    async def options(self, caller: Caller) -> dict[str, Any]:
        values = await self._options.get(caller.owner)
        return values | {CHECKPOINT: values[CHECKPOINT] or await self._first(caller)}

    async def chosen(self, mode: Mode, asked: Asked, caller: Caller) -> Model:
        """By the request, else by the key's options. Raises ModelNotFound, NotReady, SettingsError."""
        form = Form.TEXT if mode == "txt2img" else Form.IMAGE if asked.mask is None else Form.MASK
        return await self.find(asked.model or (await self.options(caller))[CHECKPOINT], caller, form)

    async def find(self, wanted: object, caller: Caller, form: Form = Form.TEXT) -> Model:
        """Raises ModelNotFound, NotReady, SettingsError."""
        if not isinstance(wanted, str) or not 0 < len(wanted) <= NAME_LENGTH:
            raise ModelNotFound("There is no model; publish an app that makes pictures, or name one that there is.")
        name = HASH.sub("", wanted.strip())
        try:
            return _model(await self._call(self._service.doors.resolve(name, caller, form)))
        except (ModelNotFound, Forbidden, VersionNotFound):
            same = [one for one in await self.names(caller) if one.casefold() == name.casefold() and one != name]
        if not same:
            raise ModelNotFound(f"model {shown(name)} not found; GET /sdapi/v1/sd-models lists those that there are.")
        return _model(await self._call(self._service.doors.resolve(same[0], caller, form)))

    async def side(self, caller: Caller) -> AppSide | None:
        """Of the chosen app; None while there is none."""
        try:
            return (await self.find((await self.options(caller))[CHECKPOINT], caller)).side
        except AppError:
            return None

    async def _first(self, caller: Caller) -> str:
        """What counts until a key chooses: the first that makes pictures from a text."""
        names = await self.names(caller)
        for name in names:
            if Role.PROMPT in (await self.find(name, caller)).side.roles:
                return name
        return names[0] if names else ""


def _model(door: Door) -> Model:
    app, most = door.app, door.app.options.max_n
    given = {door.roles[role]: value for name, value in door.values.items() if (role := Role(name)) in door.roles}
    side = AppSide(door.model, door.contract, door.roles, most)
    return Model(door.model, app.slug, app.version, side, given)
