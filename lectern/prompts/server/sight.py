"""Whether a model sees the pictures that it is shown: as its entry says, as its server says, or as its answers show.

`transformers serve` drops pictures without a word where the model reads text alone; so do others.
"""

import logging
import time
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import quote

from ...errors import LecternError
from ..errors import Blind
from .member import Member, is_fresh

log = logging.getLogger(__name__)

_SILENT = ("unknown", "transformers")  # kinds of servers that may drop pictures


def blind(label: str) -> Blind:
    return Blind(
        f"{label} does not read pictures. Choose a model that does; if this one should, set vision in its entry of"
        " lectern.toml."
    )


def is_blind(member: Member, model: str) -> bool:
    """As far as it is known without asking."""
    if member.entry.vision != "auto":
        return member.entry.vision == "no"
    if model in member.seen_sight:
        return not member.seen_sight[model]
    when, sees = member.told_sight.get(model, (0.0, None))
    return sees is False and is_fresh(when)


async def look(member: Member, model: str) -> None:
    """Asks the server. Raises Blind when it says that the model reads no pictures; LecternError."""
    when, sees = member.told_sight.get(model, (0.0, None))
    if member.entry.vision == "auto" and model not in member.seen_sight and not (when and is_fresh(when)):
        sees = await _ask(member, model)
        member.told_sight[model] = (time.monotonic(), sees)
    if is_blind(member, model):
        raise blind(member.label)


async def measure(member: Member, model: str, shown: int, count: Callable[[], Awaitable[int]]) -> None:
    """After an answer to a question with pictures: whether they made the question any longer.

    Args:
        shown: tokens of the question, pictures and all; -1 when the server does not count.
        count: asks the same without pictures and gives its tokens.

    Raises:
        Blind: they did not.
    """
    if member.entry.vision != "auto" or model in member.seen_sight or shown < 0:
        return
    try:
        bare = await count() if await member.kind() in _SILENT else -1
    except LecternError as error:
        log.debug("Whether a chat model sees was not found out: %s.", type(error).__name__)
        return
    if bare >= 0:
        member.seen_sight[model] = bare != shown
    if bare == shown:
        raise blind(member.label)


async def _ask(member: Member, model: str) -> bool | None:
    kind = await member.kind()
    if kind == "ollama":
        return await _ollama(member, model)
    if kind == "lmstudio":
        return await _lmstudio(member, model)
    if kind == "llamacpp":
        return await _llamacpp(member, model)
    if kind == "koboldcpp":
        return await _koboldcpp(member)
    return None


async def _ollama(member: Member, model: str) -> bool | None:
    told = await member.connection.ask("POST", f"{member.connection.root}/api/show", {"model": model})
    capabilities = _get(told.json, "capabilities")
    return "vision" in capabilities if isinstance(capabilities, list) else None


async def _lmstudio(member: Member, model: str) -> bool | None:
    connection = member.connection
    models = _get((await connection.ask("GET", f"{connection.root}/api/v1/models")).json, "models")
    for one in models if isinstance(models, list) else ():
        if _get(one, "key") == model:
            sees = _get(_get(one, "capabilities"), "vision")
            return sees if isinstance(sees, bool) else None
    models = _get((await connection.ask("GET", f"{connection.root}/api/v0/models")).json, "data")
    for one in models if isinstance(models, list) else ():
        if _get(one, "id") == model:
            return _get(one, "type") == "vlm"
    return None


async def _llamacpp(member: Member, model: str) -> bool | None:
    # A router is asked about one of its models, and must not load it for that.
    query = f"model={quote(model, safe='')}&autoload=false"
    told = await member.connection.ask("GET", f"{member.connection.root}/props?{query}")
    sees = _get(_get(told.json, "modalities"), "vision")
    return sees if isinstance(sees, bool) else None


async def _koboldcpp(member: Member) -> bool | None:
    told = await member.connection.ask("GET", f"{member.connection.root}/api/extra/version")
    sees = _get(told.json, "vision")
    return sees if isinstance(sees, bool) else None


def _get(content: Any, key: str) -> Any:
    return content.get(key) if isinstance(content, dict) else None
