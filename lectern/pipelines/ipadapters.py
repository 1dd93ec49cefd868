"""What IP-Adapters put on one run: attention processors that also read pictures, and the pictures as they read them."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import interpolate

from .arguments import accepted
from .controlfamilies import denoiser_of
from .errors import ArgumentError, first_line
from .memory import Weights
from .sizes import Size, resized_mask

# CLIP's own, of every encoder that there is for these adapters.
MEAN = (0.48145466, 0.4578275, 0.40821073)
DEVIATION = (0.26862954, 0.26130258, 0.27577711)
LONGEST = 8  # times the shorter side: what lies further out than that is not looked at anyway
EXAMPLE = (
    'Write an object such as {"up": {"block_0": [0.0, 1.0, 0.0]}} for a UNet, a list of numbers for Flux, or leave it'
    " empty."
)


class AdapterLayers(torch.nn.Module):
    """One adapter's layers for one kind of denoiser."""

    def __init__(self, processors: Mapping[str, torch.nn.Module], projection: torch.nn.Module) -> None:
        super().__init__()
        self.names = tuple(processors)
        self.processors = torch.nn.ModuleList(processors.values())
        self.projection = projection


@dataclass(frozen=True, eq=False)
class Adapter:
    layers: Weights  # of an AdapterLayers
    encoder: Weights  # of a CLIPVisionModelWithProjection
    images: Tensor  # (B, H, W, 3 or 4): all of them are shown to this one adapter
    scale: Any = 0.6  # a number, or per layer as set_ip_adapter_scale() takes it
    mask: Tensor | None = None  # (1, H, W): where it has an effect

    @property
    def parts(self) -> tuple[Weights, Weights]:
        return self.layers, self.encoder

    @property
    def module(self) -> AdapterLayers:
        return self.layers.module


def checked_scale(scale: float, layers: str) -> Any:
    """The scale for all layers, or those that a person wrote as JSON. Raises ArgumentError."""
    if not layers.strip():
        return scale
    try:
        values = json.loads(layers)
    except (ValueError, RecursionError) as error:
        raise ArgumentError(f"layer_scales is not JSON ({error}). {EXAMPLE}") from error
    if not isinstance(values, dict | list) or not values:
        raise ArgumentError(f"layer_scales must be a JSON object or list, got {layers.strip()[:80]}. {EXAMPLE}")
    return values


@contextmanager
def adapted(pipe: Any, adapters: Sequence[Adapter]) -> Iterator[None]:
    """Puts the adapters on the shared denoiser, past torch's own bookkeeping: its weights and names stay as they are,
    and what was there before comes back as the same objects.

    Raises ArgumentError: scales that do not fit the layers.
    """
    if not adapters:
        yield
        return
    from diffusers.models.embeddings import MultiIPAdapterImageProjection

    denoiser = denoiser_of(pipe)
    modules = [one.module for one in adapters]
    with ExitStack() as stack:
        for number, name in enumerate(modules[0].names):
            owner = denoiser.get_submodule(name.removesuffix(".processor"))
            together = _together([one.processors[number] for one in modules])
            stack.enter_context(_replaced(owner, "processor", together))
        projection = MultiIPAdapterImageProjection([one.projection for one in modules])
        stack.enter_context(_replaced(denoiser, "encoder_hid_proj", projection))
        stack.enter_context(_replaced(denoiser.config, "encoder_hid_dim_type", "ip_image_proj"))
        _scale(pipe, [one.scale for one in adapters])
        yield


@contextmanager
def _replaced(owner: Any, name: str, value: Any) -> Iterator[None]:
    attributes = vars(owner)
    had, before = name in attributes, attributes.get(name)
    attributes[name] = value
    try:
        yield
    finally:
        if had:
            attributes[name] = before
        else:
            del attributes[name]


def _together(processors: Sequence[Any]) -> Any:
    """One that reads for all, of the same layers."""
    first = processors[0]
    tokens = [count for one in processors for count in getattr(one, "num_tokens", (0,))]
    with torch.device("meta"):
        made = type(first)(first.hidden_size, first.cross_attention_dim, num_tokens=tokens)
    made.to_k_ip = torch.nn.ModuleList(layer for one in processors for layer in one.to_k_ip)
    made.to_v_ip = torch.nn.ModuleList(layer for one in processors for layer in one.to_v_ip)
    return made


def _scale(pipe: Any, scales: list[Any]) -> None:
    try:
        _check_blocks(denoiser_of(pipe), scales)
        pipe.set_ip_adapter_scale(scales)
    except (ValueError, TypeError, KeyError, AttributeError, IndexError) as error:
        raise ArgumentError(
            f"layer_scales does not fit the layers of {type(pipe).__name__}: {first_line(error)}. {EXAMPLE}"
        ) from error


