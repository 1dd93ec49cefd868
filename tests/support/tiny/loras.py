"""LoRA files for tiny pipelines, in the formats that trainers write."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

ATTENTION = ("to_q", "to_k", "to_v", "to_out.0")
TEXT = ("q_proj", "k_proj", "v_proj", "out_proj", "fc1", "fc2")
RANK = 4
STRONG = 0.5  # deviation of its numbers: enough for another picture
# How kohya numbers the blocks of the tiny SDXL denoiser, as in the original code and not as in diffusers.
SDXL_BLOCKS = {
    "down_blocks_0_attentions_0": "input_blocks_1_1", "mid_block_attentions_0": "middle_block_1",
    "up_blocks_1_attentions_0": "output_blocks_2_1", "up_blocks_1_attentions_1": "output_blocks_3_1",
}  # fmt: skip


def layers(module: Any, ends: Iterable[str]) -> dict[str, Any]:
    """Linear layers and convolutions whose names end so, as they are called without a LoRA."""
    found = {}
    for name, layer in module.named_modules():
        plain = name.removesuffix(".base_layer")
        if hasattr(layer, "weight") and ".lora_" not in name and any(plain.endswith(end) for end in ends):
            found[plain] = getattr(layer, "base_layer", layer)
    return found


def pairs(module: Any, ends: Iterable[str], seed: int, rank: int = RANK) -> dict[str, tuple[Any, Any]]:
    """Layer -> down (rank, in, ...) and up (out, rank, ...)."""
    import torch

    drawn = torch.Generator().manual_seed(seed)
    found = {}
    for name, layer in layers(module, ends).items():
        out, *into = layer.weight.shape
        down = torch.randn(rank, *into, generator=drawn) * STRONG
        found[name] = (down, torch.randn(out, rank, *[1] * (len(into) - 1), generator=drawn) * STRONG)
    return found


def peft_tensors(component: str, drawn: Mapping[str, tuple[Any, Any]]) -> dict[str, Any]:
    """What diffusers' save_lora_weights() writes."""
    tensors = {}
    for name, (down, up) in drawn.items():
        tensors |= {f"{component}.{name}.lora_A.weight": down, f"{component}.{name}.lora_B.weight": up}
    return tensors


def kohya_tensors(prefix: str, drawn: Mapping[str, tuple[Any, Any]], alpha: float = 2.0) -> dict[str, Any]:
    """What kohya's sd-scripts write; `prefix` is lora_unet, lora_te, lora_te1 or lora_te2."""
    import torch

    inner = "text_model_" if prefix.startswith("lora_te") else ""
    tensors = {}
    for name, (down, up) in drawn.items():
        base = f"{prefix}_{inner}{name.removeprefix('text_model.').replace('.', '_')}"
        tensors |= {
            f"{base}.lora_down.weight": down,
            f"{base}.lora_up.weight": up,
            f"{base}.alpha": torch.tensor(alpha),
        }
    return tensors


def sdxl_names(tensors: Mapping[str, Any]) -> dict[str, Any]:
    """The denoiser's blocks by kohya's numbers."""
    named = {}
    for name, tensor in tensors.items():
        block = next((block for block in SDXL_BLOCKS if block in name), None)
        named[name.replace(block, SDXL_BLOCKS[block]) if block else name] = tensor
    return named


def flux_kohya_tensors(transformer: Any, seed: int, alpha: float = 2.0) -> dict[str, Any]:
    """Two of its fused layers: the queries, keys and values of the pictures, and the end of a single block."""
    import torch

    drawn = torch.Generator().manual_seed(seed)
    width = transformer.config["num_attention_heads"] * transformer.config["attention_head_dim"]
    shapes = {"double_blocks_0_img_attn_qkv": (width, 3 * width), "single_blocks_0_linear2": (5 * width, width)}
    tensors = {}
    for name, (into, out) in shapes.items():
        tensors[f"lora_unet_{name}.lora_down.weight"] = torch.randn(RANK, into, generator=drawn) * STRONG
        tensors[f"lora_unet_{name}.lora_up.weight"] = torch.randn(out, RANK, generator=drawn) * STRONG
        tensors[f"lora_unet_{name}.alpha"] = torch.tensor(alpha)
    return tensors


def denoiser_of(pipe: Any) -> tuple[str, Any]:
    name = "unet" if hasattr(pipe, "unet") else "transformer"
    return name, getattr(pipe, name)


def tiny_lora(file: Path, pipe: Any, seed: int = 1, metadata: Mapping[str, str] | None = None) -> Path:
    """A LoRA for the denoiser alone, in diffusers' format."""
    name, module = denoiser_of(pipe)
    return written(file, peft_tensors(name, pairs(module, ATTENTION, seed)), metadata)


def written(file: Path, tensors: Mapping[str, Any], metadata: Mapping[str, str] | None = None) -> Path:
    from safetensors.torch import save_file

    save_file({name: tensor.contiguous() for name, tensor in tensors.items()}, file, dict(metadata or {}))
    return file
