"""The safetensors files of a component, and whether they are whole. Nothing here reads a weight.

A file is 8 bytes with the header's length, the header as JSON, then the tensors; each header entry gives the first
and last byte of its tensor (https://github.com/huggingface/safetensors#format).
"""

import json
import os
import struct
from collections import Counter
from contextlib import suppress
from math import prod
from pathlib import Path
from threading import Thread
from typing import Any, NamedTuple

from .errors import FolderError

LARGEST_HEADER = 100_000_000  # bytes, the format's own limit
STEMS = ("diffusion_pytorch_model", "model")  # diffusers' and transformers' names
AHEAD = 8 << 20  # bytes; the system fetches no more at one request
BITS = {
    "F64": 64, "I64": 64, "U64": 64, "F32": 32, "I32": 32, "U32": 32, "F16": 16, "BF16": 16, "I16": 16, "U16": 16,
    "I8": 8, "U8": 8, "BOOL": 8, "F8_E4M3": 8, "F8_E5M2": 8,
}  # fmt: skip
OTHER_FORMATS = ("*.bin", "*.ckpt", "*.pt", "*.pth", "*.msgpack", "*.onnx", "*.h5")


class Stored(NamedTuple):
    """One tensor as a file's header describes it."""

    shape: tuple[int, ...]
    stored: str  # the format's name for its type: F32, BF16, F8_E4M3 ...; Q4_K and so on in GGUF
    bytes: int


def weight_files(folder: Path, variant: str) -> list[Path]:
    """The file, or all shards, of one component: of the variant where it has one, else the plain one.

    Raises:
        FolderError: the folder is missing, has no safetensors file, or lacks a shard.
    """
    if not folder.is_dir():
        raise _fault(folder, "the folder is missing", "Get the whole model")
    for suffix in dict.fromkeys((variant, "")):
        if files := _of_variant(folder, suffix):
            return files
    other = sorted(file.name for pattern in OTHER_FORMATS for file in folder.glob(pattern))
    if other:
        raise _fault(
            folder, f"its weights are only there as {other[0]}; only safetensors files are loaded, because such a file"
            " can run code", "Get the safetensors version",
        )  # fmt: skip
    raise _fault(folder, "there is no safetensors file in it", "Get the whole model")


def has_variant(folder: Path, variant: str) -> bool:
    return bool(_of_variant(folder, variant))


def variants(folders: list[Path]) -> list[str]:
    """The variants that there are, for a message: `fp16` of `model.fp16.safetensors`."""
    names = [file.name.split(".") for folder in folders for file in folder.glob("*.safetensors")]
    found = {parts[1].split("-")[0] for parts in names if len(parts) == 3 and parts[0] in STEMS}
    return sorted(found)


def check_whole(file: Path) -> Counter[str]:
    """Bytes of weights by the format's name for their type (F32, F16, BF16 ...).

    Raises:
        FolderError: the header is damaged, or the file ends before its last tensor.
    """
    counted: Counter[str] = Counter()
    for tensor in read_head(file).values():
        counted[tensor.stored] += tensor.bytes
    return counted


def read_head(file: Path) -> dict[str, Stored]:
    """All tensors of a safetensors file. Raises FolderError as check_whole does."""
    header, start, size = _header(file)
    found: dict[str, Stored] = {}
    end = 0
    for name, entry in header.items():
        if name != "__metadata__":
            first, last, shape = _place(file, name, entry)
            found[name] = Stored(shape, str(entry.get("dtype")), last - first)
            end = max(end, last)
    if size < start + end:
        raise _broken(file, f"it ends after {size} of {start + end} bytes")
    return found


def read_ahead(files: list[Path]) -> None:
    """Has the system fetch the files from the disk while the models they belong to are still being built.

    Only on Linux, and only what takes less than half of the memory: else the first would be gone before it is used.
    """
    if not hasattr(os, "posix_fadvise"):
        return
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    if sum(file.stat().st_size for file in files) < memory / 2:
        Thread(target=_fetch, args=(files,), name="lectern read ahead", daemon=True).start()


def _fetch(files: list[Path]) -> None:
    for file in files:
        with suppress(OSError), file.open("rb") as source:
            for start in range(0, os.fstat(source.fileno()).st_size, AHEAD):
                os.posix_fadvise(source.fileno(), start, AHEAD, os.POSIX_FADV_WILLNEED)


def _of_variant(folder: Path, variant: str) -> list[Path]:
    middle = f".{variant}" if variant else ""
    for stem in STEMS:
        index = folder / f"{stem}.safetensors.index{middle}.json"
        if index.is_file():
            return _shards(index)
        file = folder / f"{stem}{middle}.safetensors"
        if file.is_file():
            return [file]
    return []


def _shards(index: Path) -> list[Path]:
    try:
        named = json.loads(index.read_text("utf-8"))["weight_map"].values()
        names = sorted({str(name) for name in named})
    except (OSError, ValueError, KeyError, AttributeError, TypeError, RecursionError) as error:
        raise _fault(index.parent, f"{index.name} cannot be read", "Get that file anew") from error
    other = next((name for name in names if Path(name).name != name or not name.endswith(".safetensors")), None)
    if other is not None:  # its reader takes other formats, too, that can run code
        raise _fault(index.parent, f"{index.name} names {other[:80]!r}, no safetensors file beside it", "Get it anew")
    missing = [name for name in names if not (index.parent / name).is_file()]
    if missing or not names:
        what = f"of its {len(names)} files {', '.join(missing[:5])} is missing" if missing else "it names no file"
        raise _fault(index.parent, what, "Get the missing file")
    return [index.parent / name for name in names]


def _header(file: Path) -> tuple[dict[str, Any], int, int]:
    """The header, where the tensors start, and the file's size."""
    try:
        with file.open("rb") as source:
            size = os.fstat(source.fileno()).st_size
            prefix = source.read(8)
            length = struct.unpack("<Q", prefix)[0] if len(prefix) == 8 else 0
            text = source.read(length) if 2 <= length <= min(LARGEST_HEADER, size) else b""
        header = json.loads(text)
    except OSError as error:  # gone since it was listed, or not for us to read
        raise _fault(file.parent, f"{file.name} cannot be read ({error.strerror})", "Look at that file") from error
    except (ValueError, RecursionError) as error:
        raise _broken(file, "its header is damaged") from error
    if not isinstance(header, dict):
        raise _broken(file, "its header is damaged")
    return header, 8 + length, size


def _place(file: Path, name: str, entry: Any) -> tuple[int, int, tuple[int, ...]]:
    """First and last byte, and the shape."""
    try:
        first, last = entry["data_offsets"]
        shape = tuple(int(side) for side in entry["shape"])
        if 0 <= int(first) <= int(last) and all(side >= 0 for side in shape):
            bits = BITS.get(str(entry.get("dtype")))
            if bits is None or prod(shape) * bits == 8 * (int(last) - int(first)):
                return int(first), int(last), shape
    except (TypeError, KeyError, ValueError, OverflowError):
        pass
    raise _broken(file, f"its header gives no place for {name[:80]!r}")


def _broken(file: Path, what: str) -> FolderError:
    return _fault(file.parent, f"{file.name} is not a whole safetensors file: {what}", "Get that file anew")


def _fault(folder: Path, what: str, remedy: str) -> FolderError:
    return FolderError(f"{folder.parent.name}/{folder.name}: {what}. {remedy}.")
