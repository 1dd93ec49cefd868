"""The language model that Qwen-Image reads a prompt with, a few channels wide."""

from typing import Any

from .parts import WIDTH
from .tokenizers import byte_letters

MARKS = ["<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|vision_start|>", "<|vision_end|>", "<|image_pad|>"]
SIZE = 256 + len(MARKS)


def qwen_tokenizer() -> Any:
    """Every byte a token of its own."""
    from transformers import Qwen2Tokenizer

    words = [*byte_letters(), *MARKS]
    return Qwen2Tokenizer(
        vocab={word: number for number, word in enumerate(words)}, merges=[], extra_special_tokens=MARKS[1:],
        model_max_length=2048,
    )  # fmt: skip


def qwen_encoder() -> Any:
    from transformers import Qwen2_5_VLConfig, Qwen2_5_VLForConditionalGeneration

    marks: dict[str, Any] = {
        "image_token_id": 261,
        "video_token_id": 260,
        "vision_start_token_id": 259,
        "vision_end_token_id": 260,
    }
    text = {
        "vocab_size": SIZE, "hidden_size": WIDTH, "intermediate_size": 48, "num_hidden_layers": 2,
        "num_attention_heads": 2, "num_key_value_heads": 1, "max_position_embeddings": 2048,
        "rope_parameters": {"rope_type": "default", "rope_theta": 10000.0, "mrope_section": [2, 3, 3]},
        "bos_token_id": 256, "eos_token_id": 258,
    }  # fmt: skip
    vision = {
        "depth": 1, "hidden_size": WIDTH, "intermediate_size": 48, "num_heads": 2, "out_hidden_size": WIDTH,
        "fullatt_block_indexes": [0],
    }  # fmt: skip
    return Qwen2_5_VLForConditionalGeneration(Qwen2_5_VLConfig(text_config=text, vision_config=vision, **marks))
