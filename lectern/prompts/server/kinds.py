"""Which kind of server it is, for what only that kind can do. Asked when it is needed, by routes of its own."""

import asyncio
from collections.abc import Mapping
from typing import Any, Literal

from ..errors import ChatError
from .connection import Connection, Told
from .sampling import Thinking

Kind = Literal["openai", "ollama", "llamacpp", "lmstudio", "vllm", "transformers", "koboldcpp", "unknown"]

_PUBLIC = ("api.openai.com", "openrouter.ai", "api.groq.com", "api.deepseek.com")
_PROBES = ("/api/extra/version", "/api/version", "/api/v1/models", "/api/v0/models", "/props", "/version")


def is_public(host: str) -> bool:
    return any(host == one or host.endswith(f".{one}") for one in _PUBLIC)


async def recognise(connection: Connection) -> Kind | None:
    """By an answer that only this kind gives; None when the server cannot be asked just now."""
    if is_public(connection.host):
        return "openai"
    told = await asyncio.gather(*(_probe(connection, path) for path in _PROBES))
    if all(one is None for one in told):
        return None
    return _told_apart([one.json if one else None for one in told])


async def _probe(connection: Connection, path: str) -> Told | None:
    try:
        return await connection.ask("GET", connection.root + path)
    except ChatError:
        return None


def _told_apart(answers: list[Any]) -> Kind:
    """Servers answer each other's routes, and LM Studio any route, so the content counts."""
    koboldcpp, ollama, lmstudio, lmstudio_0, llamacpp, vllm = (
        one if isinstance(one, Mapping) else {} for one in answers
    )
    if "result" in koboldcpp:  # answers Ollama's routes, too, but writes where Ollama would unload
        return "koboldcpp"
    if isinstance(ollama.get("version"), str):
        return "ollama"
    if isinstance(lmstudio.get("models"), list) or isinstance(lmstudio_0.get("data"), list):
        return "lmstudio"
    if llamacpp.keys() & {"default_generation_settings", "modalities", "chat_template", "role"}:
        return "llamacpp"
    return "vllm" if isinstance(vllm.get("version"), str) else "unknown"


def thinking_fields(kind: Kind, host: str, thinking: Thinking) -> dict[str, Any]:
    """How a server is told whether the model thinks before it answers.

    Sources: docs.ollama.com/api/openai-compatibility and LM Studio's chat completions (reasoning_effort), llama.cpp's
    tools/server/README.md, docs.vllm.ai "Reasoning Outputs" and `transformers serve` (chat_template_kwargs, of which
    templates name the switch either way), openrouter.ai/docs "Reasoning Tokens", api-docs.deepseek.com "Thinking Mode".
    """
    if thinking == "server's choice":
        return {}
    on = thinking == "on"
    if host.endswith("openrouter.ai"):
        return {"reasoning": {"enabled": on}}
    if host.endswith("api.deepseek.com"):
        return {"thinking": {"type": "enabled" if on else "disabled"}}
    if kind in ("openai", "ollama", "lmstudio"):
        return {"reasoning_effort": "medium" if on else "none"}
    if kind == "vllm":
        return {"chat_template_kwargs": {"enable_thinking": on, "thinking": on}}
    return {"chat_template_kwargs": {"enable_thinking": on}}
