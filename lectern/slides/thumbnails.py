"""Small pictures of slides, for the strip in the node."""

from collections.abc import Sequence
from pathlib import Path

from PIL import Image
from torch import Tensor

from ..images import to_pillow

WIDTH = 256  # pixels
_HEIGHT = 512  # pixels, of a very tall slide at most
_SKIP = 2  # pixels kept for each of the thumbnail's, each way; their mean is taken


def save_thumbnails(files: Sequence[Path], frames: Sequence[Tensor]) -> None:
    """Writes JPEGs of frames (H, W, C); transparency shows on white, as on a slide."""
    for file, frame in zip(files, frames, strict=True):
        thumbnail(frame).save(file, "JPEG", quality=80)


def thumbnail(frame: Tensor) -> Image.Image:
    step = max(1, frame.shape[1] // (WIDTH * _SKIP))
    image = to_pillow(frame[::step, ::step])
    scale = min(WIDTH / image.width, _HEIGHT / image.height)
    size = max(1, round(image.width * scale)), max(1, round(image.height * scale))
    image = image.resize(size, Image.Resampling.BOX)
    if image.mode == "RGB":
        return image
    ground = Image.new("RGB", image.size, "white")
    ground.paste(image, mask=image.getchannel("A"))
    return ground
