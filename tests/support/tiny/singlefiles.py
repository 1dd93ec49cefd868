"""Single files of the tiny pipelines: whole checkpoints in the layout of Stable Diffusion's makers, and denoisers."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

UNET, VAE = "model.diffusion_model.", "first_stage_model."
RESNET = {
    "norm1": "in_layers.0", "conv1": "in_layers.2", "norm2": "out_layers.0", "conv2": "out_layers.3",
    "time_emb_proj": "emb_layers.1", "conv_shortcut": "skip_connection",
}  # fmt: skip
OUTER = {
    "time_embedding.linear_1": "time_embed.0", "time_embedding.linear_2": "time_embed.2", "conv_in": "input_blocks.0.0",
    "conv_norm_out": "out.0", "conv_out": "out.2", "add_embedding.linear_1": "label_emb.0.0",
    "add_embedding.linear_2": "label_emb.0.2",
}  # fmt: skip
ATTENTION = {"group_norm": "norm", "to_q": "q", "to_k": "k", "to_v": "v", "to_out.0": "proj_out"}
OPENCLIP = {
    "embeddings.token_embedding.weight": "token_embedding.weight",
    "embeddings.position_embedding.weight": "positional_embedding",
    "final_layer_norm.weight": "ln_final.weight", "final_layer_norm.bias": "ln_final.bias",
}  # fmt: skip
IN_LAYER = {"layer_norm1": "ln_1", "layer_norm2": "ln_2", "mlp.fc1": "mlp.c_fc", "mlp.fc2": "mlp.c_proj",
            "self_attn.out_proj": "attn.out_proj"}  # fmt: skip


def weights(folder: Path) -> dict[str, Any]:
    from safetensors.torch import load_file

    return {name: tensor for file in sorted(folder.glob("*.safetensors")) for name, tensor in load_file(file).items()}


def write(file: Path, tensors: dict[str, Any]) -> Path:
    from safetensors.torch import save_file

    file.parent.mkdir(parents=True, exist_ok=True)
    save_file({name: tensor.contiguous().clone() for name, tensor in tensors.items()}, file)
    return file


def checkpoint(pipeline: Path, file: Path) -> Path:
    """The whole Stable Diffusion 1.5 or SDXL pipeline of a folder."""
    return write(file, checkpoint_tensors(pipeline))


def checkpoint_tensors(pipeline: Path) -> dict[str, Any]:
    config = json.loads((pipeline / "unet" / "config.json").read_text("utf-8"))
    made = {UNET + unet_name(name, config): tensor for name, tensor in weights(pipeline / "unet").items()}
    made |= vae_tensors(pipeline / "vae")
    first = "conditioner.embedders.0." if (pipeline / "text_encoder_2").is_dir() else "cond_stage_model."
    for name, tensor in weights(pipeline / "text_encoder").items():
        made[f"{first}transformer.text_model.{name.removeprefix('text_model.')}"] = tensor
    if (pipeline / "text_encoder_2").is_dir():
        second = dict(openclip(weights(pipeline / "text_encoder_2")))
        made |= {f"conditioner.embedders.1.model.{name}": tensor for name, tensor in second.items()}
    return made


def denoiser(pipeline: Path, file: Path, prefix: str = "") -> Path:
    """In diffusers' layout."""
    return write(file, {prefix + name: tensor for name, tensor in weights(pipeline / "transformer").items()})


def everything(pipeline: Path, file: Path) -> Path:
    """A whole Flux pipeline in one file, as ComfyUI's templates use them; only the denoiser in diffusers' layout."""
    made = {UNET + name: tensor for name, tensor in weights(pipeline / "transformer").items()}
    made |= {"vae." + name.removeprefix(VAE): tensor for name, tensor in vae_tensors(pipeline / "vae").items()}
    clip, t5 = (f"text_encoders.{name}.transformer." for name in ("clip_l", "t5xxl"))
    made |= {f"{clip}text_model.{name}": tensor for name, tensor in weights(pipeline / "text_encoder").items()}
    return write(file, made | {t5 + name: tensor for name, tensor in weights(pipeline / "text_encoder_2").items()})


def gguf_denoiser(pipeline: Path, file: Path) -> Path:
    """Q8_0 where a row is a whole number of blocks, else as it is."""
    from gguf import GGMLQuantizationType, GGUFWriter, quants

    file.parent.mkdir(parents=True, exist_ok=True)
    writer = GGUFWriter(file, "flux")
    for name, tensor in weights(pipeline / "transformer").items():
        values = tensor.float().numpy()
        kind = GGMLQuantizationType.Q8_0 if values.ndim == 2 and values.shape[1] % 32 == 0 else GGMLQuantizationType.F32
        packed = kind is GGMLQuantizationType.Q8_0
        writer.add_tensor(name, quants.quantize(values, kind) if packed else values, raw_dtype=kind)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return file


