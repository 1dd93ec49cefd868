"""`model_index.json`: which pipeline a folder holds, and of which components."""

import inspect
import json
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple

from .errors import FolderError
from .finding import INDEX

LIBRARIES = ("diffusers", "transformers")
LARGEST_INDEX = 1 << 20  # bytes
# Never loaded: ComfyUI's own nodes check nothing either, and the class is not needed to sample.
LEFT_OUT = ("safety_checker", "feature_extractor")


class Component(NamedTuple):
    name: str  # also the name of its folder
    library: str
    kind: str  # class name


class Index(NamedTuple):
    folder: Path
    kind: str  # class name of the pipeline
    components: tuple[Component, ...]  # those that are loaded
    left_out: tuple[str, ...]  # those of LEFT_OUT that the file names, and those that it says are not there

    def modules(self) -> list[Component]:
        """The components that have weights. Imports their classes."""
        from torch.nn import Module

        return [one for one in self.components if issubclass(component_class(self.folder, one), Module)]


def read_index(folder: Path) -> Index:
    """Raises FolderError: no or no readable index, a pipeline with code of its own, or one unknown to diffusers."""
    file = folder / INDEX
    try:
        with file.open("rb") as source:
            text = source.read(LARGEST_INDEX + 1)
    except OSError as error:
        raise FolderError(f"{folder.name}: {INDEX} cannot be read ({error}). Get that file anew.") from error
    return index_of(folder, text)


def index_of(folder: Path, text: bytes) -> Index:
    """From the bytes of the file, which need not lie in the folder yet. Raises FolderError as read_index does."""
    values = _object(folder, text)
    kind = values.get("_class_name")
    if not isinstance(kind, str):
        raise FolderError(
            f"{folder.name}: {INDEX} names no pipeline class of diffusers (it says {str(kind)[:80]!r}). Pipelines that"
            " bring code of their own are not run; choose another one."
        )
    entries = {name: value for name, value in values.items() if not name.startswith("_") and isinstance(value, list)}
    taken = inspect.signature(_checked_class(folder, kind).__init__).parameters  # diffusers leaves out all others
    absent = tuple(name for name in taken if name in entries and (name in LEFT_OUT or entries[name] == [None, None]))
    named = {name: value for name, value in entries.items() if name not in LEFT_OUT and value != [None, None]}
    components = [_component(folder, name, value) for name, value in named.items()]
    return Index(folder, kind, tuple(one for one in components if one.name in taken), absent)


def component_class(folder: Path, component: Component) -> type:
    found = getattr(import_module(component.library), component.kind, None)
    if not isinstance(found, type):
        raise FolderError(
            f"{folder.name}: its component {component.name} is a {component.kind}, which the installed"
            f" {component.library} does not know. Update {component.library}."
        )
    return found


def _checked_class(folder: Path, kind: str) -> type:
    import diffusers
    from diffusers.pipelines.pipeline_utils import DiffusionPipeline

    found = getattr(diffusers, kind, None)
    if not isinstance(found, type):
        raise FolderError(
            f"{folder.name} is a {kind[:80]}, which diffusers {diffusers.__version__} does not know. Update diffusers."
        )
    if not issubclass(found, DiffusionPipeline) or found is DiffusionPipeline:
        raise FolderError(f"{folder.name} is of the class {kind}, which is no pipeline. Choose another one.")
    return found


def _component(folder: Path, name: str, value: list[Any]) -> Component:
    if len(value) != 2 or not all(isinstance(one, str) for one in value) or not name.isidentifier():
        raise FolderError(
            f"{folder.name}: {INDEX} gives {str(value)[:80]} for {name[:80]!r} instead of a library and a class."
            " Get that file anew."
        )
    library, kind = value
    if library not in LIBRARIES:
        raise FolderError(
            f"{folder.name}: its component {name} is of {library[:80]!r}; only parts of {' and '.join(LIBRARIES)} are"
            " loaded, never code that a folder brings. Choose another pipeline."
        )
    return Component(name, library, kind)


def _object(folder: Path, text: bytes) -> dict[str, Any]:
    try:
        values = json.loads(text) if len(text) <= LARGEST_INDEX else None
    except (ValueError, RecursionError) as error:
        raise FolderError(f"{folder.name}: {INDEX} cannot be read ({error}). Get that file anew.") from error
    if not isinstance(values, dict):
        raise FolderError(f"{folder.name}: {INDEX} is not a JSON object of moderate size. Get it anew.")
    return values
