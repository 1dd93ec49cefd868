"""From a draft to the request body for one server: fields, pictures, ControlNet, ADetailer and scripts."""

import json
from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

from torch import Tensor

from ..png import png
from .dialects import Dialect, Payload, Route
from .draft import ALWAYS, SEEDS, ControlUnit, Draft, Mode, ScriptChoice
from .errors import RequestError, Unsuited
from .fields import FIELDS
from .lists import Named, ScriptInfo
from .masks import server_mask

_GRID = 8  # pixels; latents are eight times smaller
_SMALLEST = 64
_UNSAID = frozenset({*ALWAYS, "batch_size", "n_iter", "seed", "negative_prompt"})  # kept in another way, or not missed
_NEUTRAL = {"subseed": -1, "override_settings_restore_afterwards": True, "override_settings": {}}


class Offers(NamedTuple):
    """What one server has that a request must be written with."""

    loras: Sequence[Named] = ()
    scripts: Sequence[ScriptInfo] = ()


@dataclass(frozen=True)
class Part:
    """Pictures first to first + count - 1 of one round, in one request."""

    round: int
    first: int
    count: int


class Sent:
    """A picture or mask in a request; encoded once, however many requests it goes with."""

    def __init__(self, frame: Tensor) -> None:
        self.frame = frame  # (H, W, C) or (H, W)

    @cached_property
    def text(self) -> str:
        frame = self.frame if self.frame.ndim == 3 else self.frame[:, :, None].expand(-1, -1, 3)
        return b64encode(png(frame)).decode("ascii")


def sized(draft: Draft) -> Draft:
    """0 as width or height becomes the linked picture's own, in steps of 8 pixels.

    Raises:
        RequestError: 0 without a picture.
    """
    values = {}
    for name, axis in (("width", 2), ("height", 1)):
        if draft.fields.get(name) == 0:
            if draft.image is None:
                raise RequestError(f"{name} is 0, which means the linked image's, and none is linked. Set a {name}.")
            values[name] = max(_SMALLEST, round(draft.image.shape[axis] / _GRID) * _GRID)
    return draft.with_fields(values)


def own_fields(draft: Draft) -> Payload:
    """The draft's fields without those of the other mode, which no server would heed."""
    return {name: value for name, value in draft.fields.items() if _belongs(name, draft.mode)}


class Orders:
    """Writes the requests of one draft. Pictures are kept between them, so that each is encoded once."""

    def __init__(self, draft: Draft) -> None:
        self.draft = draft
        self._pictures: dict[tuple[str, int], Sent] = {}

    def body(self, payload: Payload) -> bytes:
        """The request as JSON. Takes a while when it holds pictures: for a thread."""
        return json.dumps(payload, default=_written, allow_nan=False, separators=(",", ":")).encode()

    def payload(self, part: Part, dialect: Dialect, offers: Offers, task: str) -> Payload:
        """
        Raises:
            RequestError: a blank mask.
            Unsuited: an unknown script or argument, an unknown LoRA where that can be told.
        """
        draft = self.draft
        payload: Payload = {**own_fields(draft), **_numbers(draft, part, dialect)}
        payload["prompt"] = " ".join([payload.get("prompt", ""), *map(str, draft.loras)]).strip()
        if Route.TASKS in dialect.routes and "force_task_id" not in payload:
            payload["force_task_id"] = task
        if draft.mode is Mode.IMG2IMG:
            payload |= self._img2img(part.round)
        always_on = dict(payload.pop("alwayson_scripts", {}))
        if draft.units and dialect.extensions:
            units = [self._unit(number, unit, part.round) for number, unit in enumerate(draft.units)]
            always_on["ControlNet"] = {"args": units}
        if draft.passes and dialect.extensions:
            always_on["ADetailer"] = {"args": [True, False, *map(dict, draft.passes)]}
        if dialect.takes("script_name"):
            for choice in draft.scripts:
                _choose(payload, always_on, choice, offers.scripts, draft.mode)
        if always_on:
            payload["alwayson_scripts"] = always_on
        payload = {name: value for name, value in payload.items() if value is not None}
        added = dialect.translate(dict(payload), draft, offers.loras)
        return {name: value for name, value in added.items() if name not in payload or dialect.takes(name)}

    def ignored(self, dialect: Dialect) -> list[str]:
        """What this kind of server will not heed, as a person would call it."""
        draft = self.draft
        names = [
            name
            for name, value in draft.fields.items()
            if name not in _UNSAID and _said(name, value) not in (_NEUTRAL.get(name), "")
            if not dialect.takes(name) or not _belongs(name, draft.mode)
        ]
        if not dialect.extensions:
            names += ["ControlNet"] * bool(draft.units) + ["ADetailer"] * bool(draft.passes)
        if not dialect.takes("script_name"):
            names += [f"the script {choice.title}" for choice in draft.scripts]
        if draft.mask is not None and not dialect.takes("mask"):
            names.append("mask")
        if draft.modules and dialect.name != "forge":
            names.append("modules")
        if not (dialect.lora_tags or dialect.lora_list) and names_lora(draft):
            names.append("LoRA")
        if draft.vae and not dialect.takes("override_settings"):
            names.append("vae")
        return names

    def mask(self, round_: int) -> Tensor | None:
        """The mask of a round as it is sent: (H, W) at the size of its picture."""
        draft = self.draft
        if draft.mask is None or draft.image is None:
            return None
        height, width = draft.image.shape[1:3]
        inverted = bool(draft.fields.get("inpainting_mask_invert"))
        return server_mask(_of(draft.mask, round_), height, width, draft.soft_mask, inverted)

    def _img2img(self, round_: int) -> Payload:
        if self.draft.image is None:
            return {}
        found: Payload = {"init_images": [self._sent("image", _of(self.draft.image, round_), round_)]}
        mask = self.mask(round_)
        return found if mask is None else found | {"mask": self._sent("mask", mask, round_)}

    def _unit(self, number: int, unit: ControlUnit, round_: int) -> Payload:
        found: Payload = {"enabled": True, **unit.settings}
        if unit.image is not None:
            found["image"] = self._sent(f"unit {number}", _of(unit.image, round_), round_)
        if unit.mask is not None:
            mask = self._sent(f"unit mask {number}", _of(unit.mask, round_), round_)
            found |= {"mask": mask, "mask_image": mask}  # the extension's name for it, and Forge's
        return found

    def _sent(self, kind: str, frame: Tensor, round_: int) -> Sent:
        return self._pictures.setdefault((kind, round_), Sent(frame))


