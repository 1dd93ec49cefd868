"""ComfyUI's masks as the servers want them: one value a pixel, white where something new is painted."""

import torch
from torch import Tensor
from torch.nn.functional import interpolate

from .errors import RequestError

_HALF = 0.5
_ASPECT_TOLERANCE = 0.02  # relative; what rounding sizes to multiples of 8 may bring


def fitted_mask(mask: Tensor, height: int, width: int) -> Tensor:
    """(H, W) of any size -> (height, width), 0 to 1, never the same memory.

    Raises:
        RequestError: the mask has another shape than the picture.
    """
    if mask.ndim != 2 or 0 in mask.shape:
        raise RequestError(f"A mask must have the shape (height, width), got {tuple(mask.shape)}. Link a MASK output.")
    values = mask.float().nan_to_num(nan=0.0).clamp(0, 1)
    if values.shape == (height, width):
        return values.clone()
    ratio = (mask.shape[1] / mask.shape[0]) / (width / height)
    if abs(ratio - 1) > _ASPECT_TOLERANCE:
        raise RequestError(
            f"The mask is {mask.shape[1]}x{mask.shape[0]} pixels and the picture {width}x{height}: they have different"
            " shapes. Link a mask that was drawn on this picture."
        )
    scaled = interpolate(values[None, None], (height, width), mode="bilinear", antialias=True)
    return scaled[0, 0].clamp_(0, 1)  # the weights sum to a hair above one


def server_mask(mask: Tensor, height: int, width: int, soft: bool, inverted: bool) -> Tensor:
    """The mask to send, (height, width), 0 to 1; hard unless `soft`.

    The servers do not round such a mask themselves (only alpha), and a half-grey one changes the whole picture.

    Raises:
        RequestError: nothing would be painted: with "only masked", the servers' default, they would paint all instead.
    """
    _check_paints(mask, inverted)  # before the shape: Load Image gives a picture without a mask one of 64x64, black
    fitted = fitted_mask(mask, height, width)
    result = fitted if soft else (fitted >= _HALF).float()
    _check_paints(result, inverted)
    return result


def _check_paints(mask: Tensor, inverted: bool) -> None:
    painted = mask < _HALF if inverted else mask >= _HALF
    if not bool(painted.any()):
        raise RequestError(
            f"The mask is {'white' if inverted else 'black'} everywhere, so there is nothing to paint. Paint a part of"
            " it, or unlink it to change the whole picture."
        )


def laid_over(original: Tensor, result: Tensor, mask: Tensor, inverted: bool, blur: int) -> Tensor:
    """The result where the mask is white, the original elsewhere; edges as soft as `blur` pixels.

    Args:
        original: (h, w, C) of any size; it is scaled to the result's.
        result: (H, W, 3).
        mask: (h, w), as `server_mask` gave it.
    """
    height, width = result.shape[:2]
    kept = _scaled(original[..., :3].movedim(-1, 0)[None], height, width)[0].movedim(0, -1)
    weight = _scaled((1 - mask if inverted else mask)[None, None], height, width)
    if blur:
        weight = _blurred(weight, blur)
    return torch.lerp(kept, result, weight[0, 0, :, :, None]).clamp_(0, 1)


def _scaled(planes: Tensor, height: int, width: int) -> Tensor:
    if planes.shape[-2:] == (height, width):
        return planes
    return interpolate(planes, (height, width), mode="bicubic", antialias=True).clamp_(0, 1)


def _blurred(plane: Tensor, sigma: int) -> Tensor:
    """Gaussian of that many pixels, as A1111's mask_blur."""
    reach = 3 * sigma
    offsets = torch.arange(-reach, reach + 1, dtype=torch.float32)
    kernel = torch.exp(-0.5 * (offsets / sigma) ** 2)
    kernel /= kernel.sum()
    pad = torch.nn.functional.pad
    rows = torch.nn.functional.conv2d(pad(plane, (reach, reach, 0, 0), "replicate"), kernel.view(1, 1, 1, -1))
    return torch.nn.functional.conv2d(pad(rows, (0, 0, reach, reach), "replicate"), kernel.view(1, 1, -1, 1))
