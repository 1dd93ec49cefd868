import asyncio
import io
import shutil
import socket
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image

from lectern.prompts.local.backend import LocalBackend
from lectern.prompts.local.drawing import Drawing
from lectern.prompts.local.loading import Loader
from lectern.prompts.local.model import Model, Spec
from lectern.prompts.messages import Message, Question, Reply
from lectern.prompts.watching import Watch
from support.chat.real import real_server as real_server  # a fixture of the whole session
from support.tiny_llm import seeing, writing


class Kept:
    """Weights in the keeping of nobody but the test."""

    def __init__(self, module: torch.nn.Module) -> None:
        self.module = module

    @property
    def bytes(self) -> int:
        return sum(one.numel() * one.element_size() for one in self.module.parameters())

    def changed(self) -> None:
        raise AssertionError("nothing changes the layers of a language model")


class PlainMemory:
    def __init__(self) -> None:
        self.loads: list[int] = []  # bytes of room beside the weights
        self.released: list[Any] = []
        self.kept = 0
        self.lacking: set[str] = set()  # precisions that the device does not have

    def keep(self, module: torch.nn.Module) -> Kept:
        self.kept += 1
        return Kept(module)

    def load(self, weights: Sequence[Any], working: int) -> None:
        self.loads.append(working)

    def release(self, weights: Sequence[Any]) -> None:
        self.released += weights

    def free(self) -> int:
        return 3 << 30

    def ram(self) -> int:
        return 5 << 30

    def precision(self, wanted: str) -> str:
        return "fp32" if wanted in self.lacking else wanted


class Stopped(BaseException):
    """As ComfyUI's interrupt: not an Exception."""


@pytest.fixture(autouse=True)
def offline(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Iterator[None]:
    """No local model may ask for anything elsewhere, and none may ask a person."""
    if not request.module.__name__.rpartition(".")[2].startswith("test_local"):
        yield  # the tests of chat servers do ask one
        return
    asked_for: list[tuple[Any, ...]] = []

    def refused(*what: Any, **_: Any) -> None:
        asked_for.append(what)
        raise OSError("something was asked for")

    monkeypatch.setattr(socket.socket, "connect", refused)
    monkeypatch.setattr(socket, "getaddrinfo", refused)
    monkeypatch.setattr("builtins.input", refused)
    yield
    assert asked_for == []


@pytest.fixture(scope="session", autouse=True)
def two_threads() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folders as in models/LLM. Read only."""
    root = tmp_path_factory.mktemp("LLM")
    writing(root / "writer")
    seeing(root / "owner" / "seer")
    return root


@pytest.fixture
def copied(models: Path, tmp_path: Path) -> Callable[[str], Path]:
    """A copy of a folder that a test may spoil."""

    def copy(name: str) -> Path:
        return shutil.copytree(models / name, tmp_path / "LLM" / name)

    return copy


@pytest.fixture
def memory() -> PlainMemory:
    return PlainMemory()


@pytest.fixture
def load(memory: PlainMemory) -> Callable[..., Model]:
    loader = Loader(memory)
    return lambda folder, dtype="auto": loader.load(Spec(folder, dtype))


@pytest.fixture
def backend(load: Callable[..., Model], memory: PlainMemory) -> Callable[..., LocalBackend]:
    def made(folder: Path, dtype: str = "auto", **options: Any) -> LocalBackend:
        options = {"check": lambda: None, "drawing": Drawing(temperature=1.0), "max_tokens": 24} | options
        return LocalBackend(load(folder, dtype), memory, **options)

    return made


def jpeg(color: tuple[int, int, int], size: tuple[int, int] = (40, 30)) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", size, color).save(file, "JPEG")
    return file.getvalue()


def asked(backend: LocalBackend, text: str = "A red door.", seed: int = 0, **options: Any) -> Reply:
    """One user's message, perhaps after a `system` one, perhaps with `pictures`."""
    system = options.pop("system", "")
    messages = [Message("system", system)] if system else []
    messages.append(Message("user", text, tuple(options.pop("pictures", ()))))
    watch = options.pop("watch", None) or Watch()
    return asyncio.run(backend.ask(Question(tuple(messages), seed, **options), watch.part()))