def names_lora(draft: Draft) -> bool:
    return bool(draft.loras) or "<lora:" in draft.fields.get("prompt", "")


def _said(name: str, value: Any) -> Any:
    """The value without a clip skip: servers that take no settings have a field for it."""
    if name != "override_settings":
        return value
    return {key: one for key, one in value.items() if key != "CLIP_stop_at_last_layers"}


def _belongs(name: str, mode: Mode) -> bool:
    known = FIELDS.get(name)
    return known is None or (known.txt2img if mode is Mode.TXT2IMG else known.img2img)


def _written(value: object) -> str:
    if isinstance(value, Sent):
        return value.text
    raise TypeError(f"{type(value).__name__} cannot be a part of a request")


def _of(batch: Tensor, round_: int) -> Tensor:
    return batch[round_ if len(batch) > 1 else 0]


def _numbers(draft: Draft, part: Part, dialect: Dialect) -> Payload:
    """How many, and the seeds from which the server counts on, so that each picture gets the seed it has in one batch.

    With a variation the servers keep the seed and count the subseed: modules/processing.py of AUTOMATIC1111.
    """
    size = min(max(1, draft.fields.get("batch_size", 1)), part.count)
    offset = part.round * draft.per_round + part.first
    varied = draft.fields.get("subseed_strength") and dialect.takes("subseed_strength")
    counted = "subseed" if varied else "seed"
    start = draft.fields.get(counted, 0)
    return {"batch_size": size, "n_iter": part.count // size, counted: (start + offset) % SEEDS if offset else start}


def _choose(
    payload: Payload, always_on: Payload, choice: ScriptChoice, infos: Sequence[ScriptInfo], mode: Mode
) -> None:
    info = _find(choice.title, infos, mode)
    args = _arguments(info, choice.values)
    if info.always_on:
        always_on[info.title] = {"args": args}
    else:
        payload |= {"script_name": info.title, "script_args": args}


def _find(title: str, infos: Sequence[ScriptInfo], mode: Mode) -> ScriptInfo:
    named = [info for info in infos if info.title.casefold() == title.casefold()]
    for info in sorted(named, key=lambda one: one.img2img != (mode is Mode.IMG2IMG)):
        return info
    known = ", ".join(dict.fromkeys(info.title for info in infos)) or "none that it tells of"
    raise Unsuited(f"The server has no script {title!r}. It has: {known[:600]}.")


def _arguments(info: ScriptInfo, values: Mapping[str, Any]) -> list[Any]:
    """Every argument in the server's order: a shorter list would shift those of all later scripts."""
    args = [arg.value for arg in info.args]
    for key, value in values.items():
        args[_place(info, key)] = value
    return args


def _place(info: ScriptInfo, key: str) -> int:
    labels = [arg.label.casefold() for arg in info.args]
    if key.casefold() in labels:
        return labels.index(key.casefold())
    if key.isdecimal() and int(key) < len(labels):
        return int(key)
    known = ", ".join(f"{place} {arg.label}".strip() for place, arg in enumerate(info.args))
    raise Unsuited(f"The script {info.title!r} has no argument {key!r}. It has: {known[:600] or 'none'}.")
