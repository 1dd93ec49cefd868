"""IP-Adapter files: where they lie, and their tensors by diffusers' names."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from ..modelfiles import find_files, in_order
from .errors import IPAdapterError
from .tensors import State

# What a name starts with -> its part in diffusers. The second of each is how XLabs writes Flux's.
PROJECTION = ("image_proj.", "ip_adapter_proj_model.")
LAYERS = ("ip_adapter.", "double_blocks.")
RENAMED = {
    "ip_adapter_double_stream_k_proj": "to_k_ip", "ip_adapter_double_stream_v_proj": "to_v_ip", "processor.": "",
}  # fmt: skip
ENCODERS = "image_encoder"  # the folder of the image encoder beside the files, as h94/IP-Adapter has it


def find_adapters(roots: Iterable[Path]) -> dict[str, Path]:
    """Name -> file, sorted by name. Weights of image encoders that lie between them are left out."""
    return in_order({name: file for name, file in find_files(roots).items() if ENCODERS not in file.parts})


def adapter_path(name: str, roots: Iterable[Path]) -> Path:
    """Raises IPAdapterError when none has that name; a path is no name."""
    found = find_adapters(roots)
    if name not in found:
        known = ", ".join(found) or "none"
        raise IPAdapterError(
            f"There is no IP-Adapter {name[:200]!r} in models/ipadapter. Choose one of those that are there:"
            f" {known[:2000]}."
        )
    return found[name]


def parted(tensors: Mapping[str, Any]) -> dict[str, State]:
    """The two parts that diffusers' converters take: `image_proj` and `ip_adapter`."""
    made: dict[str, State] = {"image_proj": {}, "ip_adapter": {}}
    for name, tensor in tensors.items():
        start, _, rest = name.partition(".")
        if f"{start}." in PROJECTION:
            made["image_proj"][rest] = tensor
        elif f"{start}." in LAYERS:
            for old, new in RENAMED.items():
                rest = rest.replace(old, new)
            made["ip_adapter"][rest] = tensor
    return made


def checked_kind(file: Path, shapes: Mapping[str, tuple[int, ...]]) -> dict[str, dict[str, tuple[int, ...]]]:
    """The shapes by part. Raises IPAdapterError: no IP-Adapter, or one that needs a face recogniser."""
    parts = parted(shapes)
    projection, layers = parts["image_proj"], parts["ip_adapter"]
    faces = "perceiver_resampler.proj_in.weight" in projection or any("_lora." in name for name in layers)
    if faces or ("norm.weight" in projection and "proj.2.weight" in projection and "proj.3.weight" not in projection):
        raise IPAdapterError(
            f"{file.name} is a FaceID adapter, which reads faces with the package insightface and not pictures."
            " Choose a plain, plus or full-face IP-Adapter."
        )
    known = {"proj.weight", "proj.3.weight", "latents"} & projection.keys()
    if not known or not any(name.endswith("to_k_ip.weight") for name in layers):
        raise IPAdapterError(
            f"{file.name} is no IP-Adapter: it lacks the tensors image_proj.* or ip_adapter.*. Choose another file."
        )
    return parts


def encoder_width(projection: Mapping[str, tuple[int, ...]]) -> tuple[bool, int]:
    """Whether the adapter reads the encoder's last but one hidden states (or its pooled output), and their width."""
    if "proj.weight" in projection:
        return False, projection["proj.weight"][-1]
    if "proj.3.weight" in projection:
        return True, projection["proj.0.weight"][0]
    return True, projection["proj_in.weight"][1]
