"""Names and addresses of files. A name is only ever shown; no path is made of it."""

import re
import unicodedata

from ..running.outputs import content_type
from .types import FileType

URL_PREFIX = "/lectern/v1/files/"
ID = re.compile("[0-9a-f]{32}")
NAME_LENGTH = 120  # characters, suffix included

# Control characters, halves of surrogate pairs, marks that turn the direction of writing, and what file systems refuse.
_UNFIT = re.compile('[\x00-\x1f\x7f-\x9f\ud800-\udfff\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff"*:<>?|]')


def file_url(file_id: str) -> str:
    return URL_PREFIX + file_id


def id_of(url: str) -> str | None:
    """The file that a value names, None when it is no address of ours."""
    file_id = url.removeprefix(URL_PREFIX)
    return file_id if file_id != url and ID.fullmatch(file_id) else None


def clean_name(given: str, suffix: str = "") -> str:
    """The last part of a path, without what could mislead; ends with `suffix` when its own means something else."""
    name = unicodedata.normalize("NFC", _UNFIT.sub("_", given.replace("\\", "/").rsplit("/", 1)[-1])).strip(" .")
    stem, dot, end = name.rpartition(".")
    if not suffix:
        return name[-NAME_LENGTH:] or "file"
    if dot and content_type(f"x.{end}") == content_type(f"x{suffix}"):
        name, suffix = stem, f".{end}"
    return (name or "file")[: NAME_LENGTH - len(suffix)] + suffix


def finished_name(given: str, kind: FileType) -> str:
    return clean_name(given, kind.suffix)
