"""An IP-Adapter's weights, for one pipeline, and the image encoder that it reads with."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..faults import told
from .adapterfiles import checked_kind, encoder_width, parted
from .controlfamilies import denoiser_of
from .errors import IPAdapterError
from .ipadapters import AdapterLayers
from .memory import Memory, Weights
from .packages import require
from .shelf import Shelf, geometry, place
from .tensors import read_state, shapes_of
from .visions import encoder_path, nearest, read_encoder, widths_of

AUTO = "auto"
KINDS = ("UNet2DConditionModel", "FluxTransformer2DModel")


class AdapterLoader:
    def __init__(self, memory: Memory) -> None:
        self._shelf = Shelf(memory)

    def load(self, file: Path, encoder: str, encoders: Mapping[str, Path], pipe: Any) -> tuple[Weights, Weights]:
        """The adapter's layers and the image encoder. `encoder` is a name of `encoders`, or "auto".

        Raises:
            IPAdapterError: it does not fit the pipeline or the encoder.
            FolderError: a file is damaged.
        """
        require()
        denoiser = checked_pipeline(pipe)
        parts = checked_kind(file, shapes_of(file))
        with told(lambda reason: _misfit(file, pipe, reason)):  # shapes with too few sides, projections cut short
            checked_layers(file, parts["ip_adapter"], pipe)
            width = encoder_width(parts["image_proj"])
        found = _encoder(file, encoder, encoders, *width)
        layers = self._shelf.take((*place(file), geometry(denoiser)), lambda: _layers(file, pipe))
        key = (*place(found), str(denoiser.dtype))
        return layers, self._shelf.take(key, lambda: read_encoder(found, denoiser.dtype))


def checked_pipeline(pipe: Any) -> Any:
    """Its denoiser. Raises IPAdapterError: diffusers has no IP-Adapter of this kind for it."""
    denoiser = denoiser_of(pipe)
    if type(denoiser).__name__ not in KINDS or denoiser.config.get("encoder_hid_dim_type"):
        raise IPAdapterError(f"{type(pipe).__name__} takes no IP-Adapter here. Use Stable Diffusion, SDXL or Flux.")
    return denoiser


def checked_layers(file: Path, layers: Mapping[str, tuple[int, ...]], pipe: Any) -> None:
    """Raises IPAdapterError: made for another model."""
    denoiser = denoiser_of(pipe)
    places = [name for name in denoiser.attn_processors if _takes_pictures(name)]
    given = [shape for name, shape in layers.items() if name.endswith("to_k_ip.weight")]
    width = denoiser.config.get("cross_attention_dim") or denoiser.config.get("joint_attention_dim")
    if len(given) != len(places) or given[0][1] != width:
        raise IPAdapterError(
            f"{file.name} is an IP-Adapter for another model than {type(pipe).__name__}: it has {len(given)} layers of"
            f" width {given[0][1]}, this pipeline {len(places)} of {width}. Choose one for this kind of model."
        )


def _takes_pictures(name: str) -> bool:
    """Of a UNet the cross-attentions, of Flux the blocks with two streams."""
    return name.startswith("transformer_blocks") or name.endswith("attn2.processor")


def _encoder(file: Path, name: str, found: Mapping[str, Path], hidden: bool, width: int) -> Path:
    if name == AUTO:
        return nearest(file, found, hidden, width)
    path = encoder_path(name, found)
    widths = widths_of(path)
    if widths is None or not widths.fits(hidden, width):
        got = "no CLIP image encoder" if widths is None else f"{widths.hidden if hidden else widths.pooled} wide"
        raise IPAdapterError(
            f"The image encoder {name[:200]} is {got}, but {file.name} needs one of width {width}. Choose another one,"
            f" or {AUTO}."
        )
    return path


def _misfit(file: Path, pipe: Any, reason: str) -> IPAdapterError:
    return IPAdapterError(
        f"{file.name} cannot be loaded as an IP-Adapter of {type(pipe).__name__}: {reason}. Choose one for this kind"
        " of model, or get the file anew."
    )


def _layers(file: Path, pipe: Any) -> AdapterLayers:
    """By diffusers' own converters, which load_ip_adapter uses, but without a change to the shared denoiser."""
    denoiser = denoiser_of(pipe)
    state = parted(read_state(file, denoiser.dtype))
    with told(lambda reason: _misfit(file, pipe, reason)):
        processors = denoiser._convert_ip_adapter_attn_to_diffusers([state])
        projection = denoiser._convert_ip_adapter_image_proj_to_diffusers(state["image_proj"])
    made = AdapterLayers({name: one for name, one in processors.items() if _takes_pictures(name)}, projection)
    missing = next((name for name, one in made.named_parameters() if one.is_meta), None)
    if missing:  # diffusers leaves what a file lacks without weights
        raise IPAdapterError(f"{file.name} lacks a part of an IP-Adapter ({missing}). Get the file anew.")
    return made.to("cpu", denoiser.dtype).requires_grad_(False).train(False)
