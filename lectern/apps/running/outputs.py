"""What a finished prompt gave: files and texts in ComfyUI's history, as named outputs."""

import mimetypes
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any

from ..runs import OutputItem
from .messages import encodable

# The types that matter here and that Python's own table lacks or takes from the operating system.
CONTENT_TYPES = {
    ".avif": "image/avif",
    ".flac": "audio/flac",
    ".glb": "model/gltf-binary",
    ".jpeg": "image/jpeg",
    ".jpg": "image/jpeg",
    ".json": "application/json",
    ".latent": "application/octet-stream",
    ".mp3": "audio/mpeg",
    ".mp4": "video/mp4",
    ".opus": "audio/ogg",
    ".pdf": "application/pdf",
    ".png": "image/png",
    ".pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    ".wav": "audio/wav",
    ".webm": "video/webm",
    ".webp": "image/webp",
    ".zip": "application/zip",
}
INLINE_TYPES = frozenset({"image/avif", "image/gif", "image/jpeg", "image/png", "image/webp"})
TEXT_TYPE = "text/plain; charset=utf-8"
TEXT_LENGTH = 1_000_000  # characters kept of one text; a node may show anything
FOLDERS = frozenset({"output", "temp"})
EDITOR_ONLY = frozenset({"thumbnails"})  # keys of what a node shows in the editor of files that it lists elsewhere


def content_type(name: str) -> str:
    suffix = PurePosixPath(name).suffix.lower()
    return CONTENT_TYPES.get(suffix) or mimetypes.guess_type(f"x{suffix}")[0] or "application/octet-stream"


def collect_outputs(entry: Mapping[str, Any], names: Mapping[str, str]) -> list[OutputItem]:
    """All files and texts of the app's output nodes in a history entry, in the order of `names`.

    Args:
        entry: one value of ComfyUI's `/history`.
        names: node id to output name.
    """
    found: dict[str, list[OutputItem]] = {node_id: [] for node_id in names}
    outputs = entry.get("outputs")
    for node_id, shown in outputs.items() if isinstance(outputs, dict) else ():
        display = _display_node(entry, node_id)
        if display in found and isinstance(shown, dict):
            found[display] += node_outputs(names[display], display, shown)
    return [item for node_id in names for item in found[node_id]]


def _display_node(entry: Mapping[str, Any], node_id: str) -> str:
    """A node that another node expanded into shows its results on that one."""
    meta = entry.get("meta")
    node = meta.get(node_id) if isinstance(meta, dict) else None
    display = node.get("display_node") if isinstance(node, dict) else None
    return display if isinstance(display, str) else node_id


def node_outputs(output: str, node_id: str, shown: Mapping[str, Any]) -> Iterator[OutputItem]:
    """Any key may hold files: images, gifs, audio, whatever a node's author called it; but for EDITOR_ONLY."""
    for key, values in shown.items():
        if key in EDITOR_ONLY or not isinstance(values, list):
            continue
        for number, value in enumerate(values):
            if isinstance(value, dict) and isinstance(value.get("filename"), str):
                yield from _file(output, node_id, value)
            elif key == "text" and isinstance(value, str):
                yield _text(output, node_id, number, value[:TEXT_LENGTH])


def _file(output: str, node_id: str, value: Mapping[str, Any]) -> Iterator[OutputItem]:
    name, folder, subfolder = value["filename"], value.get("type", "output"), value.get("subfolder", "")
    if name and isinstance(folder, str) and folder in FOLDERS and isinstance(subfolder, str):
        name, subfolder = encodable(name), encodable(subfolder)
        yield OutputItem(output, node_id, name, content_type(name), subfolder=subfolder, folder=folder)


def _text(output: str, node_id: str, number: int, text: str) -> OutputItem:
    text = encodable(text)
    return OutputItem(output, node_id, f"{output}_{number + 1}.txt", TEXT_TYPE, len(text.encode()), text=text)
