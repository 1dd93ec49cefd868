"""IMAGE tensors as what a vision model is sent: JPEG files, no larger than it needs."""

from collections.abc import Iterator, Sequence
from io import BytesIO
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor

_QUALITY = 90
_GRID = 3  # fields a side that the rules look at


def jpegs(images: "Tensor", side: int) -> Iterator[bytes]:
    """(B, H, W, 3 or 4) -> a JPEG file for each picture; transparent parts lie on white.

    Args:
        side: longest side in pixels; larger pictures are made smaller, none larger.
    """
    from PIL import Image

    from ..images import to_pillow

    for frame in images:
        picture = to_pillow(frame)
        if picture.mode == "RGBA":
            ground = Image.new("RGBA", picture.size, "white")
            picture = Image.alpha_composite(ground, picture).convert("RGB")
        if max(picture.size) > side:
            picture.thumbnail((side, side), Image.Resampling.LANCZOS)
        file = BytesIO()
        picture.save(file, "JPEG", quality=_QUALITY)
        yield file.getvalue()


def lightness(frame: "Tensor") -> Sequence[Sequence[float]]:
    """(H, W, C) -> mean luminance (Rec. 709 weights on sRGB values), 0 to 1, of the fields of a 3x3 grid by rows."""
    from torch.nn.functional import adaptive_avg_pool2d

    red, green, blue = frame[..., 0], frame[..., 1], frame[..., 2]
    luminance = 0.2126 * red + 0.7152 * green + 0.0722 * blue
    return adaptive_avg_pool2d(luminance[None, None].float(), _GRID)[0, 0].tolist()
