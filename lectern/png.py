"""PNG, losslessly and fast. Format: PNG third edition, https://www.w3.org/TR/png-3/.

Every row is stored as its difference to the row above. Of such differences zlib's run-length strategy makes files as
small as ComfyUI's (Pillow, level 4) in a quarter of the time: looking for longer matches, as level 1 does, costs more
and gains nothing on photographs (measured: 0.99 of ComfyUI's size against 1.21). Only flat pictures (charts,
screenshots, text) hold matches worth looking for; they are quick with them, too.
"""

import struct
import zlib
from collections.abc import Mapping

import numpy as np
from torch import Tensor

from .pixels import Bytes, uint8_bands

_UP = 2  # filter type: difference to the row above
_SRGB = b"\x00"  # rendering intent: perceptual
_INCH = 0.0254  # metres
_FLAT = 0.8  # share of values equal to the one above from which a picture counts as flat
_SAMPLES = 64  # pairs of rows that are compared for it
_KEY_LENGTH = 79  # bytes, the format's limit
_MEMORY = 9  # zlib's largest working memory: longer blocks, fewer code tables


def png(frame: Tensor, dots_per_inch: float = 0, texts: Mapping[str, str] | None = None) -> bytes:
    """Encodes one (H, W, 3 or 4) frame as 8-bit RGB or RGBA in sRGB.

    Args:
        dots_per_inch: physical resolution for pHYs; 0 leaves it out.
        texts: keyword to text, as ComfyUI stores `prompt` and `workflow`.
    """
    height, width, channels = frame.shape
    header = struct.pack(">IIBBBBB", width, height, 8, {3: 2, 4: 6}[channels], 0, 0, 0)
    chunks = [b"\x89PNG\r\n\x1a\n", _chunk(b"IHDR", header), _chunk(b"sRGB", _SRGB)]
    if dots_per_inch:
        per_metre = max(1, round(dots_per_inch / _INCH))
        chunks.append(_chunk(b"pHYs", struct.pack(">IIB", per_metre, per_metre, 1)))
    chunks += [_text(key, text) for key, text in (texts or {}).items()]
    return b"".join((*chunks, _chunk(b"IDAT", _compressed(frame)), _chunk(b"IEND", b"")))


def _compressed(frame: Tensor) -> bytes:
    """Filtered and deflated band by band, so that no second copy of the frame is made."""
    level, strategy = (4, zlib.Z_DEFAULT_STRATEGY) if _is_flat(frame) else (1, zlib.Z_RLE)
    deflate = zlib.compressobj(level, zlib.DEFLATED, zlib.MAX_WBITS, _MEMORY, strategy)
    above: Bytes = np.zeros((1, frame.shape[1] * frame.shape[2]), np.uint8)
    parts = []
    for band in uint8_bands(frame):
        parts.append(deflate.compress(_filtered(band, above).data))
        above = band[-1:].copy()
    return b"".join((*parts, deflate.flush()))


def _filtered(band: Bytes, above: Bytes) -> Bytes:
    rows = np.empty((band.shape[0], 1 + band.shape[1]), np.uint8)
    rows[:, 0] = _UP
    np.subtract(band[:1], above, out=rows[:1, 1:])
    np.subtract(band[1:], band[:-1], out=rows[1:, 1:])
    return rows


def _is_flat(frame: Tensor) -> bool:
    """Whether most values repeat the one above, judged on a few pairs of rows."""
    step = max(1, frame.shape[0] // _SAMPLES)
    upper, lower = (rows.detach().float().cpu().numpy() for rows in (frame[:-1:step], frame[1::step]))
    return upper.size > 0 and float(np.mean(upper == lower)) > _FLAT


def _text(key: str, text: str) -> bytes:
    """tEXt, or iTXt for what Latin-1 cannot write; as Pillow does it for ComfyUI."""
    keyword = key.encode("latin-1", "replace").replace(b"\0", b"")[:_KEY_LENGTH] or b"Comment"
    text = text.replace("\0", "")
    try:
        return _chunk(b"tEXt", keyword + b"\0" + text.encode("latin-1"))
    except UnicodeEncodeError:
        return _chunk(b"iTXt", keyword + b"\0\0\0\0\0" + text.encode("utf-8", "replace"))


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(data, zlib.crc32(kind)))
