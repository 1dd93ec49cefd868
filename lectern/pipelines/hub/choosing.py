"""Which of a repository's files a pipeline needs: texts of its components, safetensors of one variant, nothing else."""

import json
from collections.abc import Iterable, Mapping
from pathlib import PurePosixPath
from typing import NamedTuple

from ...weightfiles import OTHER_FORMATS, STEMS
from ..errors import FolderError, HubAnswerError
from ..index import Index
from .listing import Entry, checked_path

# .jinja is a tokenizer's chat template, which transformers fills in a sandbox.
_TEXTS = (".json", ".txt", ".model", ".jinja")
_INDEX = ".index."  # part of the name of every list of shards
LARGEST_INDEX = 16 << 20  # bytes; one of 2,000 tensors has 200 KB

Files = Mapping[str, Entry]  # by path


class Choice(NamedTuple):
    files: list[Entry]  # in the order in which they are fetched
    indexes: list[Entry]  # lists of shards, each of which names more files


def chosen(label: str, index: Index, files: Files, variant: str) -> Choice:
    """All but model_index.json and shards.

    Raises:
        FolderError: a component is missing, has only other formats, or has no file of that variant.
    """
    names = [one.name for one in index.components]
    inside = {name: _inside(name, files) for name in names}
    missing = [name for name in names if not inside[name]]
    if missing:
        raise FolderError(f"{label} has no files of its component {missing[0]}. Choose another pipeline.")
    weights = {name: found for name in names if (found := _weights(label, name, inside[name], variant))}
    if variant and not any(f".{variant}." in one.path for one in weights.values()):
        there = ", ".join(_variants(inside.values())) or "only the plain files, which an empty variant loads"
        raise FolderError(f"{label} has no files of the variant {variant[:80]!r}. There is: {there}.")
    indexes = [one for one in weights.values() if _INDEX in one.path]
    texts = [one for name in names for one in inside[name] if _is_text(PurePosixPath(one.path).name)]
    return Choice([*texts, *(one for one in weights.values() if one not in indexes)], indexes)


def shards(label: str, index: Entry, text: bytes, files: Files) -> list[Entry]:
    """The files that a list of shards names, all beside it. Raises FolderError, HubAnswerError."""
    try:
        named = json.loads(text)["weight_map"].values()
        names = sorted({str(name) for name in named})
    except (ValueError, KeyError, AttributeError, TypeError, RecursionError):
        raise HubAnswerError(f"{label}: {index.path} cannot be read. Choose another pipeline.") from None
    folder = PurePosixPath(index.path).parent
    paths = [str(folder / checked_path(name)) for name in names]
    missing = [path for path in paths if path not in files or not path.endswith(".safetensors")]
    if missing or any("/" in name for name in names):
        raise FolderError(f"{label}: {index.path} names {(missing or paths)[0][:200]}, which is not there as such.")
    return [files[path] for path in paths]


def _inside(component: str, files: Files) -> list[Entry]:
    """The files at the top of the component's folder."""
    return [entry for path, entry in sorted(files.items()) if str(PurePosixPath(path).parent) == component]


def _weights(label: str, component: str, inside: list[Entry], variant: str) -> Entry | None:
    """The weights' file, or the list of their shards, as `weightfiles` would find it; None for one without weights."""
    names = {PurePosixPath(one.path).name: one for one in inside}
    for middle in dict.fromkeys((f".{variant}" if variant else "", "")):
        for stem in STEMS:
            for name in (f"{stem}.safetensors.index{middle}.json", f"{stem}{middle}.safetensors"):
                if name in names:
                    return names[name]
    if there := _variants([inside]):
        raise FolderError(
            f"{label} has the weights of {component} only in the variant {', '.join(there)}. Write that into variant."
        )
    other = [name for name in names for pattern in OTHER_FORMATS if PurePosixPath(name).match(pattern)]
    if other:
        raise FolderError(
            f"{label} has the weights of {component} only as {other[0]}; only safetensors files are loaded, because"
            " such a file can run code. Choose a pipeline or a revision with safetensors."
        )
    return None


def _variants(folders: Iterable[list[Entry]]) -> list[str]:
    """`fp16` of `model.fp16.safetensors` and of `model.safetensors.index.fp16.json`."""
    found = set()
    for one in (one for folder in folders for one in folder):
        parts = PurePosixPath(one.path).name.split(".")
        if parts[0] in STEMS and len(parts) == 3 and parts[2] == "safetensors":
            found.add(parts[1].split("-")[0])
        if parts[0] in STEMS and len(parts) == 5 and parts[1:3] == ["safetensors", "index"]:
            found.add(parts[3])
    return sorted(found)


def _is_text(name: str) -> bool:
    return name.endswith(_TEXTS) and _INDEX not in name
