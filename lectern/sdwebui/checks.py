"""Whether a server still has what a request names: most servers would take something else and say nothing."""

import difflib
from collections.abc import Mapping, Sequence
from typing import Any

from .dialects import Payload
from .errors import Unsuited
from .lists import Named
from .member import Member
from .truth import stem

# Request field -> what people call it, and the lists of which one must have the value.
NAMES: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "sampler_name": ("sampler", ("samplers",)),
    "scheduler": ("scheduler", ("schedulers",)),
    "hr_sampler_name": ("sampler", ("samplers",)),
    "hr_scheduler": ("scheduler", ("schedulers",)),
    "hr_upscaler": ("upscaler", ("upscalers", "latent_upscalers")),
    "hr_checkpoint_name": ("checkpoint", ("checkpoints",)),
    "refiner_checkpoint": ("checkpoint", ("checkpoints",)),
}
_FREE = ("", "automatic", "none", "use same sampler", "use same scheduler", "use same checkpoint")
_SHOWN = 12  # names in an error


async def settled(member: Member, payload: Payload) -> Payload:
    """The request with every name as the server itself writes it: most compare letter by letter.

    A list that is empty proves nothing.

    Raises:
        Unsuited: a name is on none of the server's lists.
    """
    names = {field: await _settled(member, payload[field], *NAMES[field]) for field in NAMES if field in payload}
    settings = payload.get("override_settings", {})
    await _settled(member, settings.get("sd_model_checkpoint"), "checkpoint", ("checkpoints",))
    for value in payload.get("styles", []):
        await _settled(member, value, "style", ("styles",))
    return payload | names


async def _settled(member: Member, value: Any, what: str, lists: Sequence[str]) -> Any:
    if not isinstance(value, str) or value.casefold() in _FREE:
        return value
    known = [one for name in lists for one in await member.named(name)]
    if not known or any(one.name == value for one in known):
        return value
    if what == "sampler" and _joined(known, await member.named("schedulers"), value):
        return value
    found = next((one for one in known if one.is_called(value) or stem(value) == stem(one.name)), None)
    if found is None:
        raise lacking(member.label, what, value, known)
    return found.name if what in ("sampler", "scheduler", "upscaler") else value


def lacking(server: str, what: str, value: str, known: Sequence[Named]) -> Unsuited:
    names = [one.name for one in known]
    close = difflib.get_close_matches(value, names, _SHOWN) or names[:_SHOWN]
    more = " and others" if len(names) > len(close) else ""
    return Unsuited(f"{server} has no {what} {value[:100]!r}. It has {', '.join(close)}{more}; choose one of them.")


def _joined(samplers: Sequence[Named], schedulers: Sequence[Named], value: str) -> bool:
    """A sampler's old name with its scheduler, "DPM++ 2M Karras", which newer servers still take apart."""
    return any(
        value.casefold().endswith(f" {scheduler.name.casefold()}")
        and any(one.is_called(value[: -len(scheduler.name) - 1]) for one in samplers)
        for scheduler in schedulers
    )
