"""Reading files out of requests: a body that is one, and the parts of a form, stored as they stream in."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from typing import NamedTuple

from aiohttp import BodyPartReader, MultipartReader, web
from aiohttp.hdrs import CONTENT_ENCODING, CONTENT_TRANSFER_ENCODING
from aiohttp.http import HttpProcessingError

from ...envelope import Call
from ..errors import BadRequest, BodyTooLarge, InvalidInput, UnsupportedMedia, UploadStalled
from ..files.keeper import FileKeeper, Kept
from ..files.types import accepts
from ..files.upload import MB, too_large
from ..inputs import ECHO_LENGTH, Problem, shown
from .answers import STALL_SECONDS

PIECE_BYTES = 256 * 1024
FIELDS = 200  # parts of one form
SPECIAL = ("_version", "_seed", "_n", "_priority", "_metadata", "_webhook", "_webhook_events_filter")
_PLAIN = frozenset({"", "binary", "8bit", "7bit", "identity"})


class Form(NamedTuple):
    """A submission as multipart/form-data, every name once."""

    fields: Mapping[str, str]
    files: Mapping[str, Kept]


class Receiver:
    """Reads on the server's loop; what is read is kept through `call`."""

    def __init__(self, keeper: FileKeeper, call: Call, stall: float = STALL_SECONDS) -> None:
        self._keeper = keeper
        self._call = call
        self._stall = stall

    async def body(self, request: web.Request, owner: str, name: str) -> Kept:
        """The whole body as one file.

        Raises FileTooLarge, FilesFull, UnusableFile, UnsupportedMedia, UploadStalled, BadRequest, NotReady.
        """
        _refuse_encoding(request.headers.get(CONTENT_ENCODING, ""))
        limit = self._keeper.limit
        if (request.content_length or 0) > limit:
            raise too_large(limit)
        kind = request.content_type if "Content-Type" in request.headers else ""
        return await self._keep(owner, name, kind, lambda: request.content.read(PIECE_BYTES))

    async def one_file(self, request: web.Request, owner: str) -> Kept:
        """The only file of a form, in its part `file`. Raises as `body`."""
        kept: Kept | None = None
        async for name, part in self._parts(request):
            if name != "file" or part.filename is None or kept is not None:
                raise BadRequest("The form must have one file, in a part called file, and nothing else.")
            kept = await self._part(part, owner)
        if kept is None:
            raise BadRequest("The form has no file; send it in a part called file.")
        return kept

    async def form(
        self,
        request: web.Request,
        names: Mapping[str, str],
        owner: str,
        fields_kb: int,
        max_mb: int | None = None,
    ) -> Form:
        """A run's form: its fields, and its files, which are kept by then.

        Args:
            names: of the app's inputs, each with its media, empty for those that take no file.
            fields_kb: kilobytes of all fields together.
            max_mb: megabytes of one file, when that is less than the settings allow.

        Raises:
            InvalidInput: with every part that has no place in this app's form; BodyTooLarge: too much text.
            As `body`.
        """
        fields: dict[str, str] = {}
        files: dict[str, Kept] = {}
        problems: list[Problem] = []
        room = fields_kb * 1024
        async for name, part in self._parts(request):
            problem = _misplaced(name, part, names, {*fields, *files})
            if problem is not None:
                problems.append(problem)
                break  # what follows may be large, and is not wanted any more
            if part.filename is None:
                content = await self._text(part, room)
                room -= len(content)
                fields[name] = _decoded(name, content)
            elif part.filename or not await self._is_empty(part):
                files[name] = await self._part(part, owner, max_mb)
                problems += _unfit(name, names[name], files[name])
        if problems:
            raise _invalid(problems)
        return Form(fields, files)

    async def loose(
        self, request: web.Request, names: Collection[str], owner: str, fields_kb: int, most: int
    ) -> tuple[dict[str, str], list[tuple[str, Kept]]]:
        """The texts and files of a form that may have anything, and several files of one name.

        Args:
            names: of the parts that may be files.
            fields_kb: kilobytes of all texts together.
            most: files that are kept.

        Raises InvalidInput for a file of another name; BodyTooLarge, also for more files; as `body`.
        """
        fields: dict[str, str] = {}
        files: list[tuple[str, Kept]] = []
        room = fields_kb * 1024
        async for name, part in self._parts(request):
            if part.filename is None:
                content = await self._text(part, room)
                room -= len(content)
                fields[name] = _decoded(name, content)
            elif name not in names:
                told = name[:ECHO_LENGTH]
                raise _invalid([Problem(told, "wrong_type", f"{shown(name)} must be a text, not a file.")])
            elif len(files) == most:
                raise BodyTooLarge(f"A form may have at most {most} files here.")
            else:
                files.append((name, await self._part(part, owner)))
        return fields, files

    async def _parts(self, request: web.Request) -> AsyncIterator[tuple[str, BodyPartReader]]:
        _refuse_encoding(request.headers.get(CONTENT_ENCODING, ""))
        with _malformed():
            reader = await request.multipart()
        for _ in range(FIELDS):
            part = await self._next(reader)
            if part is None:
                return
            if not isinstance(part, BodyPartReader) or not part.name:
                raise BadRequest("Every part of the form must have a name, and none may hold parts itself.")
            _refuse_encoding(part.headers.get(CONTENT_TRANSFER_ENCODING, ""))
            _refuse_encoding(part.headers.get(CONTENT_ENCODING, ""))
            yield part.name, part
        raise BodyTooLarge(f"A form may have at most {FIELDS} parts.")

    async def _next(self, reader: MultipartReader) -> object:
        with _malformed():
            async with self._patience():
                return await reader.next()

    async def _part(self, part: BodyPartReader, owner: str, max_mb: int | None = None) -> Kept:
        name, kind = part.filename or "", part.headers.get("Content-Type", "")
        return await self._keep(owner, name, kind, lambda: part.read_chunk(PIECE_BYTES), max_mb)

    async def _keep(
        self, owner: str, name: str, kind: str, read: Callable[[], Awaitable[bytes]], max_mb: int | None = None
    ) -> Kept:
        upload = self._keeper.upload(max_mb and max_mb * MB)
        try:
            while piece := await self._piece(read):
                await upload.write(piece)
            return await self._call(self._keeper.keep(owner, name, kind, upload))
        finally:
            await upload.close()

    async def _text(self, part: BodyPartReader, room: int) -> bytes:
        content = bytearray()
        while piece := await self._piece(lambda: part.read_chunk(PIECE_BYTES)):
            content += piece
            if len(content) > room:
                raise BodyTooLarge("The fields of the form are too long (body_kb of [apps] in lectern.toml).")
        return bytes(content)

    async def _is_empty(self, part: BodyPartReader) -> bool:
        """Browsers send a part without name and content for a file field that was left empty."""
        return not await self._piece(lambda: part.read_chunk(PIECE_BYTES))

    async def _piece(self, read: Callable[[], Awaitable[bytes]]) -> bytes:
        with _malformed():
            async with self._patience():
                return await read()

    @asynccontextmanager
    async def _patience(self) -> AsyncIterator[None]:
        try:
            async with asyncio.timeout(self._stall):
                yield
        except TimeoutError:
            raise UploadStalled(f"Nothing came for {self._stall:g} seconds; send it again.") from None


