"""OpenAI's masks, transparent where a picture is edited, kept as ours, which are white there."""

from typing import NamedTuple

from ..errors import InvalidInput, UnusableFile
from ..files.keeper import FileKeeper
from ..files.names import id_of
from ..files.references import References
from .pictures import Bench, as_white_mask


class _MaskInput(NamedTuple):
    """What `References` has to know of it."""

    name: str = "mask"
    media: str | None = "mask"
    default: object = None


class Masks:
    """Lives on the loop of the service."""

    def __init__(self, files: FileKeeper, references: References) -> None:
        self._files = files
        self._references = references
        self._bench = Bench()

    async def turned(self, owner: str, given: str) -> str:
        """The address of the mask that a data URL or an address names, turned to ours.

        Raises InvalidInput, FilesFull, NotReady.
        """
        kept = id_of(await self._references.resolve(owner, _MaskInput(), given))
        opened = await self._files.open(kept or "", lambda other: other == owner)
        try:
            content = await self._bench.do(lambda: as_white_mask(opened.path.read_bytes()))
        except UnusableFile as error:
            problem = {"input": "mask", "code": "wrong_type", "message": str(error)}
            raise InvalidInput(str(error), [problem]) from None
        return (await self._files.add(owner, "mask.png", "image/png", content)).url