def _check_blocks(denoiser: Any, scales: list[Any]) -> None:
    """diffusers passes over blocks that there are not. Raises ValueError."""
    for parts in (one for one in scales if isinstance(one, dict) and hasattr(denoiser, "down_blocks")):
        for part, blocks in parts.items():
            there = [f"block_{number}" for number in range(len(getattr(denoiser, f"{part}_blocks", ())))]
            unknown = [name for name in blocks if name not in there] if isinstance(blocks, dict) else []
            if part not in ("down", "mid", "up") or unknown:
                raise ValueError(f"there is no {unknown[0] if unknown else part!r} in {part if unknown else 'it'}")


def adapter_arguments(pipe: Any, adapters: Sequence[Adapter], size: Size, call: Mapping[str, Any]) -> dict[str, Any]:
    """Their part of the call; the image encoders are on the device."""
    if not adapters:
        return {}
    if "ip_adapter_image_embeds" not in accepted(pipe):
        raise ArgumentError(f"{type(pipe).__name__} takes no IP-Adapter. Leave it out, or the image or mask.")
    read = [_read(one) for one in adapters]
    values: dict[str, Any] = {"ip_adapter_image_embeds": [seen for seen, _ in read]}
    if "negative_ip_adapter_image_embeds" in accepted(pipe):
        values["negative_ip_adapter_image_embeds"] = [unseen for _, unseen in read]
    else:
        pipe.prepare_ip_adapter_image_embeds = _prepared(read)
    return values | _masks(pipe, adapters, size, call)


def _prepared(read: Sequence[tuple[Tensor, Tensor]]) -> Callable[..., list[Tensor]]:
    """What the pipeline would make of its own image encoder; here each adapter may have another one."""

    def prepared(image: Any, embeds: Any, device: Any, count: int, guided: bool) -> list[Tensor]:
        made = []
        for seen, unseen in read:
            rows = [one.repeat_interleave(count, 0) for one in ((unseen, seen) if guided else (seen,))]
            made.append(torch.cat(rows).to(device))
        return made

    return prepared


@torch.no_grad()
def _read(adapter: Adapter) -> tuple[Tensor, Tensor]:
    """What the adapter sees, and what it would of nothing: (1, pictures, ...) each."""
    from diffusers.models.embeddings import ImageProjection

    encoder = adapter.encoder.module
    first = next(encoder.parameters())
    pixels = clip_pixels(adapter.images, encoder.config.image_size).to(first.device, first.dtype)
    if isinstance(adapter.module.projection, ImageProjection):
        seen = encoder(pixels).image_embeds
        return seen[None], torch.zeros_like(seen)[None]
    seen, unseen = (
        encoder(shown, output_hidden_states=True).hidden_states[-2] for shown in (pixels, torch.zeros_like(pixels))
    )
    return seen[None], unseen[None]


def clip_pixels(images: Tensor, side: int) -> Tensor:
    """(B, H, W, 3 or 4) 0 to 1 -> (B, 3, side, side): the middle square, as CLIPImageProcessor makes it."""
    pixels = images[..., :3].movedim(-1, 1)
    short = min(pixels.shape[2:])
    pixels = _middle(pixels, LONGEST * short)
    height, width = (max(side, int(one * side / short)) for one in pixels.shape[2:])
    pixels = interpolate(pixels, (height, width), mode="bicubic", antialias=True).clamp(0, 1)
    top, left = (height - side) // 2, (width - side) // 2
    mean, deviation = (torch.tensor(values).view(1, 3, 1, 1) for values in (MEAN, DEVIATION))
    return (pixels[:, :, top : top + side, left : left + side] - mean) / deviation


def _middle(pixels: Tensor, longest: int) -> Tensor:
    """A strip of a few pixels' width would become huge before its middle is taken."""
    height, width = pixels.shape[2:]
    top, left = (max(0, (side - longest) // 2) for side in (height, width))
    return pixels[:, :, top : top + longest, left : left + longest]


def _masks(pipe: Any, adapters: Sequence[Adapter], size: Size, call: Mapping[str, Any]) -> dict[str, Any]:
    """One for each adapter, for each of its pictures the same; None where it has an effect everywhere."""
    if all(one.mask is None for one in adapters):
        return {}
    name = "cross_attention_kwargs"
    if name not in accepted(pipe):
        raise ArgumentError(f"The IP-Adapter of {type(pipe).__name__} knows no mask. Unlink mask.")
    others = call.get(name) or {}
    if not isinstance(others, dict):
        raise ArgumentError(f"The argument {name} must be a JSON object, got {str(others)[:80]}. Write one.")
    masks = [None if one.mask is None else _mask(one, one.mask, size) for one in adapters]
    return {name: {**others, "ip_adapter_masks": masks}}


def _mask(adapter: Adapter, mask: Tensor, size: Size) -> Tensor:
    """-> (1, pictures, height, width)"""
    return resized_mask(mask, size)[:1].expand(-1, len(adapter.images), -1, -1)
