"""The picture of a prompt: valid, tiny, and another one for every run, so that whoever gets it can tell whose it is."""

import struct
import zlib


def picture(prefix: str, color: int = 0) -> bytes:
    """A PNG of one pixel that says under which prefix it was saved.

    Args:
        color: 0xRRGGBB.
    """
    header = struct.pack(">2I5B", 1, 1, 8, 2, 0, 0, 0)
    pixel = zlib.compress(b"\0" + color.to_bytes(3, "big"))
    said = b"prefix\0" + prefix.encode("latin-1", "replace")
    chunks = ((b"IHDR", header), (b"tEXt", said), (b"IDAT", pixel), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, content) for kind, content in chunks)


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
