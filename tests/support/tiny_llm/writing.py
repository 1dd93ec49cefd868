"""A causal language model with random weights."""

from pathlib import Path

import torch
from transformers import LlamaConfig, LlamaForCausalLM

from support.tiny_llm.words import TEMPLATE, byte_tokenizer


def writing(folder: Path, template: str | None = TEMPLATE, length: int = 2048, dtype: str = "float32") -> Path:
    tokenizer = byte_tokenizer(template=template, length=length)
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=length,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    with torch.random.fork_rng():
        torch.manual_seed(0)
        LlamaForCausalLM(config).to(getattr(torch, dtype)).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder
