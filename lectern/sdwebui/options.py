"""The options that are chained into one order; each changes the draft, and later ones win."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

from torch import Tensor

from .draft import Composite, ControlUnit, Draft, LoraTag, Mode, ScriptChoice


class Option(Protocol):
    def apply(self, draft: Draft) -> Draft: ...


def apply_options(draft: Draft, options: Sequence[Option]) -> Draft:
    for option in options:
        draft = option.apply(draft)
    return draft


@dataclass(frozen=True)
class Fields:
    """Request fields as they are."""

    values: Mapping[str, Any]

    def apply(self, draft: Draft) -> Draft:
        return draft.with_fields(self.values)


@dataclass(frozen=True)
class Hires:
    """The second, larger pass of txt2img."""

    values: Mapping[str, Any]
    modules: tuple[str, ...] = ()

    def apply(self, draft: Draft) -> Draft:
        modules = {"hr_additional_modules": list(self.modules)} if self.modules else {}
        values = dict(self.values)
        if draft.mode is Mode.IMG2IMG:
            values.pop("denoising_strength", None)  # there is no second pass, and it would become the only one's
        return draft.with_fields({"enable_hr": True, **values, **modules})


@dataclass(frozen=True)
class Inpaint:
    values: Mapping[str, Any]
    soft_mask: bool = False
    composite: Composite = Composite.AUTO

    def apply(self, draft: Draft) -> Draft:
        return replace(draft.with_fields(self.values), soft_mask=self.soft_mask, composite=self.composite)


@dataclass(frozen=True)
class Override:
    """Another checkpoint, VAE, LoRA or setting for this request alone."""

    settings: Mapping[str, Any]
    restore: bool = True
    vae: str = ""
    modules: tuple[str, ...] = ()
    lora: LoraTag | None = None

    def apply(self, draft: Draft) -> Draft:
        changed = draft.with_fields({"override_settings_restore_afterwards": self.restore})
        if self.settings:
            changed = changed.with_fields({"override_settings": dict(self.settings)})
        return replace(
            changed,
            vae=self.vae or draft.vae,
            modules=self.modules or draft.modules,
            loras=(*draft.loras, self.lora) if self.lora else draft.loras,
        )


@dataclass(frozen=True)
class ControlNet:
    settings: Mapping[str, Any]
    image: Tensor | None = None
    mask: Tensor | None = None

    def apply(self, draft: Draft) -> Draft:
        return replace(draft, units=(*draft.units, ControlUnit(self.settings, self.image, self.mask)))


@dataclass(frozen=True)
class ADetailer:
    """One pass; the passes run in the order of the chain."""

    settings: Mapping[str, Any]

    def apply(self, draft: Draft) -> Draft:
        return replace(draft, passes=(*draft.passes, self.settings))


@dataclass(frozen=True)
class Script:
    choice: ScriptChoice

    def apply(self, draft: Draft) -> Draft:
        others = (one for one in draft.scripts if one.title.casefold() != self.choice.title.casefold())
        return replace(draft, scripts=(*others, self.choice))
