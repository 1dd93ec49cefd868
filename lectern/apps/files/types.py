"""What a file is, judged by its first bytes and not by what its sender says of it."""

import re
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import NamedTuple

from ..errors import UnusableFile
from ..running.outputs import CONTENT_TYPES

HEAD_BYTES = 4096  # enough for every test below
UNKNOWN = "application/octet-stream"
MEDIA = ("image", "audio", "video")
NOT_SAID = frozenset({"", UNKNOWN, "binary/octet-stream", "application/x-www-form-urlencoded", "text/plain"})


class FileType(NamedTuple):
    content_type: str
    suffix: str  # with its dot

    @property
    def kind(self) -> str:
        return self.content_type.partition("/")[0]


PNG = FileType("image/png", ".png")
JPEG = FileType("image/jpeg", ".jpg")
GIF = FileType("image/gif", ".gif")
WEBP = FileType("image/webp", ".webp")
AVIF = FileType("image/avif", ".avif")
BMP = FileType("image/bmp", ".bmp")
TIFF = FileType("image/tiff", ".tiff")
WAV = FileType("audio/wav", ".wav")
AIFF = FileType("audio/aiff", ".aiff")
FLAC = FileType("audio/flac", ".flac")
MP3 = FileType("audio/mpeg", ".mp3")
AAC = FileType("audio/aac", ".aac")
OGG = FileType("audio/ogg", ".ogg")
OGV = FileType("video/ogg", ".ogv")
M4A = FileType("audio/mp4", ".m4a")
MP4 = FileType("video/mp4", ".mp4")
MOV = FileType("video/quicktime", ".mov")
WEBM = FileType("video/webm", ".webm")
WEBA = FileType("audio/webm", ".weba")
MKV = FileType("video/x-matroska", ".mkv")
AVI = FileType("video/x-msvideo", ".avi")
MPEG = FileType("video/mpeg", ".mpg")
PDF = FileType("application/pdf", ".pdf")
GLB = FileType("model/gltf-binary", ".glb")

KNOWN = {kind.content_type: kind for kind in list(globals().values()) if isinstance(kind, FileType)}
INLINE = frozenset(
    name for name, kind in KNOWN.items() if kind.kind in MEDIA and kind not in (TIFF, AIFF, MKV, AVI, MPEG)
)  # what browsers show by themselves, and what carries no script

_START = {
    b"\x89PNG\r\n\x1a\n": PNG,
    b"\xff\xd8\xff": JPEG,
    b"GIF87a": GIF,
    b"GIF89a": GIF,
    b"II*\0": TIFF,
    b"MM\0*": TIFF,
    b"fLaC": FLAC,
    b"ID3": MP3,
    b"\0\0\1\xba": MPEG,
    b"%PDF-": PDF,
    b"glTF": GLB,
}
_RIFF = {b"WEBP": WEBP, b"WAVE": WAV, b"AVI ": AVI}
# ISO base media files by their major brand (https://mp4ra.org/registered-types/brands); others are films.
_BRANDS = {b"avif": AVIF, b"avis": AVIF, b"M4A ": M4A, b"M4B ": M4A, b"qt  ": MOV}
_STILLS = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1", b"jpeg", b"crx "})
# The same container with sound alone, when its sender says so.
_SOUND = {WEBM: WEBA, MP4: M4A, OGV: OGG}
_UNTOLD_TYPES = frozenset({*CONTENT_TYPES.values(), "text/plain", "text/csv"})


def recognise(head: bytes) -> FileType | None:
    """The type that the first `HEAD_BYTES` bytes show."""
    for start, kind in _START.items():
        if head.startswith(start):
            return kind
    if head[:4] in (b"RIFF", b"RF64"):
        return _RIFF.get(head[8:12])
    if head[4:8] == b"ftyp":
        return None if head[8:12] in _STILLS else _BRANDS.get(head[8:12], MP4)
    if head[4:8] in (b"moov", b"mdat", b"wide"):
        return MOV
    if head.startswith(b"\x1aE\xdf\xa3"):
        return WEBM if b"webm" in head[:64] else MKV
    if head.startswith(b"OggS"):
        return OGV if b"theora" in head[:256] else OGG
    if head.startswith(b"FORM") and head[8:12] in (b"AIFF", b"AIFC"):
        return AIFF
    return _by_length(head)


def _by_length(head: bytes) -> FileType | None:
    """Formats whose first bytes are few: other fields have to fit, too."""
    if (
        head.startswith(b"BM")
        and len(head) >= 26
        and head[6:10] == b"\0\0\0\0"
        and head[14] in (12, 40, 52, 56, 108, 124)
    ):
        return BMP
    if len(head) < 4 or head[0] != 0xFF:
        return None
    if head[1] & 0xF6 == 0xF0:
        return AAC
    layer3, rate, samples = head[1] & 0xE6 == 0xE2, head[2] >> 4, head[2] >> 2 & 3
    return MP3 if layer3 and rate not in (0, 15) and samples != 3 else None


def judge(name: str, declared: str, head: bytes) -> FileType:
    """The file's type: what its bytes show, else what its name says, never active content.

    Raises:
        UnusableFile: a picture, sound or film that is none, or one of another kind than its sender says.
    """
    declared = declared.partition(";")[0].strip().lower()
    found = recognise(head)
    _refuse_svg(declared, head)
    if found is None:
        if declared.partition("/")[0] in MEDIA:
            raise UnusableFile(f"{name} is said to be {declared}, but its content is no file of a type known here.")
        return _by_name(name)
    if found.kind not in MEDIA or declared in NOT_SAID:
        return found
    said = declared.partition("/")[0]
    if said == "audio" and found in _SOUND:
        return _SOUND[found]
    if said in MEDIA and not _alike(said, found):
        raise UnusableFile(f"{name} is said to be {declared}, but its content is {found.content_type}.")
    return found


def _alike(said: str, found: FileType) -> bool:
    """Ogg is both; else a kind is a kind, and which picture it really is matters to nobody but us."""
    return said == found.kind or (said == "video" and found in (OGG, M4A))


def _refuse_svg(declared: str, head: bytes) -> None:
    text = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if declared == "image/svg+xml" or (text.startswith((b"<?xml", b"<svg", b"<!doctype svg")) and b"<svg" in text):
        raise UnusableFile("SVG pictures are not taken; save the picture as PNG.")


def _by_name(name: str) -> FileType:
    suffix = plain_suffix(name)
    kind = CONTENT_TYPES.get(suffix) or _TEXTS.get(suffix, UNKNOWN)
    return FileType(UNKNOWN if kind.partition("/")[0] in MEDIA else kind, suffix or ".bin")


_TEXTS: Mapping[str, str] = {".txt": "text/plain", ".md": "text/plain", ".csv": "text/csv"}


def plain_suffix(name: str) -> str:
    """The lower-case suffix of a name when it is nothing but a few letters and digits, else empty."""
    suffix = PurePosixPath(name).suffix.lower()
    return suffix if re.fullmatch(r"\.[a-z0-9]{1,10}", suffix) else ""


def accepts(media: str, content_type: str) -> bool:
    """Whether an input of this media takes the file. Load Audio takes the sound of a film, too."""
    kind = content_type.partition("/")[0]
    return {"image": kind == "image", "mask": kind == "image", "video": kind == "video"}.get(
        media, kind in ("audio", "video") if media == "audio" else True
    )
