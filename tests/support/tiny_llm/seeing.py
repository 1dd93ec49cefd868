"""Vision-language models with random weights, of families that place pictures in different ways."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from transformers import (
    CLIPImageProcessor,
    CLIPVisionConfig,
    Idefics3Config,
    Idefics3ForConditionalGeneration,
    Idefics3ImageProcessor,
    Idefics3Processor,
    LlamaConfig,
    LlavaConfig,
    LlavaForConditionalGeneration,
    LlavaProcessor,
    Qwen2VLConfig,
    Qwen2VLForConditionalGeneration,
    Qwen2VLImageProcessor,
    Qwen2VLProcessor,
    Qwen2VLVideoProcessor,
)

from support.tiny_llm.words import TEMPLATE, byte_tokenizer

SIDE, PATCH = 28, 14  # pixels


def seeing(folder: Path, family: str = "llava") -> Path:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model, processor = FAMILIES[family]()
    model.save_pretrained(folder)
    processor.save_pretrained(folder)
    return folder


def llava() -> tuple[Any, Any]:
    """A picture becomes four tokens, whatever its size."""
    tokenizer = byte_tokenizer(controls=["<image>"])
    vision = CLIPVisionConfig(**_layers(), image_size=SIDE, patch_size=PATCH, projection_dim=32)
    config = LlavaConfig(
        vision_config=vision,
        text_config=LlamaConfig(**_words(tokenizer)),
        image_token_index=tokenizer.convert_tokens_to_ids("<image>"),
    )
    model: Any = LlavaForConditionalGeneration(config)
    with torch.no_grad():
        model.model.multi_modal_projector.linear_2.weight.mul_(50)  # so that a picture tells
    processor = LlavaProcessor(
        CLIPImageProcessor(size={"shortest_edge": SIDE}, crop_size={"height": SIDE, "width": SIDE}),
        tokenizer, patch_size=PATCH, vision_feature_select_strategy="default", chat_template=TEMPLATE,
        image_token="<image>", num_additional_image_tokens=1,
    )  # fmt: skip
    return model, processor


def qwen2_vl() -> tuple[Any, Any]:
    """As many tokens as a picture is large, and places in three dimensions."""
    names = ["<|vision_start|>", "<|vision_end|>", "<|image_pad|>", "<|video_pad|>"]
    tokenizer = byte_tokenizer(controls=names)
    start, end, image, video = tokenizer.convert_tokens_to_ids(names)
    rope = {"rope_type": "default", "mrope_section": [1, 1, 2], "rope_theta": 10_000.0}
    config = Qwen2VLConfig(
        text_config={**_words(tokenizer), "rope_parameters": rope},
        vision_config={"depth": 2, "embed_dim": 32, "hidden_size": 32, "num_heads": 2, "patch_size": PATCH},
        image_token_id=image, video_token_id=video, vision_start_token_id=start, vision_end_token_id=end,
    )  # fmt: skip
    template = TEMPLATE.replace("'<image>'", "'<|vision_start|><|image_pad|><|vision_end|>'")
    pictures = Qwen2VLImageProcessor(min_pixels=4 * SIDE**2, max_pixels=16 * SIDE**2)
    processor = Qwen2VLProcessor(pictures, tokenizer, Qwen2VLVideoProcessor(), chat_template=template)
    return Qwen2VLForConditionalGeneration(config), processor


def idefics3() -> tuple[Any, Any]:
    """As SmolVLM: a picture is cut into rows and columns, and shown as a whole."""
    cells = [f"<row_{row}_col_{column}>" for row in range(1, 4) for column in range(1, 4)]
    names = ["<image>", "<fake_token_around_image>", "<global-img>", "<end_of_utterance>", *cells]
    tokenizer = byte_tokenizer(controls=names)
    config = Idefics3Config(
        text_config={**_words(tokenizer), "model_type": "llama"},
        vision_config={**_layers(), "image_size": 32, "patch_size": 8},
        image_token_id=tokenizer.convert_tokens_to_ids("<image>"), scale_factor=2,
    )  # fmt: skip
    pictures = Idefics3ImageProcessor(size={"longest_edge": 64}, max_image_size={"longest_edge": 32})
    processor = Idefics3Processor(pictures, tokenizer, image_seq_len=4, chat_template=TEMPLATE)
    return Idefics3ForConditionalGeneration(config), processor


def _layers() -> dict[str, Any]:
    return {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 2}


def _words(tokenizer: Any) -> dict[str, Any]:
    return _layers() | {
        "vocab_size": len(tokenizer),
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "max_position_embeddings": 2048,
        "bos_token_id": tokenizer.bos_token_id,
        "eos_token_id": tokenizer.eos_token_id,
        "pad_token_id": tokenizer.pad_token_id,
    }


FAMILIES: dict[str, Callable[[], tuple[Any, Any]]] = {"llava": llava, "qwen2_vl": qwen2_vl, "idefics3": idefics3}
