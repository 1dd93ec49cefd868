"""CLIP image encoders: where they lie, how wide they are, and loading one."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from ..faults import told
from ..modelfiles import config_of, find_files, find_folders, in_order
from ..weightfiles import check_whole, weight_files
from .errors import FolderError, IPAdapterError
from .quiet import quiet
from .settingfiles import check_component
from .tensors import read_state, shapes_of

KINDS = ("clip_vision_model", "clip")  # transformers' model_type; the second has the text encoder beside it
PROJECTION, PATCHES = "visual_projection.weight", "vision_model.embeddings.patch_embedding.weight"
POSITIONS, INSIDE = "vision_model.embeddings.position_embedding.weight", "vision_model.encoder.layers.0.mlp.fc1.weight"
# Single files hold no config: width of the hidden states -> what their shapes do not tell. ViT-L, ViT-H, ViT-bigG.
ACTIVATIONS = {1024: "quick_gelu", 1280: "gelu", 1664: "gelu"}
HEADS = 16  # of all three


class Widths(NamedTuple):
    pooled: int  # of the projected output
    hidden: int  # of the hidden states

    def fits(self, hidden: bool, width: int) -> bool:
        return width == (self.hidden if hidden else self.pooled)


def find_encoders(roots: Iterable[Path], folder_roots: Iterable[Path]) -> dict[str, Path]:
    """Name -> folder anywhere, or single file below `roots`, sorted by name."""
    roots = list(roots)
    return in_order(find_files(roots) | find_folders([*roots, *folder_roots], _is_encoder))


def encoder_path(name: str, found: Mapping[str, Path]) -> Path:
    """Raises IPAdapterError when none has that name; a path is no name."""
    if name not in found:
        known = ", ".join(found) or "none"
        raise IPAdapterError(
            f"There is no image encoder {name[:200]!r} in models/clip_vision, models/ipadapter or models/diffusers."
            f" Choose one of those that are there: {known[:2000]}."
        )
    return found[name]


def nearest(file: Path, found: Mapping[str, Path], hidden: bool, width: int) -> Path:
    """Of those that fit, the one whose folder has most in common with the adapter's. Raises IPAdapterError."""
    fitting = [path for path in found.values() if (widths := widths_of(path)) and widths.fits(hidden, width)]
    if not fitting:
        known = ", ".join(found) or "none"
        raise IPAdapterError(
            f"No image encoder fits {file.name}, which needs one of width {width}. There is: {known[:2000]}. Put the"
            " right one (ViT-H for most, ViT-bigG for some of SDXL) into models/clip_vision."
        )
    return max(fitting, key=lambda path: _shared(path, file))


def widths_of(path: Path) -> Widths | None:
    """None for what is no image encoder, or cannot be read."""
    if path.is_dir():
        config = config_of(path)
        given = config.get("vision_config")
        inner = given if isinstance(given, dict) else {}
        pooled, hidden = config.get("projection_dim", 512), inner.get("hidden_size") or config.get("hidden_size", 768)
        return Widths(pooled, hidden) if isinstance(pooled, int) and isinstance(hidden, int) else None
    try:
        shapes = shapes_of(path)
    except (FolderError, OSError):
        return None
    known = {PROJECTION, PATCHES, POSITIONS, INSIDE} <= shapes.keys() and len(shapes[PROJECTION]) == 2
    return Widths(*shapes[PROJECTION]) if known else None


def read_encoder(path: Path, dtype: Any) -> Any:
    """A transformers CLIPVisionModelWithProjection. Raises IPAdapterError, FolderError."""
    from transformers import CLIPVisionModelWithProjection

    with told(lambda reason: _unreadable(path, reason)), quiet():
        source, options = _source(path, dtype)
        model = CLIPVisionModelWithProjection.from_pretrained(source, dtype=dtype, local_files_only=True, **options)
    return model.requires_grad_(False).train(False)


def _unreadable(path: Path, reason: str) -> IPAdapterError:
    return IPAdapterError(f"{path.name} cannot be loaded as an image encoder: {reason}. Get it anew.")


def _source(path: Path, dtype: Any) -> tuple[str | None, dict[str, Any]]:
    if path.is_dir():
        check_component(path)
        for file in weight_files(path, ""):
            check_whole(file)
        return str(path), {"use_safetensors": True}
    return None, {"config": _config(path), "state_dict": read_state(path, dtype)}


def _config(file: Path) -> Any:
    from transformers import CLIPVisionConfig

    shapes, widths = shapes_of(file), widths_of(file)
    if widths is None or widths.hidden not in ACTIVATIONS:
        raise IPAdapterError(
            f"{file.name} is no image encoder of the kinds ViT-L, ViT-H or ViT-bigG in transformers' layout. Put it as"
            " a folder with its config.json."
        )
    patch, positions = shapes[PATCHES][-1], shapes[POSITIONS][0]
    layers = {name.split(".")[3] for name in shapes if name.startswith("vision_model.encoder.layers.")}
    return CLIPVisionConfig(
        hidden_size=widths.hidden, projection_dim=widths.pooled, intermediate_size=shapes[INSIDE][0],
        num_hidden_layers=len(layers), num_attention_heads=HEADS, patch_size=patch,
        image_size=patch * int((positions - 1) ** 0.5), hidden_act=ACTIVATIONS[widths.hidden],
    )  # fmt: skip


def _is_encoder(config: dict[str, Any]) -> bool:
    return config.get("model_type") in KINDS and "_class_name" not in config


def _shared(path: Path, file: Path) -> int:
    """How many folders lead to both."""
    pairs = zip(path.absolute().parts, file.absolute().parts, strict=False)
    return next((number for number, (one, other) in enumerate(pairs) if one != other), len(path.parts))
