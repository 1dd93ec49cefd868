"""Hands a run's files to ComfyUI: into its input folder, just before the run executes, and masks as its loaders want
them."""

import asyncio
import hashlib
import tempfile
from collections import OrderedDict
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from ...settings import Settings
from ..comfy import ComfyClient, UploadRefused
from ..errors import FileNotKept, MissingFile
from ..running.outputs import content_type
from .keeper import Opened, Sees
from .names import id_of
from .pictures import as_channel, with_mask
from .types import HEAD_BYTES, KNOWN, PNG, plain_suffix, recognise

SUBFOLDER = "lectern"  # of ComfyUI's input folder
REMEMBERED = 10_000  # pictures made of an image and a mask
CHANNELS = ("alpha", "red", "green", "blue")


class Target(Protocol):
    """What an input sets, and how its files are to be handed over."""

    @property
    def media(self) -> str | None: ...  # empty or None: no file

    @property
    def mask_of(self) -> str | None: ...  # name of the image input that this mask is painted over

    @property
    def channel(self) -> str | None: ...  # where LoadImageMask looks for the mask


class Kept(Protocol):
    """Where the files of runs are found; a `FileKeeper` is one."""

    @property
    def limit(self) -> int:
        """Bytes of one file. Raises SettingsError."""
        ...

    async def open(self, file_id: str, sees: Sees, expired: bool = False) -> Opened:
        """Raises FileNotKept, NotReady."""
        ...


class Source(NamedTuple):
    """A file of a run."""

    id: str
    path: Path
    content_type: str
    name: str  # in ComfyUI's input folder


class Placer:
    """Lives on the loop of its keeper."""

    def __init__(self, keeper: Kept, settings: Callable[[], Settings]) -> None:
        self._keeper = keeper
        self._settings = settings
        self._made: OrderedDict[str, int] = OrderedDict()  # bytes of what was made here and uploaded, by name

    async def place(
        self, client: ComfyClient, values: Mapping[str, Any], targets: Mapping[str, Target]
    ) -> dict[str, Any]:
        """The values for the graph: files by the names that ComfyUI's loaders know, masks within their images.

        Masks that were painted over an image are not among them any more.

        Raises:
            MissingFile: a file is gone, or ComfyUI does not take it.
            UnusableFile: image and mask cannot be put together.
            Unreachable, NotReady, SettingsError.
        """
        placed = dict(values)
        masks = {
            target.mask_of: placed.pop(name) for name, target in targets.items() if target.mask_of and name in values
        }
        for name, target in targets.items():
            if not target.media or not isinstance(placed.get(name), str):
                continue
            value = placed[name]
            if isinstance(masks.get(name), str):
                placed[name] = await self._merged(client, value, masks[name])
            elif id_of(value) is not None:
                lone = target.media == "mask" and target.channel in CHANNELS
                file = await self._source(value)
                placed[name] = await (
                    self._channel(client, file, target.channel or "") if lone else self._plain(client, file)
                )
        return placed

    async def _source(self, value: str) -> Source:
        """Raises MissingFile."""
        try:
            path, row = await self._keeper.open(id_of(value) or "", lambda _: True, expired=True)
        except FileNotKept as error:
            raise MissingFile(f"A file of the run is gone: {error}") from None
        kind = KNOWN.get(row.content_type)
        suffix = kind.suffix if kind else plain_suffix(row.name)
        return Source(row.id, path, row.content_type, f"{row.id}{suffix}")

    async def _plain(self, client: ComfyClient, file: Source) -> str:
        size = file.path.stat().st_size
        if not await client.has_input(file.name, SUBFOLDER, size):
            await _upload(client, file.path, file.name, file.content_type)
        return f"{SUBFOLDER}/{file.name}"

    async def _channel(self, client: ComfyClient, mask: Source, channel: str) -> str:
        side = self._settings().limits.side
        name = f"{mask.id}-{channel}.png"
        return await self._picture(client, name, lambda: as_channel(mask.path, mask.content_type, channel, side))

    async def _merged(self, client: ComfyClient, image: str, mask_value: str) -> str:
        mask = await self._source(mask_value)
        if id_of(image) is not None:
            file = await self._source(image)
            return await self._merge(client, file, mask)
        content = await client.read_input(image, self._keeper.limit)
        if content is None:
            raise MissingFile(f"The app's own picture {image[:80]} is no longer in ComfyUI's input folder.")
        with tempfile.TemporaryDirectory(prefix="lectern-") as folder:
            path = Path(folder) / "image"
            await asyncio.to_thread(path.write_bytes, content)
            kind = recognise(content[:HEAD_BYTES])
            told = kind.content_type if kind else content_type(image)
            return await self._merge(client, Source(hashlib.sha256(content).hexdigest()[:32], path, told, ""), mask)

    async def _merge(self, client: ComfyClient, image: Source, mask: Source) -> str:
        side = self._settings().limits.side
        name = hashlib.sha256(f"{image.id} {mask.id}".encode()).hexdigest()[:32] + "-masked.png"
        make = lambda: with_mask(image.path, image.content_type, mask.path, mask.content_type, side)  # noqa: E731
        return await self._picture(client, name, make)

    async def _picture(self, client: ComfyClient, name: str, make: Callable[[], bytes]) -> str:
        """A picture that is made of others; the name says of which."""
        size = self._made.get(name)
        if size is None or not await client.has_input(name, SUBFOLDER, size):
            content = await asyncio.to_thread(make)
            await _upload(client, content, name, PNG.content_type)
            self._made[name] = len(content)
            if len(self._made) > REMEMBERED:
                self._made.popitem(last=False)
        return f"{SUBFOLDER}/{name}"


async def _upload(client: ComfyClient, content: Path | bytes, name: str, kind: str) -> None:
    """Raises MissingFile, Unreachable."""
    try:
        await client.upload(content, name, kind, SUBFOLDER)
    except UploadRefused as error:
        reason = "it is larger than ComfyUI's --max-upload-size" if error.status == 413 else f"HTTP {error.status}"
        raise MissingFile(f"ComfyUI does not take a file of the run: {reason}.") from None
    except FileNotFoundError:
        raise MissingFile("A file of the run is gone: it was deleted from the disk.") from None
