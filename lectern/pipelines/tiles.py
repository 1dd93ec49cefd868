"""The VAE in tiles, and picture by picture, for one run."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from .plans import Plan

FLAGS = {"use_tiling": "enable_tiling", "use_slicing": "enable_slicing"}


@contextmanager
def tiled(vae: Any, plan: Plan) -> Iterator[None]:
    wanted = {"use_tiling": plan.vae_tiling, "use_slicing": plan.vae_slicing}
    before = {name: getattr(vae, name) for name, chosen in wanted.items() if chosen}
    try:
        for name in before:
            getattr(vae, FLAGS[name])()
        yield
    finally:
        for name, was in before.items():
            setattr(vae, name, was)
