"""Text encoders out of full checkpoints: OpenCLIP's tensor names to those of transformers, and a model of them."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .errors import FolderError

if TYPE_CHECKING:
    from torch import Tensor

BLOCKS = "transformer.resblocks."
# OpenCLIP -> transformers
NAMES = {
    "positional_embedding": "embeddings.position_embedding.weight",
    "token_embedding.weight": "embeddings.token_embedding.weight",
    "ln_final.weight": "final_layer_norm.weight",
    "ln_final.bias": "final_layer_norm.bias",
}
IN_BLOCKS = {"ln_1": "layer_norm1", "ln_2": "layer_norm2", "mlp.c_fc": "mlp.fc1", "mlp.c_proj": "mlp.fc2"}
PROJECTION = "text_projection.weight"


def text_encoder(kind: Any, config: Path, tensors: dict[str, "Tensor"], dtype: Any) -> Any:
    """`kind` is a class of transformers, `config` its folder. Raises FolderError: tensors are missing."""
    settings = kind.config_class.from_pretrained(str(config), local_files_only=True)
    if any(name.startswith(BLOCKS) for name in tensors):
        tensors = from_openclip(tensors, settings.num_hidden_layers)
    if kind.__name__.startswith("CLIP"):
        tensors = dict(_plain(tensors))
        if kind.__name__ == "CLIPTextModelWithProjection" and PROJECTION not in tensors:
            import torch

            tensors[PROJECTION] = torch.eye(settings.projection_dim)  # SD3's files leave it out; there it is one
    model, report = kind.from_pretrained(
        None, config=settings, state_dict=_named(kind, settings, tensors), dtype=dtype, output_loading_info=True
    )
    missing = sorted(report["missing_keys"])
    if missing:
        raise FolderError(f"its {config.name} lacks {len(missing)} tensors such as {missing[0]}")
    return model.train(False)


def from_openclip(tensors: dict[str, "Tensor"], layers: int) -> dict[str, "Tensor"]:
    """Only the first `layers`: pipelines of Stable Diffusion 2 work without the last one."""
    made: dict[str, Tensor] = {}
    for name, tensor in tensors.items():
        if name == "text_projection":
            made[PROJECTION] = tensor.T.contiguous()
        elif name.startswith(BLOCKS):
            made |= dict(_in_block(name[len(BLOCKS) :], tensor, layers))
        elif name in NAMES or name == PROJECTION:
            made[NAMES.get(name, name)] = tensor
    return made


def _in_block(name: str, tensor: "Tensor", layers: int) -> Iterator[tuple[str, "Tensor"]]:
    number, _, rest = name.partition(".")
    if not number.isdigit() or int(number) >= layers:
        return
    start = f"encoder.layers.{number}."
    if rest.startswith("attn.in_proj_"):
        end = rest.removeprefix("attn.in_proj_")
        for letter, part in zip("qkv", tensor.chunk(3), strict=True):
            yield f"{start}self_attn.{letter}_proj.{end}", part.contiguous()
    elif rest.startswith("attn.out_proj."):
        yield f"{start}self_{rest}", tensor
    else:
        layer, _, end = rest.rpartition(".")
        yield f"{start}{IN_BLOCKS.get(layer, layer)}.{end}", tensor


def _plain(tensors: dict[str, "Tensor"]) -> Iterator[tuple[str, "Tensor"]]:
    for name, tensor in tensors.items():
        short = name.removeprefix("text_model.")
        if not short.endswith(("position_ids", "logit_scale")):
            yield short, tensor


def _named(kind: Any, settings: Any, tensors: dict[str, "Tensor"]) -> dict[str, "Tensor"]:
    """transformers 5.6 flattened CLIPTextModel, but not the one with a projection; older ones nest both."""
    from accelerate import init_empty_weights

    if not kind.__name__.startswith("CLIP"):
        return tensors
    with init_empty_weights():
        nested = any(name.startswith("text_model.") for name in kind(settings).state_dict())
    return {name if name == PROJECTION or not nested else f"text_model.{name}": one for name, one in tensors.items()}
