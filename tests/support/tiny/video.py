"""Pipelines for videos: Wan 2.1 from text and from an image, Wan 2.2 with its two denoisers and its small one."""

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from .parts import WIDTH, diffusers, t5_encoder
from .tokenizers import T5_SIZE, t5_tokenizer


def wan() -> Any:
    return diffusers().WanPipeline(transformer=wan_transformer(), **_shared())


def wan22() -> Any:
    """The first denoiser takes the steps of much noise, the second those below the boundary."""
    both = {"transformer": wan_transformer(), "transformer_2": wan_transformer()}
    return diffusers().WanPipeline(boundary_ratio=0.5, **both, **_shared())


def wan22_small() -> Any:
    """TI2V: a VAE with 48 channels and 16 pixels to one, and a timestep for each token."""
    shared = _shared() | {"vae": wan_vae(z_dim=48, patch_size=2, in_channels=12, out_channels=12, is_residual=True,
                                         decoder_base_dim=4, scale_factor_spatial=16, latents_mean=[0.1] * 48,
                                         latents_std=[0.5 + number / 100 for number in range(48)])}  # fmt: skip
    return diffusers().WanPipeline(transformer=wan_transformer(48, 48), expand_timesteps=True, **shared)


def wan_i2v() -> Any:
    """Reads its image twice: as a latent beside the noise, and through an image encoder."""
    return _image_to_video()


def wan_flf() -> Any:
    """Made for a first and a last image: it reads the five tokens of each of them."""
    return _image_to_video(pos_embed_seq_len=10)


def _image_to_video(**more: Any) -> Any:
    return diffusers().WanImageToVideoPipeline(
        transformer=wan_transformer(36, image_dim=WIDTH, added_kv_proj_dim=24, **more),
        image_encoder=image_encoder(),
        image_processor=image_processor(),
        **_shared(),
    )


def wan22_i2v() -> Any:
    """Two denoisers and no image encoder."""
    both = {"transformer": wan_transformer(36), "transformer_2": wan_transformer(36)}
    return diffusers().WanImageToVideoPipeline(boundary_ratio=0.5, **both, **_shared())


def ltx() -> Any:
    """Takes a frame_rate, packs its latents, and has its own rule for the number of frames."""
    vae = diffusers().AutoencoderKLLTXVideo(
        latent_channels=8, block_out_channels=(8, 8, 8, 8), decoder_block_out_channels=(8, 8, 8, 8),
        layers_per_block=(1, 1, 1, 1, 1), decoder_layers_per_block=(1, 1, 1, 1, 1),
        spatio_temporal_scaling=(True, True, False, False),
        decoder_spatio_temporal_scaling=(True, True, False, False), decoder_inject_noise=(False,) * 5,
        upsample_residual=(False,) * 4, upsample_factor=(1,) * 4, timestep_conditioning=False, patch_size=1,
        patch_size_t=1, encoder_causal=True, decoder_causal=False,
    )  # fmt: skip
    transformer = diffusers().LTXVideoTransformer3DModel(
        in_channels=8, out_channels=8, patch_size=1, patch_size_t=1, num_attention_heads=4, attention_head_dim=8,
        cross_attention_dim=32, num_layers=1, caption_channels=WIDTH,
    )  # fmt: skip
    return diffusers().LTXPipeline(
        scheduler=diffusers().FlowMatchEulerDiscreteScheduler(),
        vae=vae,
        text_encoder=t5_encoder(),
        tokenizer=t5_tokenizer(),
        transformer=transformer,
    )


def _shared() -> dict[str, Any]:
    return {
        "vae": wan_vae(),
        "scheduler": diffusers().FlowMatchEulerDiscreteScheduler(shift=3.0),
        "text_encoder": umt5_encoder(),
        "tokenizer": t5_tokenizer(),
    }


def wan_transformer(channels: int = 16, made: int = 16, **more: Any) -> Any:
    return diffusers().WanTransformer3DModel(
        patch_size=(1, 2, 2), num_attention_heads=2, attention_head_dim=12, in_channels=channels, out_channels=made,
        text_dim=WIDTH, freq_dim=32, ffn_dim=48, num_layers=2, cross_attn_norm=True, qk_norm="rms_norm_across_heads",
        rope_max_seq_len=32, **more,
    )  # fmt: skip


def wan_vae(**changes: Any) -> Any:
    """Eight pixels and four frames to one; mean and deviation of each channel are the real ones."""
    return diffusers().AutoencoderKLWan(
        **({"base_dim": 4, "z_dim": 16, "dim_mult": [1, 1, 1, 1], "num_res_blocks": 1} | changes)
    )


def umt5_encoder() -> Any:
    from transformers import UMT5Config, UMT5EncoderModel

    return UMT5EncoderModel(
        UMT5Config(
            vocab_size=T5_SIZE, d_model=WIDTH, d_kv=8, d_ff=48, num_layers=1, num_heads=4,
            feed_forward_proj="gated-gelu", is_encoder_decoder=False, use_cache=False,
        )
    )  # fmt: skip


def image_encoder() -> Any:
    from transformers import CLIPVisionConfig, CLIPVisionModel

    return CLIPVisionModel(
        CLIPVisionConfig(
            hidden_size=WIDTH, intermediate_size=48, num_hidden_layers=2, num_attention_heads=4, image_size=32,
            patch_size=16, projection_dim=WIDTH,
        )
    )  # fmt: skip


def image_processor() -> Any:
    from transformers import CLIPImageProcessor

    side = {"height": 32, "width": 32}
    return CLIPImageProcessor(size={"shortest_edge": 32}, crop_size=side)


def core_vae(tree: Path, file: Path, folder: Path, source: Path) -> Path:
    """The pipeline of `source` with a Wan VAE that core's loader knows as well, which `file` is then.

    Args:
        tree: ComfyUI's.
        folder: written.
    """
    script = Path(__file__).with_name("corevae.py")
    subprocess.run([sys.executable, script, tree, file], check=True, capture_output=True)
    shutil.copytree(source, folder)
    shutil.rmtree(folder / "vae")
    kind = diffusers().AutoencoderKLWan
    kind(base_dim=8, z_dim=16, dim_mult=[1, 2, 4, 4], num_res_blocks=2).save_config(folder / "vae")
    vae = kind.from_single_file(str(file), config=str(folder / "vae"), local_files_only=True)
    vae.save_pretrained(folder / "vae")
    return folder
