"""What the shapes of a denoiser's tensors say about its config: numbers of layers, widths, channels.

So a pruned or distilled variant loads too, and a base pipeline may have another size of the same family. What shapes
do not tell (rotary axes, patches, head widths of Wan and SD3) comes from the config that is at hand.
"""

from collections.abc import Mapping
from math import isqrt, prod
from typing import Any

from .families import FLUX, QWEN, REFINER, SD1, SD2, SD3, SDXL, WAN, Found, Shapes, text_width

Config = Mapping[str, Any]


def facts(found: Found, shapes: Shapes, config: Config) -> dict[str, Any]:
    """What to change in `config`, which is one of the same family. A UNet's config is taken as it is."""
    readers = {FLUX.key: _flux, SD3.key: _sd3, QWEN.key: _qwen, WAN.key: _wan}
    read = readers.get(found.family.key)
    return read(shapes, config, found.original) if read else {}


def channels(found: Found, shapes: Shapes) -> int:
    """Channels of the latent, packed or with what is appended to it, as the denoiser takes them."""
    names = {
        FLUX.key: ("img_in.weight", "x_embedder.weight"), QWEN.key: ("img_in.weight", "img_in.weight"),
        SD3.key: ("x_embedder.proj.weight", "pos_embed.proj.weight"),
        WAN.key: ("patch_embedding.weight", "patch_embedding.weight"),
    }.get(found.family.key, ("input_blocks.0.0.weight", "conv_in.weight"))  # fmt: skip
    return shapes[names[0] if found.original else names[1]][1]


def shipped_config(found: Found, shapes: Shapes, predicts_v: bool = False) -> str:
    """Name of the folder below configs/ whose model is nearest."""
    family = found.family
    if family is FLUX:
        return "flux_dev" if _guided(shapes) else "flux_schnell"
    if family is SD3:
        return "sd35_medium" if _dual(shapes) else "sd35_large" if _count(shapes, _blocks(found)) > 24 else "sd3_medium"
    if family is WAN:
        width = shapes["patch_embedding.weight"][0]
        special = {48: "wan22_ti2v_5b", 36: "wan21_i2v_14b"}.get(channels(found, shapes))
        return special or ("wan21_t2v_1_3b" if width <= 1536 else "wan21_t2v_14b")
    if family is SD2:
        return "sd21" if predicts_v else "sd21_base"
    return {SD1.key: "sd15", SDXL.key: "sdxl", REFINER.key: "sdxl_refiner", QWEN.key: "qwen_image"}[family.key]


def mismatch(found: Found, shapes: Shapes, config: Config) -> str:
    """Why `config`, a base's, is for another kind of denoiser of the same family; empty when it is not."""
    own, theirs = channels(found, shapes), config.get("in_channels")
    if theirs is not None and own != theirs:
        return f"it takes {own} channels and the base's denoiser {theirs}"
    width, expected = text_width(shapes), config.get("cross_attention_dim")
    if found.family.denoiser == "unet" and isinstance(expected, int) and width != expected:
        return f"it takes texts {width} wide and the base's denoiser {expected}"
    return ""


def _flux(shapes: Shapes, config: Config, original: bool) -> dict[str, Any]:
    image = shapes["img_in.weight" if original else "x_embedder.weight"]
    norm = "double_blocks.0.img_attn.norm.key_norm." if original else "transformer_blocks.0.attn.norm_k."
    pooled = "vector_in.in_layer.weight" if original else "time_text_embed.text_embedder.linear_1.weight"
    head = next(shape for name, shape in shapes.items() if name.startswith(norm))[0]
    return {
        "num_layers": _count(shapes, "double_blocks." if original else "transformer_blocks."),
        "num_single_layers": _count(shapes, "single_blocks." if original else "single_transformer_blocks."),
        "attention_head_dim": head,
        "num_attention_heads": image[0] // head,
        "in_channels": image[1],
        "joint_attention_dim": shapes["txt_in.weight" if original else "context_embedder.weight"][1],
        "pooled_projection_dim": shapes[pooled][1],
        "guidance_embeds": _guided(shapes),
    }


def _sd3(shapes: Shapes, config: Config, original: bool) -> dict[str, Any]:
    patches = shapes["x_embedder.proj.weight" if original else "pos_embed.proj.weight"]
    context = shapes["context_embedder.weight"]
    blocks = "joint_blocks." if original else "transformer_blocks."
    normed = f"{blocks}0.x_block.attn.ln_q.weight" if original else f"{blocks}0.attn.norm_q.weight"
    pooled = "y_embedder.mlp.0.weight" if original else "time_text_embed.text_embedder.linear_1.weight"
    return {
        "num_layers": _count(shapes, blocks),
        "num_attention_heads": patches[0] // config["attention_head_dim"],
        "in_channels": patches[1],
        "joint_attention_dim": context[1],
        "caption_projection_dim": context[0],
        "pooled_projection_dim": shapes[pooled][1],
        "pos_embed_max_size": isqrt(shapes["pos_embed" if original else "pos_embed.pos_embed"][1]),
        "dual_attention_layers": _dual(shapes),
        "qk_norm": "rms_norm" if normed in shapes else None,
    }


def _qwen(shapes: Shapes, config: Config, original: bool) -> dict[str, Any]:
    head, (width, taken) = shapes["transformer_blocks.0.attn.norm_q.weight"][0], shapes["img_in.weight"]
    return {
        "num_layers": _count(shapes, "transformer_blocks."),
        "attention_head_dim": head,
        "num_attention_heads": width // head,
        "in_channels": taken,
        "joint_attention_dim": shapes["txt_in.weight"][1],
    }


def _wan(shapes: Shapes, config: Config, original: bool) -> dict[str, Any]:
    width, taken = shapes["patch_embedding.weight"][:2]
    inside = "" if original else "condition_embedder."
    text, time, image, ffn, last = (
        ("text_embedding.0", "time_embedding.0", "img_emb.proj.0", "ffn.0", "head.head")
        if original
        else ("text_embedder.linear_1", "time_embedder.linear_1", "image_embedder.norm1", "ffn.net.0.proj", "proj_out")
    )
    seen = shapes.get(f"{inside}{image}.weight")
    return {
        "num_layers": _count(shapes, "blocks."),
        "num_attention_heads": width // config["attention_head_dim"],
        "in_channels": taken,
        "out_channels": shapes[f"{last}.weight"][0] // prod(config["patch_size"]),
        "text_dim": shapes[f"{inside}{text}.weight"][1],
        "freq_dim": shapes[f"{inside}{time}.weight"][1],
        "ffn_dim": shapes[f"blocks.0.{ffn}.weight"][0],
        "image_dim": seen[0] if seen else None,
        "added_kv_proj_dim": width if seen else None,
    }


def _count(shapes: Shapes, blocks: str) -> int:
    return len({name[len(blocks) :].split(".", 1)[0] for name in shapes if name.startswith(blocks)})


def _blocks(found: Found) -> str:
    return "joint_blocks." if found.original else "transformer_blocks."


def _guided(shapes: Shapes) -> bool:
    return any(name.startswith(("guidance_in.", "time_text_embed.guidance_embedder.")) for name in shapes)


def _dual(shapes: Shapes) -> list[int]:
    """Layers of SD3.5 with a second attention."""
    ends = (".x_block.attn2.qkv.weight", ".attn2.to_q.weight")
    return sorted(int(name.split(".")[1]) for name in shapes if name.endswith(ends))
