"""A run's progress: each step to the host's bar, with a preview, and the host's Cancel into the run."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any, Protocol, Self

from torch import Tensor

from .latents import Look

Latents = Callable[[], Tensor | None]  # (B, C, h, w) in the pipeline's scale; costs something only when it is called


class Watch(Protocol):
    """The host's side."""

    def start(self, total: int, look: Look) -> None: ...

    def step(self, done: int, latents: Latents) -> None:
        """After each step, with a way to what it shows. Raises to end the run."""
        ...

    def check(self) -> None:
        """Raises to end the run."""
        ...


class Bar:
    """Takes the place of the tqdm bar that every pipeline fills, also those that call nobody back."""

    def __init__(self, watch: Watch, look: Look) -> None:
        self._watch = watch
        self._look = look
        self._done = 0
        self._items: list[Any] = []
        self.latents: Latents = lambda: None

    def __call__(self, iterable: Iterable[Any] | None = None, total: int | None = None) -> Self:
        """As DiffusionPipeline.progress_bar()."""
        self._items = list(iterable) if iterable is not None else []
        self._watch.start(total or len(self._items), self._look)
        self._done = 0
        self._watch.check()  # reading the prompt and loading the weights may have taken long
        return self

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing is held."""

    def __iter__(self) -> Iterator[Any]:
        for item in self._items:
            yield item
            self.update()

    def check(self) -> None:
        self._watch.check()

    def update(self, count: int = 1) -> None:
        self._done += count
        self._watch.step(self._done, self.latents)

    def set_description(self, *_: object, **__: object) -> None:
        """Some pipelines say what they do; the bar has no room for it."""

    set_postfix = set_description
