"""A ControlNet's weights, for one pipeline: read once for as long as somebody holds them."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..faults import told
from ..modelfiles import config_of
from ..weightfiles import check_whole, variants, weight_files
from .controlfamilies import checked_family, denoiser_of, kinds_for
from .errors import ControlNetError
from .memory import Memory, Weights
from .packages import require
from .quiet import quiet
from .settingfiles import check_component
from .shelf import Shelf, geometry, place
from .tensors import State, read_state, shapes_of

LDM = "control_model."  # what the original layout puts before each name
FIRST = "controlnet_cond_embedding.conv_in.weight"  # (channels, colours, 3, 3), in diffusers' layout
ADDED = {
    f"label_emb.0.{number}.{end}": f"add_embedding.linear_{layer}.{end}"
    for number, layer in ((0, 1), (2, 2))
    for end in ("weight", "bias")
}
FIRST_LDM = "input_hint_block.0.weight"  # the same in the original layout


class ControlLoader:
    def __init__(self, memory: Memory) -> None:
        self._shelf = Shelf(memory)

    def load(self, path: Path, pipe: Any) -> Weights:
        """`pipe` is the pipeline that it is for. Raises ControlNetError, FolderError, PackageError."""
        require()
        kinds = kinds_for(pipe)
        denoiser = denoiser_of(pipe)
        read = _from_folder if path.is_dir() else _from_file
        with told(lambda reason: _unreadable(path, kinds[0], reason)):  # it may be gone since it was listed
            key = (*place(path), geometry(denoiser))
        return self._shelf.take(key, lambda: checked_family(read(path, pipe, kinds), pipe, path.name))


def _from_folder(folder: Path, pipe: Any, kinds: tuple[str, ...]) -> Any:
    import diffusers

    kind = str(config_of(folder).get("_class_name"))
    if kind not in kinds:
        raise ControlNetError(
            f"{folder.name} is a {kind[:80]}, but {type(pipe).__name__} takes a {' or '.join(kinds)}. Choose a"
            " ControlNet for this kind of model."
        )
    variant = _variant(folder)
    for file in weight_files(folder, variant):
        check_whole(file)
    check_component(folder)
    with told(lambda reason: _unreadable(folder, kind, reason)), quiet():
        return getattr(diffusers, kind).from_pretrained(
            str(folder), torch_dtype=denoiser_of(pipe).dtype, variant=variant or None, use_safetensors=True,
            local_files_only=True,
        )  # fmt: skip


def _variant(folder: Path) -> str:
    """That of the only files, where there are no plain ones."""
    plain = any((folder / name).is_file() for name in _PLAIN)
    return "" if plain else next(iter(variants([folder])), "")


_PLAIN = ("diffusion_pytorch_model.safetensors", "diffusion_pytorch_model.safetensors.index.json")


def _from_file(file: Path, pipe: Any, kinds: tuple[str, ...]) -> Any:
    """Built after the pipeline's own UNet: a file holds no config."""
    shapes = shapes_of(file)
    _check_kind(file, shapes, kinds)
    state = read_state(file, denoiser_of(pipe).dtype)
    try:
        state = _converted(state, denoiser_of(pipe))
        net = _empty(pipe, state)
        net.load_state_dict(state, strict=True, assign=True)
    except (KeyError, AttributeError, IndexError) as error:  # what converting meets where a tensor is missing
        raise ControlNetError(f"{file.name} lacks a part of a ControlNet ({error}). Get the file anew.") from error
    except RuntimeError as error:
        raise ControlNetError(
            f"{file.name} does not fit the UNet of {type(pipe).__name__} ({_first_mismatch(error)}). Choose a"
            " ControlNet for this kind of model."
        ) from error
    return net.requires_grad_(False).train(False)


def _check_kind(file: Path, shapes: Mapping[str, Any], kinds: tuple[str, ...]) -> None:
    names = {name.removeprefix(LDM) for name in shapes}
    if "lora_controlnet" in names or any(name.endswith(".up") for name in names):
        raise ControlNetError(f"{file.name} is a Control-LoRA, which diffusers does not run. Choose a full ControlNet.")
    if "task_embedding" in names:
        raise ControlNetError(f"{file.name} is a union model. Put it as a folder with its config.json instead.")
    if "ControlNetModel" not in kinds:
        raise ControlNetError(
            f"A single file holds no config, which a {kinds[0]} needs; {file.name} is one. Put it as a folder with its"
            " config.json into models/controlnet."
        )
    if not names & {FIRST, FIRST_LDM}:
        raise ControlNetError(f"{file.name} is no ControlNet of Stable Diffusion or SDXL. Choose another file.")


def _converted(state: State, unet: Any) -> State:
    """From the original layout to diffusers', where it is not in that already."""
    from diffusers.loaders.single_file_utils import convert_controlnet_checkpoint

    if FIRST in state:
        return state
    made = convert_controlnet_checkpoint(state, unet.config)
    plain = {name.removeprefix(LDM): tensor for name, tensor in state.items()}
    # Of SDXL, which the converter leaves out.
    return made | {new: plain[old] for old, new in ADDED.items() if old in plain}


def _empty(pipe: Any, state: State) -> Any:
    """A ControlNet for that UNet with the sizes that only the file knows, and no weights yet."""
    import torch
    from diffusers.models.controlnets.controlnet import ControlNetModel

    first, blocks = state[FIRST].shape, "controlnet_cond_embedding.blocks."
    # Every other convolution of the hint's encoder goes to the next width.
    count = len({name.split(".")[2] for name in state if name.startswith(blocks)})
    widths = (first[0], *(state[f"{blocks}{number}.weight"].shape[0] for number in range(1, count, 2)))
    with torch.device("meta"):
        like = ControlNetModel.from_unet(pipe.unet, load_weights_from_unet=False)
        options = {
            "in_channels": state["conv_in.weight"].shape[1],
            "conditioning_channels": first[1],
            "conditioning_embedding_out_channels": widths,
        }
        config = {name: value for name, value in like.config.items() if not name.startswith("_")}
        return ControlNetModel.from_config({**config, **options})


def _first_mismatch(error: RuntimeError) -> str:
    lines = str(error).splitlines()
    return (lines[1] if len(lines) > 1 else lines[0]).strip().rstrip(".")[:200]


def _unreadable(path: Path, kind: str, reason: str) -> ControlNetError:
    return ControlNetError(f"{path.name} cannot be loaded as {kind}: {reason}. Get it anew, or update diffusers.")
