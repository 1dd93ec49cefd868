"""A causal language model that writes a known text.

Each token is a direction of its own, no layer changes it, and the head answers a token with the one that follows in the
script: so no token may stand twice in one. Or it answers with odds, from which the next is drawn.
"""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import torch
from transformers import LlamaConfig, LlamaForCausalLM

from support.tiny_llm.words import TEMPLATE, byte_tokenizer

START = "<|assistant|>"  # what the template ends with
SURE = 20.0  # a difference of logits after which nothing else comes


def scripted(
    folder: Path, script: Sequence[str], template: str = TEMPLATE, start: str = START, words: Sequence[str] = ()
) -> Path:
    """`script`: words and characters in the order in which they are written; then the answer ends."""
    tokenizer = byte_tokenizer([*words, *(word for word in script if len(word) > 1)], template)
    tokens = [token for word in script for token in tokenizer.encode(word, add_special_tokens=False)]
    order = [*tokenizer.encode(start, add_special_tokens=False)[-1:], *tokens, tokenizer.eos_token_id]
    assert len(set(order)) == len(order), "a token stands twice in the script"
    odds = {before: {after: SURE} for before, after in pairwise(order)}
    return _saved(folder, tokenizer, odds)


def gambling(folder: Path, odds: Mapping[str, float]) -> Path:
    """Writes characters for ever, each one drawn with the same logits."""
    tokenizer = byte_tokenizer()
    row = {tokenizer.encode(letter, add_special_tokens=False)[0]: value for letter, value in odds.items()}
    start = tokenizer.encode(START, add_special_tokens=False)[0]
    return _saved(folder, tokenizer, dict.fromkeys([start, *row], row))


def _saved(folder: Path, tokenizer: Any, odds: Mapping[int, Mapping[int, float]]) -> Path:
    size = len(tokenizer)
    width = size + size % 2  # rotary embeddings want an even one
    config = LlamaConfig(
        vocab_size=size, hidden_size=width, intermediate_size=8, num_hidden_layers=1, num_attention_heads=1,
        max_position_embeddings=4096, eos_token_id=tokenizer.eos_token_id, pad_token_id=tokenizer.pad_token_id,
        tie_word_embeddings=False,
    )  # fmt: skip
    model: Any = LlamaForCausalLM(config)
    with torch.no_grad():
        for one in (model.model.layers[0].self_attn.o_proj, model.model.layers[0].mlp.down_proj, model.lm_head):
            one.weight.zero_()
        model.get_input_embeddings().weight.copy_(torch.eye(size, width))
        for before, row in odds.items():
            model.lm_head.weight[:, before] = -2 * SURE / width**0.5  # the norm makes a direction that long
            for after, value in row.items():
                model.lm_head.weight[after, before] = value / width**0.5
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder
