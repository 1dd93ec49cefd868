"""Further pipelines for pictures: Stable Diffusion 2.1 (v-prediction), Stable Diffusion 3, Qwen-Image."""

from typing import Any

from .parts import WIDTH, clip_encoder, diffusers, t5_encoder, unet, vae
from .qwen import qwen_encoder, qwen_tokenizer
from .tokenizers import clip_tokenizer, t5_tokenizer

BETAS = {"beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear", "steps_offset": 1}


def sd21() -> Any:
    """Predicts a velocity, as the model for 768 pixels does."""
    return diffusers().StableDiffusionPipeline(
        vae=vae(0.18215),
        text_encoder=clip_encoder(activation="gelu"),
        tokenizer=clip_tokenizer(padding="!"),
        unet=unet(WIDTH, use_linear_projection=True),
        scheduler=diffusers().DDIMScheduler(
            clip_sample=False, set_alpha_to_one=False, prediction_type="v_prediction", **BETAS
        ),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )


def sd3() -> Any:
    return diffusers().StableDiffusion3Pipeline(
        transformer=sd3_transformer(),
        scheduler=diffusers().FlowMatchEulerDiscreteScheduler(shift=3.0),
        vae=vae(1.5305, channels=16, shift=0.0609),
        text_encoder=clip_encoder(projection=True),
        tokenizer=clip_tokenizer(),
        text_encoder_2=clip_encoder(projection=True, activation="gelu"),
        tokenizer_2=clip_tokenizer(padding="!"),
        text_encoder_3=t5_encoder(2 * WIDTH),
        tokenizer_3=t5_tokenizer(),
    )


def sd3_transformer() -> Any:
    """The text's width is that of both CLIP encoders side by side."""
    return diffusers().SD3Transformer2DModel(
        sample_size=8, patch_size=2, in_channels=16, num_layers=2, attention_head_dim=8, num_attention_heads=4,
        joint_attention_dim=2 * WIDTH, caption_projection_dim=32, pooled_projection_dim=2 * WIDTH, out_channels=16,
        pos_embed_max_size=24,
    )  # fmt: skip


def qwen() -> Any:
    return diffusers().QwenImagePipeline(
        transformer=qwen_transformer(),
        scheduler=diffusers().FlowMatchEulerDiscreteScheduler(use_dynamic_shifting=True),
        vae=qwen_vae(),
        text_encoder=qwen_encoder(),
        tokenizer=qwen_tokenizer(),
    )


def qwen_transformer() -> Any:
    return diffusers().QwenImageTransformer2DModel(
        patch_size=2, in_channels=64, out_channels=16, num_layers=2, attention_head_dim=16, num_attention_heads=2,
        joint_attention_dim=WIDTH, axes_dims_rope=(8, 4, 4),
    )  # fmt: skip


def qwen_vae() -> Any:
    """Sixteen channels, with the mean and deviation of each that the real one has."""
    return diffusers().AutoencoderKLQwenImage(base_dim=4, z_dim=16, dim_mult=[1, 1, 1, 1], num_res_blocks=1)
