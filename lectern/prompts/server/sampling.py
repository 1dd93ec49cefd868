"""How a model behind a server writes, and what further request fields a person may set. Values alone."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any, Literal

from ..errors import FieldsError

Thinking = Literal["server's choice", "off", "on"]

OWNED = frozenset(
    (
        "messages", "model", "stream", "stream_options", "response_format", "n", "tools", "tool_choice", "functions",
        "function_call", "modalities", "audio",
    )
)  # fmt: skip


@dataclass(frozen=True)
class Sampling:
    model: str = ""  # empty: the entry's
    temperature: float = -1.0  # -1: the server's choice
    top_p: float = 1.0  # 1: not sent
    max_tokens: int = 0  # 0: the server's choice
    seed: int = 0  # added to every question's
    thinking: Thinking = "server's choice"
    unload: bool = False  # whether the server is asked to free the model's memory after use
    fields: Mapping[str, Any] = field(default_factory=dict, hash=False)  # further ones, as `checked_fields` gave them


def checked_fields(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Further request fields, none of them one that Lectern sets itself. Raises FieldsError."""
    owned = [name for name in fields if name in OWNED]
    if owned:
        raise FieldsError(
            f"The further fields hold {', '.join(owned)}, which Lectern sets itself. Take out"
            f" {'it' if len(owned) == 1 else 'them'} and use the node's own inputs."
        )
    return dict(fields)


def folded(seed: int) -> int:
    """To 31 bits: some servers take signed 32 bit numbers alone. Small seeds stay as they are."""
    if 0 <= seed < 2**31:
        return seed
    return int.from_bytes(blake2b(str(seed).encode(), digest_size=4).digest()) & 0x7FFF_FFFF
