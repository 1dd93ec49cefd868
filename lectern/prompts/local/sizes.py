"""How much memory an answer takes beside the weights, near enough, and how much text fits into a model."""

from typing import Any

from .model import Model

CHARACTERS = 3  # of a token, in languages with letters
WIDEST = 30_000  # characters of a document: more takes long to read on most machines
INSTRUCTED = 800  # tokens of everything else that a model is told


def room(model: Model, answer: int) -> int:
    """Characters of a document beside an answer of so many tokens."""
    return room_of(model.context, answer)


def room_of(context: int, answer: int) -> int:
    left = context - min(answer, context // 2) - INSTRUCTED
    return min(WIDEST, max(left, context // 4) * CHARACTERS)


def working(model: Model, prompt: int, answer: int, pictures: int) -> int:
    """Bytes for a prompt and an answer of so many tokens; `pictures`: values of all of them."""
    config = model.module.config.get_text_config()
    wide = 4 if model.precision == "fp32" else 2
    hidden, inner = _number(config, "hidden_size", 4096), _number(config, "intermediate_size", 4 * 4096)
    heads = _number(config, "num_attention_heads", 32)
    layers, shown = _number(config, "num_hidden_layers", 32), _number(config, "num_key_value_heads", heads)
    width = _number(config, "head_dim", max(1, hidden // max(1, heads)))
    keys = 2 * shown * width * wide * (prompt + answer)  # of one layer; one more while it grows
    states = prompt * (8 * hidden + 3 * inner) * wide
    scores = prompt * prompt * heads * 4 if config._attn_implementation == "eager" else 0
    logits = 12 * 4 * _number(config, "vocab_size", 150_000)  # fp32 copies of one row, sorted and with noise
    return keys * (layers + 1) + states + scores + logits + 16 * pictures * wide


def _number(config: Any, name: str, usual: int) -> int:
    value = getattr(config, name, None)
    value = max(value, default=usual) if isinstance(value, list) else value  # some differ by layer
    return value if isinstance(value, int) else usual