def unet_name(name: str, config: dict[str, Any]) -> str:
    """diffusers' name of a UNet's tensor -> its makers'."""
    layers = config["layers_per_block"] + 1
    if found := re.fullmatch(r"(down|up)_blocks\.(\d+)\.(resnets|attentions)\.(\d+)\.(.+)", name):
        way, block, what, layer, rest = found.groups()
        place = int(block) * layers + int(layer)
        start = f"input_blocks.{place + 1}" if way == "down" else f"output_blocks.{place}"
        return f"{start}.0.{_renamed(rest, RESNET)}" if what == "resnets" else f"{start}.1.{rest}"
    if found := re.fullmatch(r"down_blocks\.(\d+)\.downsamplers\.0\.conv\.(.+)", name):
        return f"input_blocks.{(int(found[1]) + 1) * layers}.0.op.{found[2]}"
    if found := re.fullmatch(r"up_blocks\.(\d+)\.upsamplers\.0\.conv\.(.+)", name):
        attends = config["up_block_types"][int(found[1])].startswith("CrossAttn")
        return f"output_blocks.{(int(found[1]) + 1) * layers - 1}.{2 if attends else 1}.conv.{found[2]}"
    if found := re.fullmatch(r"mid_block\.(resnets|attentions)\.(\d+)\.(.+)", name):
        resnet = found[1] == "resnets"
        return f"middle_block.{2 * int(found[2]) if resnet else 1}.{_renamed(found[3], RESNET) if resnet else found[3]}"
    return _renamed(name, OUTER)


def vae_tensors(folder: Path) -> dict[str, Any]:
    blocks = len(json.loads((folder / "config.json").read_text("utf-8"))["block_out_channels"])
    made = {}
    for name, tensor in weights(folder).items():
        new = vae_name(name, blocks)
        # Linear layers of the attention were convolutions of one pixel.
        square = ".mid.attn_1." in new and new.endswith("weight") and tensor.ndim == 2
        made[VAE + new] = tensor[:, :, None, None] if square else tensor
    return made


def vae_name(name: str, blocks: int) -> str:
    name = re.sub(r"down_blocks\.(\d+)\.resnets", r"down.\1.block", name)
    name = re.sub(r"down_blocks\.(\d+)\.downsamplers\.0", r"down.\1.downsample", name)
    name = re.sub(r"up_blocks\.(\d+)\.resnets", lambda found: f"up.{blocks - 1 - int(found[1])}.block", name)
    name = re.sub(r"up_blocks\.(\d+)\.upsamplers\.0", lambda found: f"up.{blocks - 1 - int(found[1])}.upsample", name)
    name = re.sub(r"mid_block\.resnets\.(\d+)", lambda found: f"mid.block_{int(found[1]) + 1}", name)
    name = name.replace("conv_norm_out", "norm_out").replace("conv_shortcut", "nin_shortcut")
    if found := re.fullmatch(r"(.+)\.mid_block\.attentions\.0\.(.+)", name):
        return f"{found[1]}.mid.attn_1.{_renamed(found[2], ATTENTION)}"
    return name


def openclip(tensors: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """transformers' names of a text encoder with a projection -> OpenCLIP's."""
    import torch

    plain = {name.removeprefix("text_model."): tensor for name, tensor in tensors.items()}
    for name, tensor in plain.items():
        found = re.fullmatch(r"encoder\.layers\.(\d+)\.(.+)", name)
        if name == "text_projection.weight":
            yield "text_projection", tensor.T
        elif not found:
            yield OPENCLIP[name], tensor
        elif joined := re.fullmatch(r"self_attn\.q_proj\.(.+)", found[2]):
            parts = [plain[name.replace("q_proj", f"{letter}_proj")] for letter in "qkv"]
            yield f"transformer.resblocks.{found[1]}.attn.in_proj_{joined[1]}", torch.cat(parts)
        elif ".k_proj" not in name and ".v_proj" not in name:
            yield f"transformer.resblocks.{found[1]}.{_renamed(found[2], IN_LAYER)}", tensor


def _renamed(name: str, names: dict[str, str]) -> str:
    """By the longest beginning that is known."""
    for old, new in names.items():
        if name == old or name.startswith(old + "."):
            return new + name[len(old) :]
    return name
