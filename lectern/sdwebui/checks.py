"""Whether a server still has what a request names: most servers would take something else and say nothing."""

import difflib
from collections.abc import Mapping, Sequence

from .dialects import Payload
from .errors import Refused
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


async def check_names(member: Member, payload: Payload) -> None:
    """Raises Refused for a name that is on none of the server's lists; a list that is empty proves nothing."""
    settings = payload.get("override_settings", {})
    wanted = [(payload.get(field), *NAMES[field]) for field in NAMES]
    wanted.append((settings.get("sd_model_checkpoint"), "checkpoint", ("checkpoints",)))
    wanted += [(style, "style", ("styles",)) for style in payload.get("styles", [])]
    for value, what, lists in wanted:
        if isinstance(value, str) and value.casefold() not in _FREE:
            known = [one for name in lists for one in await member.named(name)]
            schedulers = await member.named("schedulers") if what == "sampler" else ()
            if known and not _has(known, value) and not _joined(known, schedulers, value):
                raise lacking(member.label, what, value, known)


def lacking(server: str, what: str, value: str, known: Sequence[Named]) -> Refused:
    names = [one.name for one in known]
    close = difflib.get_close_matches(value, names, _SHOWN) or names[:_SHOWN]
    more = " and others" if len(names) > len(close) else ""
    return Refused(f"{server} has no {what} {value[:100]!r}. It has {', '.join(close)}{more}; choose one of them.")


def _has(known: Sequence[Named], value: str) -> bool:
    return any(one.is_called(value) or stem(value) == stem(one.name) for one in known)


def _joined(samplers: Sequence[Named], schedulers: Sequence[Named], value: str) -> bool:
    """A sampler's old name with its scheduler, "DPM++ 2M Karras", which newer servers still take apart."""
    return any(
        value.casefold().endswith(f" {scheduler.name.casefold()}")
        and any(one.is_called(value[: -len(scheduler.name) - 1]) for one in samplers)
        for scheduler in schedulers
    )
