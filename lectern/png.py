"""PNG, losslessly and fast. Format: PNG third edition, https://www.w3.org/TR/png-3/.

Every row is stored as its difference to the row above. What to do with these differences depends on the picture, and
looking at a few rows tells (measured on 1080p, ComfyUI's way being Pillow at level 4):

- Photographs and gradients hold no repetitions worth looking for; giving frequent differences short codes (Huffman
  alone) makes files 5 % smaller than ComfyUI's in a fifth of the time. zlib's level 1 takes longer, for 20 % more.
- Where parts are flat, runs of the same difference are stored as runs, at nearly the same speed.
- Charts, screenshots and text are full of repetitions, and with them zlib's search is quick.
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
_SAMPLES = 64  # pairs of rows that are looked at
_RUN = 8  # values in a row equal to the ones above count as flat
_SOME_FLAT, _MOST_FLAT = 0.25, 0.85  # share of the sampled values from which runs, and then any repetitions, pay
_KEY_LENGTH = 79  # bytes, the format's limit


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
    level, strategy = _method(_flat_share(frame))
    deflate = zlib.compressobj(level, zlib.DEFLATED, zlib.MAX_WBITS, zlib.DEF_MEM_LEVEL, strategy)
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


def _method(flat: float) -> tuple[int, int]:
    """zlib's level and strategy."""
    if flat > _MOST_FLAT:
        return 4, zlib.Z_DEFAULT_STRATEGY
    return 1, zlib.Z_RLE if flat > _SOME_FLAT else zlib.Z_HUFFMAN_ONLY


def _flat_share(frame: Tensor) -> float:
    """Share of the values that stand in runs equal to those above, as bytes, judged on a few pairs of rows."""
    step = max(2, frame.shape[0] // _SAMPLES)
    end = frame.shape[0] // step * step
    pairs = (frame.detach()[first:end:step].float().cpu().numpy() for first in (0, 1))
    upper, lower = ((rows * 255 + 0.5).astype(np.uint8) for rows in pairs)
    same = (upper == lower).reshape(-1)
    runs = same[: same.size // _RUN * _RUN].reshape(-1, _RUN)
    return float(runs.all(1).mean()) if runs.size else 0.0


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
