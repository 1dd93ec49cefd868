"""The small decoder that ComfyUI takes for its TAESD previews, with random weights that all lead to red."""

from pathlib import Path

import torch
from safetensors.torch import save_file

WIDTH = 64
STAGES = ((3, 7), (8, 12), (13, 17))  # first block, and the convolution after the upsampling, by their places


def preview_decoder(file: Path, channels: int) -> Path:
    """For latents with that many channels."""
    weights = conv("1", channels) | conv("18.conv.0") | conv("18.conv.2") | conv("18.conv.4")
    weights |= {"19.weight": torch.zeros(3, WIDTH, 3, 3), "19.bias": torch.tensor([1.0, 0.0, 0.0])}
    for first, after in STAGES:
        weights |= conv(str(after), bias=False)
        for place in range(first, first + 3):
            weights |= conv(f"{place}.conv.0") | conv(f"{place}.conv.2") | conv(f"{place}.conv.4")
    save_file(weights, file)
    return file


def conv(name: str, width: int = WIDTH, bias: bool = True) -> dict[str, torch.Tensor]:
    made = torch.nn.Conv2d(width, WIDTH, 3, bias=bias)
    return {f"{name}.{part}": value.detach() for part, value in made.named_parameters()}
