"""Tiny ControlNets, IP-Adapters and image encoders for the tiny pipelines, as they lie on disk."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from .parts import diffusers

HINTS = (8, 8, 16, 16)  # widths of the encoder of the control picture
VISION = 24  # hidden width of the image encoder
POOLED = 20  # its projected width


def seeded(seed: int, make: Callable[[], Any]) -> Any:
    """The caller's random numbers go on as if nothing had been drawn."""
    import torch

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return make()


def loud(module: Any) -> Any:
    """A new ControlNet adds nothing: its last layers start at zero."""
    import torch

    for parameter in module.parameters():
        if not parameter.any():
            torch.nn.init.normal_(parameter, std=0.3)
    for name, parameter in module.named_parameters():
        if "cond_embedding" in name and parameter.ndim > 1:
            parameter.data *= 3  # so that the picture is not lost among tiny weights
    return module


def controlnet(pipe: Any, seed: int = 0, union: bool = False) -> Any:
    """For a loaded pipeline of Stable Diffusion, SDXL or Flux."""

    def make() -> Any:
        if hasattr(pipe, "unet"):
            kind = diffusers().ControlNetUnionModel if union else diffusers().ControlNetModel
            net = kind.from_unet(pipe.unet, conditioning_embedding_out_channels=HINTS)
            options = {name: value for name, value in net.config.items() if not name.startswith("_")}
            return kind.from_config({**options, "num_trans_channel": 32, "num_proj_channel": 32}) if union else net
        return diffusers().FluxControlNetModel.from_transformer(
            pipe.transformer, num_layers=1, num_single_layers=0, attention_head_dim=16, num_attention_heads=2
        )

    return seeded(seed, lambda: loud(make()))


def original_controlnet(net: Any) -> dict[str, Any]:
    """The tensors of a tiny ControlNet of Stable Diffusion by the names that the original code gives them."""
    made = {}
    for name, tensor in net.state_dict().items():
        made["control_model." + _original(name)] = tensor.clone()
    return made


TOPS = {
    "time_embedding.linear_1": "time_embed.0", "time_embedding.linear_2": "time_embed.2",
    "add_embedding.linear_1": "label_emb.0.0", "add_embedding.linear_2": "label_emb.0.2",
    "conv_in": "input_blocks.0.0", "controlnet_mid_block": "middle_block_out.0",
    "controlnet_cond_embedding.conv_in": "input_hint_block.0",
    "controlnet_cond_embedding.conv_out": "input_hint_block.14",
    "mid_block.resnets.0": "middle_block.0", "mid_block.attentions.0": "middle_block.1",
    "mid_block.resnets.1": "middle_block.2",
    # One block of one layer and a step down, then one of one layer.
    "down_blocks.0.resnets.0": "input_blocks.1.0", "down_blocks.0.attentions.0": "input_blocks.1.1",
    "down_blocks.0.downsamplers.0.conv": "input_blocks.2.0.op", "down_blocks.1.resnets.0": "input_blocks.3.0",
}  # fmt: skip
TOPS |= {f"controlnet_down_blocks.{number}": f"zero_convs.{number}.0" for number in range(4)}
TOPS |= {f"controlnet_cond_embedding.blocks.{number}": f"input_hint_block.{2 * number + 2}" for number in range(6)}
INSIDE = {
    "norm1": "in_layers.0", "conv1": "in_layers.2", "time_emb_proj": "emb_layers.1", "norm2": "out_layers.0",
    "conv2": "out_layers.3", "conv_shortcut": "skip_connection",
}  # fmt: skip


def _original(name: str) -> str:
    top = max((one for one in TOPS if name.startswith(one + ".")), key=len)
    rest = name.removeprefix(top + ".")
    if ".resnets." in f".{top}":
        first, _, last = rest.partition(".")
        rest = f"{INSIDE[first]}.{last}"
    return f"{TOPS[top]}.{rest}"


