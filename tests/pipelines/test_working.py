"""How much memory a run is said to take beside the weights."""

from types import SimpleNamespace

import pytest
import torch

from lectern.pipelines.plans import Plan
from lectern.pipelines.sizes import Size
from lectern.pipelines.working import denoising_bytes, working_bytes

MB = 1 << 20


def denoiser(kind: str, **config: int) -> object:
    return type(kind, (), {"dtype": torch.bfloat16, "config": config})()


@pytest.mark.parametrize(
    ("model", "latents", "size"),
    [
        (denoiser("UNet2DConditionModel"), (1, 4, 128, 128), 2 * 128 * 128 * 2 * 0.01 * MB),
        (denoiser("UNet2DConditionModel"), (8, 4, 128, 128), 8 * 2 * 128 * 128 * 2 * 0.01 * MB),
        (denoiser("FluxTransformer2DModel"), (1, 16, 128, 128), 2 * 128 * 128 * 2 * 0.01 * 3.1 * MB),
        (
            denoiser("WanTransformer3DModel", num_attention_heads=40, attention_head_dim=128), (1, 16, 21, 60, 104),
            2 * 21 * 60 * 104 * 2 * 0.01 * 5120 / 2222 * MB,
        ),
        (denoiser("Unknown"), (1, 4, 8, 8), 2 * 64 * 2 * 0.03 * MB),
        (None, (1, 4, 8, 8), 0),
    ],
)  # fmt: skip
def test_denoising_is_reckoned_as_comfyui_does(model, latents, size):
    assert denoising_bytes(model, latents) == int(size)


def test_a_large_batch_counts_and_tiles_do_not_make_it_smaller(pipelines):
    pipe = pipelines["sd15"].loaded
    one, many = (working_bytes(pipe, Plan(vae_tiling=True), Size(512, 512), count) for count in (1, 64))
    assert many == denoising_bytes(pipe.unet, (64, 4, 64, 64)) > one


def test_without_a_denoiser_decoding_is_left(pipelines):
    pipe = SimpleNamespace(vae=pipelines["sd15"].loaded.vae, vae_scale_factor=8)
    assert working_bytes(pipe, Plan(), Size(64, 64)) > 0
