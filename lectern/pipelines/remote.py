"""Decoding by a remote VAE: what is asked and what an answer must hold (diffusers, utils/remote_utils.py).

A request's body is the tensor's bytes and its query says what they are; an answer's body is the picture's, and its
headers `shape` (a JSON list) and `dtype` say the same of them. Answers are pixels from -1 to 1, channels second.
"""

import json
from collections.abc import Mapping
from math import prod
from typing import Any, NamedTuple

import torch
from torch import Tensor

from .errors import DecoderError
from .latents import channels_of, frame_factor, has_frames, scale_of, vae_factor, vae_of
from .pipeline import Pipeline
from .vae import checked_latents

DTYPES = {"float16": torch.float16, "bfloat16": torch.bfloat16, "float32": torch.float32}
_LONGEST_SHAPE = 200  # letters


class Question(NamedTuple):
    """One request, for one latent."""

    query: tuple[tuple[str, str], ...]
    body: bytes
    shape: tuple[int, ...]  # of the pixels that must come back


def questions(pipeline: Pipeline, latents: Tensor) -> list[Question]:
    """One for each latent of the batch; the scale is that of the pipeline's VAE. Raises ArgumentError."""
    pipe = pipeline.loaded
    checked_latents(pipeline, latents)
    if has_frames(vae_of(pipe)) and latents.ndim == 4:
        latents = latents.unsqueeze(2)
    sent, scaling = _scaled(vae_of(pipe), latents)
    return [_question(pipe, one, scaling) for one in sent.half().split(1)]


def _scaled(vae: Any, latents: Tensor) -> tuple[Tensor, list[tuple[str, str]]]:
    """As diffusers sends them, with the factors that the endpoint takes back; where each channel has its own, the
    endpoint is told none, and gets what the VAE itself takes."""
    config = vae.config
    if config.get("latents_mean") or not config.get("scaling_factor"):
        return latents, []
    factors = [(name, str(config[name])) for name in ("scaling_factor", "shift_factor") if config.get(name)]
    return scale_of(vae).to_pipeline(latents), factors


def _question(pipe: Any, latent: Tensor, scaling: list[tuple[str, str]]) -> Question:
    assert latent.shape[1] == channels_of(vae_of(pipe))
    factor = vae_factor(pipe)
    time = ((latent.shape[2] - 1) * frame_factor(pipe) + 1,) if latent.ndim == 5 else ()
    query = [
        ("output_type", "pt"),
        ("partial_postprocess", "False"),
        ("image_format", "png"),  # of no use here, but diffusers always says it
        *(("shape", str(side)) for side in latent.shape),
        ("dtype", "float16"),
        *scaling,
    ]
    pixels = (1, 3, *time, latent.shape[-2] * factor, latent.shape[-1] * factor)
    return Question(tuple(query), latent.contiguous().cpu().numpy().tobytes(), pixels)


def frames_of(label: str, question: Question, headers: Mapping[str, str], body: bytearray) -> Tensor:
    """(N, H, W, 3) float32, 0 to 1: one picture, or the frames of one video.

    Raises:
        DecoderError: the answer is of another shape or kind than what was asked for, or too short.
    """
    shape, kind = _shape(headers.get("shape", "")), headers.get("dtype", "")
    if shape is None or shape != question.shape or kind not in DTYPES:
        raise DecoderError(
            f"{label} answered with {str(shape or 'no shape')[:80]} of {kind[:20] or 'no dtype'}, and pixels of"
            f" {question.shape} were asked for. Look whether it decodes this kind of model, and in whole pictures."
        )
    dtype = DTYPES[kind]
    needed = prod(shape) * dtype.itemsize
    if len(body) != needed:
        raise DecoderError(
            f"{label} sent {len(body)} bytes for {question.shape} of {kind}, which needs {needed}. Try again."
        )
    pixels = torch.frombuffer(body, dtype=dtype).reshape(shape).float()
    if not pixels.isfinite().all():
        raise DecoderError(f"{label} sent pixels that are not numbers. Its VAE overflows; let it run in fp32 or bf16.")
    frames = pixels[0].movedim(0, -1) if pixels.ndim == 5 else pixels.movedim(1, -1)
    return (frames / 2 + 0.5).clamp_(0, 1)


def _shape(text: str) -> tuple[int, ...] | None:
    try:
        values = json.loads(text) if len(text) <= _LONGEST_SHAPE else None
    except (ValueError, RecursionError):
        return None
    if not isinstance(values, list) or not all(type(one) is int for one in values):
        return None
    return tuple(values)
