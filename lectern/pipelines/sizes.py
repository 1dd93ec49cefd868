"""Which sizes a pipeline makes, and pictures brought to them."""

from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import interpolate

from .errors import SizeError
from .films import films
from .latents import packs, vae_factor


class Size(NamedTuple):
    width: int  # px
    height: int  # px


def step_of(pipe: Any) -> int:
    """Both sides must be multiples of this many pixels."""
    patch = getattr(pipe, "patch_size", 0) or _patch_of_video(pipe)
    return vae_factor(pipe) * max(patch, 2 if packs(pipe) and not films(pipe) else 1)


def _patch_of_video(pipe: Any) -> int:
    """How many latent pixels of a side a denoiser of videos makes one token of."""
    if not films(pipe):
        return 1
    config = getattr(getattr(pipe, "transformer", None), "config", {})
    patch = config.get("patch_size") or 1
    return int(patch[-1] if isinstance(patch, list | tuple) else patch)


def checked(size: Size, step: int) -> Size:
    """Raises SizeError with the next sizes that are possible."""
    if all(side > 0 and side % step == 0 for side in size):
        return size
    lower = Size(*(max(step, side // step * step) for side in size))
    upper = Size(*(-(-side // step) * step or step for side in size))
    raise SizeError(
        f"This pipeline makes pictures whose sides are multiples of {step} pixels, got {size.width}x{size.height}."
        f" The next possible sizes are {lower.width}x{lower.height} and {upper.width}x{upper.height}."
    )


def chosen(pipe: Any, width: int, height: int, image: Tensor | None) -> Size:
    """0 takes the linked image's side, cut to what is possible, or without one the pipeline's own."""
    step = step_of(pipe)
    if image is None:
        own = own_size(pipe, step)
    else:
        own = Size(*(max(step, side // step * step) for side in (image.shape[2], image.shape[1])))
    return checked(Size(width or own.width, height or own.height), step)


def own_size(pipe: Any, step: int) -> Size:
    """What the pipeline makes when no size is given: its denoiser was trained on it."""
    denoiser = getattr(pipe, "unet", None) or getattr(pipe, "transformer", None)
    sample = getattr(pipe, "default_sample_size", None) or (denoiser.config.get("sample_size") if denoiser else None)
    sides = list(sample) if isinstance(sample, list | tuple) else [sample or 1024 // vae_factor(pipe)] * 2
    height, width = (max(step, int(side) * vae_factor(pipe) // step * step) for side in sides[-2:])
    return Size(width, height)


def resized_images(images: Tensor, size: Size) -> Tensor:
    """(B, H, W, C) -> (B, height, width, 3), 0 to 1."""
    pixels = images[..., :3]
    if (pixels.shape[2], pixels.shape[1]) == size:
        return pixels
    moved = interpolate(pixels.movedim(-1, 1), (size.height, size.width), mode="bicubic", antialias=True)
    return moved.clamp_(0, 1).movedim(1, -1)


def resized_mask(mask: Tensor, size: Size) -> Tensor:
    """(B, H, W) or (H, W) -> (B, 1, height, width)."""
    planes = mask.reshape(-1, 1, *mask.shape[-2:]).float()
    if tuple(planes.shape[2:]) != (size.height, size.width):
        planes = interpolate(planes, (size.height, size.width), mode="bilinear", antialias=True)
    return planes.clamp(0, 1)


def repeated(batch: Tensor, count: int) -> Tensor:
    """Each entry `count` times, one after another."""
    return torch.repeat_interleave(batch, count, 0)
