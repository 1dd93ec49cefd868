"""What callers write for a file input, made into a file that is kept: a data URL, one of our addresses, another URL."""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from typing import Protocol

from ...settings import Settings
from ..egress import Egress, fetch_reach
from ..errors import AddressFailed, AddressRefused, FileNotKept, FileTooLarge, InvalidInput, UnusableFile
from ..inputs import ECHO_LENGTH, Problem
from .dataurl import decode, decoded_size, is_data_url
from .keeper import FileKeeper
from .names import file_url, id_of
from .types import accepts
from .upload import MB

_NOUNS = {"image": "a picture", "mask": "a picture", "audio": "a sound or film", "video": "a film"}
_CODES: Mapping[type[Exception], str] = {
    FileNotKept: "missing_file",
    FileTooLarge: "too_large",
    UnusableFile: "wrong_type",
    AddressRefused: "url_not_allowed",
    AddressFailed: "url_failed",
}


class MediaInput(Protocol):
    """What has to be known of an input that takes a file."""

    @property
    def name(self) -> str: ...

    @property
    def media(self) -> str | None: ...  # image, mask, audio, video or file; empty or None for any other input

    @property
    def default(self) -> object: ...  # name of a file in ComfyUI's input folder


class References:
    """Lives on the loop of its keeper."""

    def __init__(self, keeper: FileKeeper, egress: Egress, settings: Callable[[], Settings]) -> None:
        self._keeper = keeper
        self._egress = egress
        self._settings = settings

    async def resolve(self, owner: str, item: MediaInput, value: str, max_mb: int | None = None) -> str:
        """Where the run finds the file: `/lectern/v1/files/{id}`, or the input's default as it stands.

        Args:
            max_mb: megabytes that the app allows for a file.

        Raises InvalidInput with the one problem; FilesFull, NotReady.
        """
        if value == item.default:
            return value
        try:
            url, kind, size = await self._keep(owner, item, value)
            if max_mb is not None and size > max_mb * MB:
                raise FileTooLarge(f"A file for this app may have at most {max_mb} MB; it has {size / MB:.1f} MB.")
        except tuple(_CODES) as error:
            raise _invalid([Problem(item.name, _CODES[type(error)], f"{item.name}: {error}")]) from None
        if not accepts(item.media or "file", kind):
            message = f"{item.name} must be {_NOUNS[item.media or '']}; the file is {kind}."
            raise _invalid([Problem(item.name, "wrong_type", message)])
        return url

    async def resolve_all(
        self, owner: str, items: Iterable[MediaInput], values: Mapping[str, object], max_mb: int | None = None
    ) -> dict[str, object]:
        """The values with their files resolved. Raises InvalidInput with every problem; FilesFull, NotReady."""
        wanted = [(item, values[item.name]) for item in items if item.media and item.name in values]
        named = [(item, value) for item, value in wanted if isinstance(value, str)]
        found = await asyncio.gather(
            *(self.resolve(owner, item, value, max_mb) for item, value in named), return_exceptions=True
        )
        problems = [problem for error in found if isinstance(error, InvalidInput) for problem in error.details]  # type: ignore[union-attr]
        others = [error for error in found if isinstance(error, BaseException) and not isinstance(error, InvalidInput)]
        if others:
            raise others[0]
        if problems:
            raise InvalidInput(" ".join(problem["message"] for problem in problems)[:1000], problems)
        return {**values, **{item.name: url for (item, _), url in zip(named, found, strict=True)}}

    async def _keep(self, owner: str, item: MediaInput, value: str) -> tuple[str, str, int]:
        """Address, content type and bytes of the file."""
        file_id = id_of(value)
        if file_id is not None:
            row = await self._keeper.use(file_id, owner)
            return file_url(row.id), row.content_type, row.size
        if is_data_url(value):
            return await self._from_data(owner, item, value)
        if value[:8].lower().startswith(("http://", "https://")):
            return await self._fetched(owner, value)
        raise FileNotKept(f"{_shown(value)} is no file. Give a data URL, the url that POST /files answers, or a URL.")

    async def _from_data(self, owner: str, item: MediaInput, value: str) -> tuple[str, str, int]:
        if decoded_size(value) > self._keeper.limit + 3:
            raise FileTooLarge(f"A file may have at most {self._keeper.limit // MB} MB (file_mb of [apps]).")
        try:
            data = await asyncio.to_thread(decode, value)
        except ValueError:
            raise UnusableFile("This is no data URL; write data:image/png;base64,... .") from None
        kept = await self._keeper.add(owner, item.name, data.content_type, data.content)
        return kept.url, kept.content_type, kept.size

    async def _fetched(self, owner: str, url: str) -> tuple[str, str, int]:
        async with self._egress.get(url, fetch_reach(self._settings()), self._keeper.limit) as fetched:
            kept = await self._keeper.add(owner, fetched.name, fetched.content_type, fetched.pieces)
            return kept.url, kept.content_type, kept.size


def _invalid(problems: list[Problem]) -> InvalidInput:
    return InvalidInput(problems[0].message, [problem._asdict() for problem in problems])


def _shown(value: str) -> str:
    return value if len(value) <= ECHO_LENGTH else f"{value[: ECHO_LENGTH - 1]}…"
