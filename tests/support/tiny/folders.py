"""Pipeline folders as they lie on disk, the same bytes on every machine that has the same packages."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from .more import qwen, sd3, sd21
from .parts import WIDTH, clip_encoder, diffusers, flux_transformer, t5_encoder, unet, vae
from .tokenizers import clip_tokenizer, t5_tokenizer
from .video import ltx, wan, wan22, wan22_i2v, wan22_small, wan_flf, wan_i2v

BETAS = {"beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear", "steps_offset": 1}


def sd15() -> Any:
    return diffusers().StableDiffusionPipeline(
        vae=vae(0.18215),
        text_encoder=clip_encoder(),
        tokenizer=clip_tokenizer(),
        unet=unet(WIDTH),
        scheduler=diffusers().DDIMScheduler(clip_sample=False, set_alpha_to_one=False, **BETAS),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )


def sdxl() -> Any:
    sized = {"addition_embed_type": "text_time", "addition_time_embed_dim": 8}
    return diffusers().StableDiffusionXLPipeline(
        vae=vae(0.13025),
        text_encoder=clip_encoder(),
        text_encoder_2=clip_encoder(projection=True, activation="gelu"),
        tokenizer=clip_tokenizer(),
        tokenizer_2=clip_tokenizer(padding="!"),
        unet=unet(2 * WIDTH, projection_class_embeddings_input_dim=6 * 8 + WIDTH, use_linear_projection=True, **sized),
        scheduler=diffusers().EulerDiscreteScheduler(timestep_spacing="leading", **BETAS),
    )


def flux() -> Any:
    return diffusers().FluxPipeline(
        scheduler=diffusers().FlowMatchEulerDiscreteScheduler(shift=3.0, use_dynamic_shifting=True),
        vae=vae(0.3611, channels=16, shift=0.1159),
        text_encoder=clip_encoder(),
        tokenizer=clip_tokenizer(),
        text_encoder_2=t5_encoder(),
        tokenizer_2=t5_tokenizer(),
        transformer=flux_transformer(64),
    )


FAMILIES: dict[str, Callable[[], Any]] = {"sd15": sd15, "sdxl": sdxl, "flux": flux}
MORE: dict[str, Callable[[], Any]] = {"sd21": sd21, "sd3": sd3, "qwen": qwen}
VIDEO: dict[str, Callable[[], Any]] = {
    "wan": wan, "wan_i2v": wan_i2v, "wan22": wan22, "wan22_i2v": wan22_i2v, "wan22_small": wan22_small, "ltx": ltx,
    "wan_flf": wan_flf,
}  # fmt: skip
ALL = FAMILIES | MORE | VIDEO


def tiny_pipeline(family: str, folder: Path) -> Path:
    """Writes the family's pipeline; the caller's random numbers go on as if nothing had been drawn."""
    import torch

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(list(ALL).index(family))
        ALL[family]().save_pretrained(folder)
    return folder


def full_vae(folder: Path, source: Path) -> Path:
    """The pipeline of `source` with a VAE of Stable Diffusion's real size: core's VAE loader knows no other."""
    import torch

    shutil.copytree(source, folder)
    shutil.rmtree(folder / "vae")
    widths = (128, 256, 512, 512)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        diffusers().AutoencoderKL(
            down_block_types=("DownEncoderBlock2D",) * 4, up_block_types=("UpDecoderBlock2D",) * 4,
            block_out_channels=widths, layers_per_block=2, sample_size=512,
        ).save_pretrained(folder / "vae")  # fmt: skip
    return folder
