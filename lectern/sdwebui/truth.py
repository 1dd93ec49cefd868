"""What the server did against what it was asked: these servers change much without a word."""

import re
from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any, NamedTuple

from ..infotext import parse_infotext
from .dialects import Dialect, Payload
from .dialects.small import LORA_TAG
from .lists import Named

_LATENT = 8  # pixels that one value of a latent stands for
_ENDLESS = 1e9  # pixels; keeps a scale such as 1e308 a number


class Size(NamedTuple):
    width: int
    height: int

    def __str__(self) -> str:
        return f"{self.width}x{self.height}"


class Outcome(NamedTuple):
    """What one answer shows of how it was made."""

    info: Mapping[str, Any]
    infotext: str
    sizes: Sequence[Size]
    seeds: Sequence[int]


def mismatches(server: str, sent: Payload, got: Outcome, samplers: Sequence[Named]) -> list[str]:
    """One sentence for each thing that the server changed.

    Args:
        server: how the server is named to people.
        sent: the request, in A1111's words.
        samplers: the server's; its aliases are no changes.
    """
    settings = parse_infotext(got.infotext).settings
    sampler, scheduler = got.info.get("sampler_name") or settings.get("Sampler"), settings.get("Schedule type")
    joined = _plain(sent.get("sampler_name", "")) == _plain(
        f"{sampler}{scheduler}"
    )  # an old name, which the server took apart
    found = [
        "" if joined else _changed("sampler", sent.get("sampler_name"), sampler, samplers),
        _changed("scheduler", sent.get("scheduler"), scheduler, ()),
        _checkpoint(sent.get("override_settings", {}).get("sd_model_checkpoint"), got.info.get("sd_model_name")),
        _size(sent, got.sizes),
        _seed(sent, got.seeds),
        _count(sent, len(got.sizes)),
    ]
    return [f"{server} {one}." for one in found if one]


def _changed(what: str, asked: Any, used: Any, known: Sequence[Named]) -> str:
    if not asked or not isinstance(used, str) or _plain(asked) in ("automatic", _plain(used)):
        return ""
    if any(one.is_called(asked) and one.is_called(used) for one in known):
        return ""
    return f"used the {what} {used!r} and not {asked!r}; choose one from its list"


def _plain(name: str) -> str:
    return re.sub(r"[\s_]+", "", name).casefold()


def _checkpoint(asked: Any, used: Any) -> str:
    if not isinstance(asked, str) or not isinstance(used, str) or not asked or not used:
        return ""
    if stem(asked) == stem(used):
        return ""
    return f"used the checkpoint {used!r} and not {asked!r}; look whether it is still there"


def stem(title: str) -> str:
    """ "folder/name.safetensors [hash]" -> "name"."""
    name = PurePosixPath(re.sub(r"\s*\[[0-9a-fA-F]+\]$", "", title).replace("\\", "/")).name
    return re.sub(r"\.(safetensors|ckpt|gguf|pt|sft)$", "", name).casefold()


def asked_size(sent: Mapping[str, Any]) -> Size | None:
    """Of the finished picture: with a second pass, that one's. None where it is left to the server."""
    width, height = sent.get("width"), sent.get("height")
    if width is None or height is None:
        return None
    if not sent.get("enable_hr"):
        return Size(width, height)
    wide, high = sent.get("hr_resize_x", 0), sent.get("hr_resize_y", 0)
    if wide or high:
        return Size(wide or _rounded(width * high / height), high or _rounded(height * wide / width))
    scale = sent.get("hr_scale", 2.0)
    return Size(_rounded(width * scale), _rounded(height * scale))


def _rounded(side: float) -> int:
    """As the servers round what nobody asked for in pixels: down to a latent's."""
    return int(min(side, _ENDLESS)) // _LATENT * _LATENT


def _size(sent: Payload, sizes: Sequence[Size]) -> str:
    asked = asked_size(sent)
    other = next((one for one in sizes if one != asked), None)
    return f"made a picture of {other} pixels and not of {asked}" if asked and other else ""


def _seed(sent: Payload, seeds: Sequence[int]) -> str:
    if not seeds or seeds[0] == sent.get("seed"):
        return ""
    return f"used the seed {seeds[0]} and not {sent.get('seed')}"


def _count(sent: Payload, count: int) -> str:
    asked = sent.get("batch_size", 1) * sent.get("n_iter", 1)
    if count >= asked:
        return ""
    return f"made {count} of {asked} pictures; perhaps somebody stopped it there"


def ignored(server: str, dialect: Dialect, names: Sequence[str]) -> list[str]:
    if not names:
        return []
    return [f"{server} is {dialect.label}, which does not heed: {', '.join(names)}."]


def unknown_loras(server: str, prompt: str, loras: Sequence[Named]) -> list[str]:
    """A tag that names no LoRA of the server does nothing there; it does not even fail."""
    names = dict.fromkeys(tag[1] for tag in LORA_TAG.finditer(prompt))
    missing = [name for name in names if not any(one.is_called(name) for one in loras)]
    return [f"{server} has no LoRA {name!r}; its tag did nothing." for name in missing]
