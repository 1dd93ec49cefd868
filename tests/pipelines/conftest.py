import shutil
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import torch

from lectern.pipelines.latents import Look
from lectern.pipelines.loading import Loader
from lectern.pipelines.pipeline import Pipeline, Spec
from lectern.pipelines.watching import Latents
from support.tiny import FAMILIES, tiny_pipeline


@pytest.fixture(scope="session", autouse=True)
def two_threads() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with one pipeline of each family. Read only."""
    folder = tmp_path_factory.mktemp("tiny")
    for family in FAMILIES:
        tiny_pipeline(family, folder / family)
    return folder


@pytest.fixture
def copied(tiny: Path, tmp_path: Path) -> Callable[[str], Path]:
    """A copy of a family's folder that a test may spoil."""

    def copy(family: str) -> Path:
        return shutil.copytree(tiny / family, tmp_path / family)

    return copy


class Kept:
    """Weights in the keeping of nobody but the test."""

    def __init__(self, module: torch.nn.Module) -> None:
        self.module = module
        self.changes = 0

    @property
    def bytes(self) -> int:
        return sum(one.numel() * one.element_size() for one in self.module.parameters())

    def changed(self) -> None:
        self.changes += 1


class PlainMemory:
    def __init__(self) -> None:
        self.loads: list[list[str]] = []  # class names, for each load
        self.released: list[list[str]] = []
        self.rooms: list[int] = []  # bytes
        self.size = 1 << 40  # bytes of the device

    @property
    def device(self) -> torch.device:
        return torch.device("cpu")

    def keep(self, module: torch.nn.Module) -> Kept:
        return Kept(module)

    def load(self, weights: Sequence[Any], working: int) -> None:
        self.loads.append([type(one.module).__name__ for one in weights])

    def release(self, weights: Sequence[Any]) -> None:
        self.released.append([type(one.module).__name__ for one in weights])

    def make_room(self, size: int) -> None:
        self.rooms.append(size)

    def free(self) -> int:
        return 1 << 30

    def capacity(self) -> int:
        return self.size

    def ram(self) -> int:
        return 1 << 30

    def precision(self, wanted: str) -> str:
        return wanted


class Stopped(BaseException):
    """As ComfyUI's interrupt: not an Exception."""


class Steps:
    """A Watch that remembers, and stops after some steps where it is told to."""

    def __init__(self, stop_after: int | None = None) -> None:
        self.total = 0
        self.seen: list[tuple[int, torch.Tensor | None]] = []
        self._stop_after = stop_after

    def start(self, total: int, look: Look) -> None:
        self.total = total

    def step(self, done: int, latents: Latents) -> None:
        self.seen.append((done, latents()))
        self.check()

    def check(self) -> None:
        if self._stop_after is not None and len(self.seen) >= self._stop_after:
            raise Stopped


@pytest.fixture
def memory() -> PlainMemory:
    return PlainMemory()


@pytest.fixture(scope="session")
def further(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Pipeline]:
    """Pipelines of further families, each made and loaded once when it is first asked for."""
    folder, loader = tmp_path_factory.mktemp("further"), Loader(PlainMemory())
    return cache(lambda family: loader.load(Spec(tiny_pipeline(family, folder / family))))


@pytest.fixture(scope="session")
def pipelines(tiny: Path) -> dict[str, Pipeline]:
    """Loaded once; nothing changes them, as the tests show."""
    loader = Loader(PlainMemory())
    return {family: loader.load(Spec(tiny / family)) for family in FAMILIES}
