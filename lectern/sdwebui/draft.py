"""What a person asked for, in the server's own words but for no particular server yet."""

import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, NamedTuple

from torch import Tensor

from ..errors import LengthError
from .errors import RequestError

SEEDS = 1 << 64
RANDOM_SEEDS = 1 << 32  # what the servers themselves draw from

ALWAYS: Mapping[str, Any] = {"send_images": True, "save_images": False}  # unless a person takes them back


class Mode(StrEnum):
    TXT2IMG = "txt2img"
    IMG2IMG = "img2img"


class Composite(StrEnum):
    """Whether the original is laid over the result where the mask keeps it."""

    AUTO = "auto"  # when the server does not do it itself
    ALWAYS = "always"
    NEVER = "never"


class LoraTag(NamedTuple):
    name: str
    weight: float

    def __str__(self) -> str:
        return f"<lora:{self.name}:{self.weight:g}>"


@dataclass(frozen=True)
class ScriptChoice:
    """A script of the server with the arguments that differ from its defaults, by label or by place (from 0)."""

    title: str
    values: Mapping[str, Any]


@dataclass(frozen=True)
class ControlUnit:
    """One ControlNet unit. `settings` are its fields in the extension's words, without pictures."""

    settings: Mapping[str, Any]
    image: Tensor | None = None  # IMAGE; None: the picture that img2img starts from
    mask: Tensor | None = None  # MASK


@dataclass(frozen=True)
class Draft:
    """One order. Pictures are batches: picture k goes with request k, and one goes with all."""

    fields: Mapping[str, Any] = field(
        default_factory=lambda: dict(ALWAYS)
    )  # request fields by their API names, without pictures
    image: Tensor | None = None  # IMAGE
    mask: Tensor | None = None  # MASK, white is painted anew
    soft_mask: bool = False
    composite: Composite = Composite.AUTO
    loras: tuple[LoraTag, ...] = ()
    vae: str = ""  # by name; each kind of server is told in its own way
    modules: tuple[str, ...] = ()  # VAE and text encoders of Forge
    units: tuple[ControlUnit, ...] = ()
    passes: tuple[Mapping[str, Any], ...] = ()  # ADetailer
    scripts: tuple[ScriptChoice, ...] = ()

    @property
    def mode(self) -> Mode:
        """A picture to start from may also come as base64, in the field init_images."""
        started = self.image is not None or self.fields.get("init_images")
        return Mode.IMG2IMG if started else Mode.TXT2IMG

    def with_fields(self, values: Mapping[str, Any]) -> "Draft":
        """Later wins; override_settings and alwayson_scripts are merged by key; None takes a field back."""
        merged = dict(self.fields)
        for name, value in values.items():
            if value is None:
                merged.pop(name, None)
            elif name in ("override_settings", "alwayson_scripts"):
                merged[name] = {**merged.get(name, {}), **value}
            else:
                merged[name] = value
        return replace(self, fields=merged)

    def batches(self) -> Iterable[tuple[str, Tensor]]:
        """Every batch of pictures in the order, by the name that a person knows."""
        named = [("image", self.image), ("mask", self.mask)]
        for number, unit in enumerate(self.units, 1):
            named += [(f"image of ControlNet {number}", unit.image), (f"mask of ControlNet {number}", unit.mask)]
        return ((name, batch) for name, batch in named if batch is not None)

    @property
    def rounds(self) -> int:
        """How often the order is carried out: once, or once for each picture that it starts from.

        Raises:
            LengthError: two batches have different lengths, and neither is 1.
        """
        longest = max(self.batches(), key=lambda one: len(one[1]), default=None)
        if longest is None:
            return 1
        for name, batch in self.batches():
            if len(batch) not in (1, len(longest[1])):
                raise LengthError(
                    f"{longest[0]} has {len(longest[1])} pictures and {name} has {len(batch)}. Link as many of the one"
                    " as of the other, or a single one."
                )
        return len(longest[1])

    @property
    def per_round(self) -> int:
        """Pictures of one round, as far as the request alone tells; a script may make more."""
        return max(1, self.fields.get("batch_size", 1)) * max(1, self.fields.get("n_iter", 1))


def with_seed(draft: Draft) -> Draft:
    """-1 means any seed; it is drawn here, so that every part of a divided batch continues the same one."""
    drawn = {
        name: secrets.randbelow(RANDOM_SEEDS)
        for name in ("seed", "subseed")
        if draft.fields.get(name, -1) == -1 and (name == "seed" or draft.fields.get("subseed_strength"))
    }
    return draft.with_fields(drawn)


def check_draft(draft: Draft) -> None:
    """What no server could do, said before any is asked.

    Raises:
        RequestError, LengthError.
    """
    _ = draft.rounds
    if draft.mask is not None and draft.image is None:
        raise RequestError("A mask is linked but no image. Link the picture that is to be painted over, too.")
    for name in ("batch_size", "n_iter", "steps"):
        value = draft.fields.get(name, 1)
        if not 1 <= value <= 10_000:
            raise RequestError(f"{name} is {value}; it must be between 1 and 10000.")
