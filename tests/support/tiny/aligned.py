"""Weights where torch itself would have put them."""

import torch


def aligned(module: torch.nn.Module) -> torch.nn.Module:
    """The same module with its weights copied out of the mapped file: there they may lie between two multiples of 64
    bytes, for which some processors' kernels add up in another order (seen on an AMD EPYC: 5e-7 apart)."""
    for one in module.parameters():
        one.data = one.data.clone()
    return module
