"""What one server knows and remembers: its lists, options and what it noticed about the requests."""

from dataclasses import dataclass, field
from typing import Any

from support.webui.errors import Crash


@dataclass
class State:
    lists: dict[str, Any]  # GET answers by route; tests may change them
    strict: bool = True  # False: excess script arguments are dropped in silence, as the real servers do
    model_loaded: bool = True
    max_pixels: int = 2**26  # of one picture; more is out of memory
    unknown_keys: list[str] = field(default_factory=list)  # "route: key" that no dialect has
    ignored_keys: list[str] = field(default_factory=list)  # "route: key" that another dialect has, this one has not

    @property
    def options(self) -> dict[str, Any]:
        return self.lists["options"]

    def model(self, wanted: object = None) -> dict[str, Any] | None:
        """The checkpoint of a name, by any of the names that the real servers accept; None: the current one."""
        wanted = self.options["sd_model_checkpoint"] if wanted is None else wanted
        return next((model for model in self.lists["sd-models"] if wanted in _names(model)), None)

    def set_options(self, values: dict[str, Any]) -> None:
        """POST options: an unknown checkpoint changes nothing and crashes."""
        wanted = values.get("sd_model_checkpoint")
        if wanted and self.model(wanted) is None:
            raise Crash("RuntimeError", f"model {wanted!r} not found")
        model = self.model(wanted) if wanted else None
        self.options.update(values | ({"sd_model_checkpoint": model["title"]} if model else {}))

    def afford(self, width: int, height: int) -> None:
        if width * height > self.max_pixels:
            raise Crash("OutOfMemoryError", "CUDA out of memory. Tried to allocate 65.00 GiB")

    def note(self, route: str, body: object, known: set[str], elsewhere: set[str]) -> None:
        """Remembers the keys of a body that this dialect does not read."""
        for key in body if isinstance(body, dict) else ():
            if key not in known:
                (self.ignored_keys if key in elsewhere else self.unknown_keys).append(f"{route}: {key}")


def _names(model: dict[str, Any]) -> set[Any]:
    file = model["filename"].rsplit("/", 1)[-1]
    return {model["title"], model["model_name"], model["hash"], model["sha256"], model["filename"], file} - {None}
