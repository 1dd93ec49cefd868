"""How each kind of server is asked to free the memory that a model takes.

Sources: docs.ollama.com/api/generate, lmstudio.ai/docs/developer/rest (unload), llama.cpp's tools/server/README.md
(router mode). Others have no such request; vLLM and `transformers serve` free memory by settings of their own.
"""

import logging
from typing import Any

from .member import Member

log = logging.getLogger(__name__)

_PATIENCE = 30.0  # seconds


async def unload(member: Member, model: str) -> None:
    """Raises ChatError, SettingsError."""
    kind, root = await member.kind(), member.connection.root
    if kind == "ollama":
        await _post(member, f"{root}/api/generate", {"model": model, "keep_alive": 0})
    elif kind == "lmstudio":
        for instance in await _instances(member, model):
            await _post(member, f"{root}/api/v1/models/unload", {"instance_id": instance})
    elif kind == "llamacpp":
        await _post(member, f"{root}/models/unload", {"model": model})
    else:
        log.debug("Servers of kind %s are not asked to unload models.", kind)


async def _post(member: Member, url: str, body: dict[str, Any]) -> None:
    told = await member.connection.ask("POST", url, body, _PATIENCE)
    log.debug("Asked to unload a model, the server answered %d.", told.status)


async def _instances(member: Member, model: str) -> list[str]:
    """LM Studio may hold a model several times; every one has a name of its own."""
    listed = (await member.connection.ask("GET", f"{member.connection.root}/api/v1/models")).json
    models = listed.get("models") if isinstance(listed, dict) else None
    found: list[str] = []
    for one in models if isinstance(models, list) else ():
        ids = _ids(one)
        found += ids if isinstance(one, dict) and one.get("key") == model else [name for name in ids if name == model]
    return found


def _ids(model: Any) -> list[str]:
    loaded = model.get("loaded_instances") if isinstance(model, dict) else None
    ids = [one.get("id") for one in loaded if isinstance(one, dict)] if isinstance(loaded, list) else []
    return [one for one in ids if isinstance(one, str)]
