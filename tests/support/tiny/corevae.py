"""Writes a Wan VAE as core's loader knows it, narrow but of the real depth: run by ComfyUI's Python, in its tree.

Usage: python corevae.py <the ComfyUI tree> <file to write>
"""

import sys
from pathlib import Path
from typing import Any

WIDTH = 8


def write(tree: Path, file: Path) -> None:
    sys.path.insert(0, str(tree))
    sys.argv = [sys.argv[0], "--cpu"]
    import comfy.options  # pyright: ignore[reportMissingImports]

    comfy.options.enable_args_parsing()
    import torch
    from comfy.ldm.wan.vae import WanVAE  # pyright: ignore[reportMissingImports]
    from safetensors.torch import save_file

    torch.manual_seed(0)
    vae = WanVAE(dim=WIDTH, z_dim=16, dim_mult=[1, 2, 4, 4], num_res_blocks=2, attn_scales=[],
                 temperal_downsample=[False, True, True])  # fmt: skip
    save_file({name: _drawn(torch, name, tensor.shape) for name, tensor in vae.state_dict().items()}, file)


def _drawn(torch: Any, name: str, shape: Any) -> Any:
    """Core leaves weights as they lay in memory; these keep the size of what goes through them."""
    if name.endswith("gamma"):
        return torch.ones(shape)
    fan = max(1, torch.Size(shape[1:]).numel())
    return torch.randn(shape) * (0.02 if name.endswith("bias") else fan**-0.5)


if __name__ == "__main__":
    write(Path(sys.argv[1]), Path(sys.argv[2]))
