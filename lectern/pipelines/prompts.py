"""How much of a prompt the text encoders of a pipeline read."""

from collections.abc import Mapping
from inspect import Parameter
from typing import Any

SHOWN = 200  # letters of what was cut


def cut_of(pipe: Any, prompt: str, taken: Mapping[str, Parameter], arguments: Mapping[str, Any]) -> str:
    """The end of the prompt that no text encoder reads; empty when one reads all of it."""
    names = [name for name in pipe.components if name.startswith("tokenizer")]
    tokenizers = [one for name in names if (one := getattr(pipe, name, None)) is not None]
    cuts = [_cut(one, prompt, _limit(one, taken, arguments)) for one in tokenizers]
    return min(cuts, key=len, default="")


def note(cut: str) -> str:
    shown = cut if len(cut) <= SHOWN else cut[:SHOWN] + " ..."
    return f"The prompt is too long for this pipeline; this end of it was cut off: {shown}"


def _limit(tokenizer: Any, taken: Mapping[str, Parameter], arguments: Mapping[str, Any]) -> int:
    """Tokens. Pipelines with a longer text encoder beside CLIP say how many they read of it."""
    if "max_sequence_length" in taken and not type(tokenizer).__name__.startswith("CLIP"):
        return int(arguments.get("max_sequence_length") or taken["max_sequence_length"].default)
    return int(tokenizer.model_max_length)


def _cut(tokenizer: Any, prompt: str, limit: int) -> str:
    ids = tokenizer(prompt, truncation=False).input_ids
    # The last token that is read is the mark at the end.
    return tokenizer.decode(ids[limit - 1 :], skip_special_tokens=True).strip() if len(ids) > limit else ""