def _invalid(problems: list[Problem]) -> InvalidInput:
    return InvalidInput(" ".join(p.message for p in problems)[:1000], [p._asdict() for p in problems])


@contextmanager
def _malformed() -> Iterator[None]:
    """aiohttp asserts, and raises a good many things, where a body is not what multipart/form-data has to be."""
    try:
        yield
    except (ValueError, AssertionError, HttpProcessingError, web.RequestPayloadError, ConnectionError):
        raise BadRequest("The body broke off, or it is not what its Content-Type says.") from None


def _refuse_encoding(encoding: str) -> None:
    if encoding.strip().lower() not in _PLAIN:
        raise UnsupportedMedia("Files and forms must be sent neither compressed nor as base64.")


def _misplaced(name: str, part: BodyPartReader, names: Mapping[str, str], seen: set[str]) -> Problem | None:
    told = name[:ECHO_LENGTH]
    if name in seen:
        return Problem(told, "twice", f"{shown(name)} stands in the form twice.")
    if name in SPECIAL:
        return None if part.filename is None else Problem(told, "wrong_type", f"{name} must be a text, not a file.")
    if name not in names:
        listed = ", ".join(names) or "none"
        return Problem(told, "unknown_input", f"{shown(name)} is not an input of this app; it has {listed}.")
    if part.filename and not names[name]:
        return Problem(told, "wrong_type", f"{name} must be a text, not a file.")
    return None


def _unfit(name: str, media: str, kept: Kept) -> list[Problem]:
    if accepts(media, kept.content_type):
        return []
    return [Problem(name, "wrong_type", f"{name} must be of the type {media}; the file is {kept.content_type}.")]


def _decoded(name: str, content: bytes) -> str:
    if b"\0" in content:
        raise BadRequest(
            f"The field {shown(name)[:ECHO_LENGTH]} contains the character U+0000, which cannot be stored."
        )
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        raise BadRequest(f"The field {shown(name)[:ECHO_LENGTH]} is not in UTF-8.") from None
