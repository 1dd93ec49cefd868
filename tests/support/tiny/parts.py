"""Tiny components: the real classes with widths of a few channels."""

from importlib import import_module
from typing import Any

from .tokenizers import CLIP_SIZE, T5_SIZE

WIDTH = 32  # of the text encoders


def diffusers() -> Any:
    """Imported when it is needed, and without its types, which leave most of it out."""
    return import_module("diffusers")


def clip_encoder(projection: bool = False, activation: str = "quick_gelu") -> Any:
    from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection

    config = CLIPTextConfig(
        vocab_size=CLIP_SIZE, hidden_size=WIDTH, intermediate_size=2 * WIDTH, num_hidden_layers=3,
        num_attention_heads=4, max_position_embeddings=77, projection_dim=WIDTH, hidden_act=activation,
        bos_token_id=CLIP_SIZE - 2, eos_token_id=CLIP_SIZE - 1, pad_token_id=CLIP_SIZE - 1,
    )  # fmt: skip
    return (CLIPTextModelWithProjection if projection else CLIPTextModel)(config)


def t5_encoder(width: int = WIDTH) -> Any:
    from transformers import T5Config, T5EncoderModel

    return T5EncoderModel(
        T5Config(
            vocab_size=T5_SIZE, d_model=width, d_kv=8, d_ff=48, num_layers=1, num_heads=4,
            feed_forward_proj="gated-gelu", is_encoder_decoder=False, use_cache=False,
        )
    )  # fmt: skip


def vae(scaling: float, channels: int = 4, shift: float | None = None) -> Any:
    """Eight pixels to one, as the real ones."""
    plain, widths = shift is None, (8, 16, 16, 16)
    return diffusers().AutoencoderKL(
        down_block_types=("DownEncoderBlock2D",) * len(widths), up_block_types=("UpDecoderBlock2D",) * len(widths),
        block_out_channels=widths, layers_per_block=1, latent_channels=channels, norm_num_groups=4, sample_size=64,
        scaling_factor=scaling, shift_factor=shift, use_quant_conv=plain, use_post_quant_conv=plain,
    )  # fmt: skip


def unet(text_width: int, **more: Any) -> Any:
    return diffusers().UNet2DConditionModel(
        sample_size=8, layers_per_block=1, block_out_channels=(32, 64), norm_num_groups=8,
        down_block_types=("CrossAttnDownBlock2D", "DownBlock2D"), up_block_types=("UpBlock2D", "CrossAttnUpBlock2D"),
        cross_attention_dim=text_width, attention_head_dim=4, **more,
    )  # fmt: skip


def flux_transformer(channels: int) -> Any:
    """`channels` of the packed latent: four times the VAE's."""
    return diffusers().FluxTransformer2DModel(
        patch_size=1, in_channels=channels, num_layers=1, num_single_layers=1, attention_head_dim=16,
        num_attention_heads=2, joint_attention_dim=WIDTH, pooled_projection_dim=WIDTH, axes_dims_rope=(4, 4, 8),
        guidance_embeds=True,
    )  # fmt: skip
