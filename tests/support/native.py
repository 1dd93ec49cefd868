"""Tensor names and shapes of real models in their makers' layouts, from ComfyUI's own classes on torch's meta device.

usage: python native.py COMFYUI OUT.json      (a process of its own: importing ComfyUI reads its command line)
"""

import json
import sys
from collections.abc import Iterator
from importlib import import_module
from typing import Any

LDM = "model.diffusion_model."


def models() -> Iterator[tuple[str, str, Any]]:
    """Shipped config, prefix, module."""
    import torch

    parts = "comfy.ldm.modules.diffusionmodules."
    unet_model, mmdit = part(f"{parts}openaimodel", "UNetModel"), part(f"{parts}mmdit", "MMDiT")
    wan, qwen = (
        part("comfy.ldm.wan.model", "WanModel"),
        part("comfy.ldm.qwen_image.model", "QwenImageTransformer2DModel"),
    )
    vae, engine = (part("comfy.ldm.models.autoencoder", name) for name in ("AutoencoderKL", "AutoencodingEngine"))
    operations = part("comfy.ops", "disable_weight_init")
    made: dict[str, Any] = {"dtype": torch.float32, "device": torch.device("meta"), "operations": operations}
    unet = made | {
        "image_size": 32, "in_channels": 4, "out_channels": 4, "model_channels": 320, "use_spatial_transformer": True,
        "legacy": False, "num_res_blocks": [2] * 4, "channel_mult": [1, 2, 4, 4],
        "transformer_depth": [1] * 6 + [0] * 2, "transformer_depth_output": [1] * 9 + [0] * 3,
        "transformer_depth_middle": 1,
    }  # fmt: skip
    linear = {"num_head_channels": 64, "num_heads": -1, "use_linear_in_transformer": True}
    sized = linear | {"num_classes": "sequential"}
    yield "sd15", LDM, unet_model(**unet, num_heads=8, context_dim=768)
    yield "sd21_base", LDM, unet_model(**unet, **linear, context_dim=1024)
    yield "sdxl", LDM, unet_model(**unet | sized | {
        "num_res_blocks": [2] * 3, "channel_mult": [1, 2, 4], "transformer_depth": [0, 0, 2, 2, 10, 10],
        "transformer_depth_output": [0] * 3 + [2] * 3 + [10] * 3, "transformer_depth_middle": 10, "context_dim": 2048,
        "adm_in_channels": 2816,
    })  # fmt: skip
    yield "sdxl_refiner", LDM, unet_model(**unet | sized | {
        "model_channels": 384, "transformer_depth": [0, 0, 4, 4, 4, 4, 0, 0],
        "transformer_depth_output": [0] * 3 + [4] * 6 + [0] * 3, "transformer_depth_middle": 4, "context_dim": 1280,
        "adm_in_channels": 2560,
    })  # fmt: skip
    yield "flux_dev", "", _flux(made, True)
    yield "flux_schnell", LDM, _flux(made, False)
    for name, depth, side, more in (
        ("sd3_medium", 24, 192, {}),
        ("sd35_large", 38, 192, {"qk_norm": "rms"}),
        ("sd35_medium", 24, 384, {"qk_norm": "rms", "x_block_self_attn_layers": list(range(13))}),
    ):
        texts = {"target": "torch.nn.Linear", "params": {"in_features": 4096, "out_features": 64 * depth}}
        yield name, LDM, mmdit(
            input_size=None, patch_size=2, in_channels=16, adm_in_channels=2048, context_embedder_config=texts,
            pos_embed_scaling_factor=None, depth=depth, pos_embed_max_size=side, num_patches=side * side, **more,
            **made,
        )  # fmt: skip
    for name, kind, dim, ffn, heads, layers, taken in (
        ("wan21_t2v_1_3b", "t2v", 1536, 8960, 12, 30, 16),
        ("wan21_t2v_14b", "t2v", 5120, 13824, 40, 40, 16),
        ("wan21_i2v_14b", "i2v", 5120, 13824, 40, 40, 36),
        ("wan22_ti2v_5b", "t2v", 3072, 14336, 24, 30, 48),
    ):
        yield name, "", wan(
            model_type=kind, dim=dim, ffn_dim=ffn, num_heads=heads, num_layers=layers, in_dim=taken,
            out_dim=48 if taken == 48 else 16, patch_size=(1, 2, 2), freq_dim=256, text_dim=4096, **made,
        )  # fmt: skip
    yield "qwen_image", LDM, qwen(
        patch_size=2, in_channels=64, out_channels=16, num_layers=60, attention_head_dim=128, num_attention_heads=24,
        joint_attention_dim=3584, axes_dims_rope=(16, 56, 56), **made,
    )  # fmt: skip
    sides = {
        "double_z": True, "resolution": 256, "in_channels": 3, "out_ch": 3, "ch": 128, "ch_mult": [1, 2, 4, 4],
        "num_res_blocks": 2, "attn_resolutions": [], "dropout": 0.0,
    }  # fmt: skip
    with torch.device("meta"):
        yield "vae4", "first_stage_model.", vae(ddconfig=sides | {"z_channels": 4}, embed_dim=4)
        yield (
            "vae16",
            "vae.",
            engine(
                regularizer_config={"target": "comfy.ldm.models.autoencoder.DiagonalGaussianRegularizer"},
                encoder_config={"target": f"{parts}model.Encoder", "params": sides | {"z_channels": 16}},
                decoder_config={"target": f"{parts}model.Decoder", "params": sides | {"z_channels": 16}},
            ),
        )


def _flux(made: dict[str, Any], guided: bool) -> Any:
    return part("comfy.ldm.flux.model", "Flux")(
        image_model="flux", in_channels=16, out_channels=16, vec_in_dim=768, context_in_dim=4096, hidden_size=3072,
        mlp_ratio=4.0, num_heads=24, depth=19, depth_single_blocks=38, axes_dim=[16, 56, 56], theta=10000,
        patch_size=2, qkv_bias=True, txt_ids_dims=[], guidance_embed=guided, **made,
    )  # fmt: skip


def part(module: str, name: str) -> Any:
    """By name: what ComfyUI's classes take differs between its versions, and their annotations are loose."""
    return getattr(import_module(module), name)


def main(comfyui: str, out: str) -> None:
    sys.path.insert(0, comfyui)
    sys.argv = ["main.py", "--cpu"]
    part("comfy.options", "enable_args_parsing")()
    found = {
        name: {prefix + key: list(tensor.shape) for key, tensor in module.state_dict().items()}
        for name, prefix, module in models()
    }
    with open(out, "w", encoding="utf-8") as file:
        json.dump(found, file)


if __name__ == "__main__":
    main(*sys.argv[1:])