def vision_encoder(hidden: int = VISION, pooled: int = POOLED, heads: int = 4, patch: int = 8) -> Any:
    from transformers import CLIPVisionConfig, CLIPVisionModelWithProjection

    config = CLIPVisionConfig(
        hidden_size=hidden, intermediate_size=2 * hidden if hidden < 100 else 8, num_hidden_layers=2,
        num_attention_heads=heads, image_size=4 * patch, patch_size=patch, projection_dim=pooled,
        hidden_act="gelu",
    )  # fmt: skip
    return seeded(5, lambda: CLIPVisionModelWithProjection(config))


def ip_adapter(pipe: Any, seed: int = 0, plus: bool = False, pooled: int = POOLED) -> dict[str, Any]:
    """Tensors by the names of the files of h94/IP-Adapter."""
    import torch

    width = pipe.unet.config.cross_attention_dim if hasattr(pipe, "unet") else 32
    draw = torch.Generator().manual_seed(seed)

    def drawn(*shape: int) -> Any:
        return torch.randn(shape, generator=draw) * 0.5

    layers: dict[str, Any] = {}
    if hasattr(pipe, "unet"):
        names = [name for name in pipe.unet.attn_processors if name.endswith("attn2.processor")]
        for number, name in enumerate(names):
            owner = pipe.unet.get_submodule(name.removesuffix(".processor"))
            for kind in "kv":
                layers[f"ip_adapter.{2 * number + 1}.to_{kind}_ip.weight"] = drawn(owner.inner_dim, width)
    else:
        inner = pipe.transformer.inner_dim
        for kind in "kv":
            layers[f"double_blocks.0.processor.ip_adapter_double_stream_{kind}_proj.weight"] = drawn(inner, width)
            layers[f"double_blocks.0.processor.ip_adapter_double_stream_{kind}_proj.bias"] = drawn(inner)
    start = "image_proj" if hasattr(pipe, "unet") else "ip_adapter_proj_model"
    projection = _resampler(width, drawn) if plus else _plain(width, pooled, drawn)
    return layers | {f"{start}.{name}": tensor for name, tensor in projection.items()}


def _plain(width: int, pooled: int, drawn: Callable[..., Any]) -> dict[str, Any]:
    import torch

    return {
        "proj.weight": drawn(4 * width, pooled), "proj.bias": drawn(4 * width),
        "norm.weight": torch.ones(width), "norm.bias": torch.zeros(width),
    }  # fmt: skip


def _resampler(width: int, drawn: Callable[..., Any]) -> dict[str, Any]:
    """Of four layers, as all there are, with one head of 64."""
    import torch

    inner = 16
    made = {
        "latents": drawn(1, 3, inner), "proj_in.weight": drawn(inner, VISION), "proj_in.bias": drawn(inner),
        "proj_out.weight": drawn(width, inner), "proj_out.bias": drawn(width),
        "norm_out.weight": torch.ones(width), "norm_out.bias": torch.zeros(width),
    }  # fmt: skip
    for number in range(4):
        made |= {f"layers.{number}.{name}": tensor for name, tensor in _layer(inner, 64, drawn).items()}
    return made


def _layer(inner: int, head: int, drawn: Callable[..., Any]) -> dict[str, Any]:
    import torch

    norms = {f"{name}.{end}": value for name in ("0.norm1", "0.norm2", "1.0")
             for end, value in (("weight", torch.ones(inner)), ("bias", torch.zeros(inner)))}  # fmt: skip
    return norms | {
        "0.to_q.weight": drawn(head, inner), "0.to_kv.weight": drawn(2 * head, inner),
        "0.to_out.weight": drawn(inner, head),
        "1.1.weight": drawn(4 * inner, inner), "1.3.weight": drawn(inner, 4 * inner),
    }  # fmt: skip


def written(tensors: Mapping[str, Any], file: Path) -> Path:
    from safetensors.torch import save_file

    file.parent.mkdir(parents=True, exist_ok=True)
    save_file({name: one.contiguous() for name, one in tensors.items()}, file)
    return file
