"""What can be loaded from disk: folders with a `model_index.json`, and single files, by names that workflows keep.

A folder in models/diffusers has its path there as a name (`owner/model`). Everything else has the kind of models
folder that it lies in before its path (`checkpoints/sd15.safetensors`), as the same path may be in several kinds. Two
roots of one kind are what extra_model_paths.yaml makes: there the first root's counts, as everywhere in ComfyUI.
"""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from ..walking import walk
from .errors import FolderError

INDEX = "model_index.json"
SUFFIXES = (".safetensors", ".gguf")  # only formats whose reading cannot run code
PLAIN = "diffusers"  # the kind whose folders have no kind in their names

Roots = Mapping[str, Iterable[Path]]  # kind -> folders


def find_models(roots: Roots) -> dict[str, Path]:
    """Name -> folder or file, sorted by name. Opens no file."""
    found: dict[str, Path] = {}
    for kind, folders in roots.items():
        for root in folders:
            for path in _below(root):
                found.setdefault(_name(kind, root, path), path)
    return dict(sorted(found.items(), key=lambda item: (item[0].casefold(), item[0])))


def find_folders(roots: Roots) -> dict[str, Path]:
    return {name: path for name, path in find_models(roots).items() if not is_single_file(path)}


def find_model(name: str, roots: Roots) -> Path:
    """Raises FolderError when nothing has that name; a path is no name."""
    return _chosen(name, find_models(roots), "pipeline or single file", "models/diffusers, checkpoints and so on")


def find_folder(name: str, roots: Roots) -> Path:
    """Only among folders. Raises FolderError."""
    return _chosen(name, find_folders(roots), "pipeline folder", "models/diffusers")


def is_single_file(path: Path) -> bool:
    """By a path that was found: a folder may have such a name too, so the disk decides."""
    return path.suffix.lower() in SUFFIXES and path.is_file()


def _chosen(name: str, found: dict[str, Path], what: str, where: str) -> Path:
    if name not in found:
        known = ", ".join(found) or "none"
        raise FolderError(
            f"There is no {what} {name[:200]!r} in {where}. Choose one of those that are there: {known[:2000]}."
        )
    return found[name]


def _name(kind: str, root: Path, path: Path) -> str:
    name = path.relative_to(root).as_posix()
    return name if kind == PLAIN and not is_single_file(path) else f"{kind}/{name}"


def _below(root: Path) -> Iterator[Path]:
    """Nothing inside a pipeline is listed."""
    for folder, files in walk(root, lambda files: INDEX in files):
        if folder != root and INDEX in files:
            yield folder
        else:
            yield from (folder / name for name in files if name.lower().endswith(SUFFIXES))
