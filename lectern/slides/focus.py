"""Where the eye goes: the part of a picture worth keeping when it is cut. No model, no faces; a few milliseconds.

Three cheap signs are looked at in a small copy: edges (gradient energy of the OKLab colour), colours that differ from
the picture's average (after Achanta and others, "Frequency-tuned salient region detection", CVPR 2009), and local
entropy of the lightness. The best window is found with an integral image; of a tall subject it keeps the head rather
than the feet. Equal pictures give equal answers.
"""

import math

import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d, interpolate, pad

from .light import to_oklab

_SIDE = 160  # px, longest side of the copy that is looked at
_LEVELS = 16  # of lightness, for the entropy
_NESTED = (1.0, 0.75, 0.5, 0.25)  # windows inside the window: what matters should stand in its middle
_BEHEADED = 1.4  # what a cut through something at the window's top costs, of a window full of it
_CENTRAL = 0.02  # share of the score that a window at the very edge loses against one in the middle


def focus(frame: Tensor, width: float, height: float) -> tuple[float, float]:
    """The best window of this size (pixels) in a frame (H, W, C).

    Returns:
        Share of the room left of the window and above it, 0 to 1; 0.5 where there is no room.
    """
    scale = min(1.0, _SIDE / max(frame.shape[:2]))
    rows, columns = (max(1, round(side * scale)) for side in frame.shape[:2])
    skip = max(1, max(frame.shape[:2]) // (3 * _SIDE))  # three pixels for each of the copy are enough to average
    planes = frame[::skip, ::skip].cpu().permute(2, 0, 1).contiguous()
    small = interpolate(planes[None], (rows, columns), mode="area")[0].permute(1, 2, 0)
    window_rows = min(rows, max(1, round(height * scale)))
    window_columns = min(columns, max(1, round(width * scale)))
    scores = _window_scores(saliency(small), window_rows, window_columns)
    best = int(scores.argmax())
    return _share(best % scores.shape[1], scores.shape[1]), _share(best // scores.shape[1], scores.shape[0])


def saliency(small: Tensor) -> Tensor:
    """(h, w, C) -> (h, w), 0 for what is plain or transparent to 1 for what stands out."""
    lab = to_oklab(small[..., :3]).permute(2, 0, 1)
    signs = 0.4 * _edges(lab) + 0.4 * _difference(lab) + 0.2 * _entropy(lab[0])
    return signs.square() * (small[..., 3] if small.shape[2] == 4 else 1.0)


def _edges(lab: Tensor) -> Tensor:
    framed = pad(lab[None], (1, 1, 1, 1), mode="replicate")[0]
    across = framed[:, 1:-1, 2:] - framed[:, 1:-1, :-2]
    down = framed[:, 2:, 1:-1] - framed[:, :-2, 1:-1]
    return _whole(_mean((across.square() + down.square()).sum(0, keepdim=True).sqrt(), 3)[0])


def _difference(lab: Tensor) -> Tensor:
    return _whole((_mean(lab, 5) - lab.mean((1, 2), keepdim=True)).square().sum(0).sqrt())


def _entropy(lightness: Tensor) -> Tensor:
    levels = lightness.mul(_LEVELS).long().clamp(0, _LEVELS - 1)
    shares = _mean((levels == torch.arange(_LEVELS)[:, None, None]).float(), 9)
    return -(shares * shares.clamp(min=1e-9).log()).sum(0) / math.log(_LEVELS)


def _mean(planes: Tensor, side: int) -> Tensor:
    """(n, h, w), each pixel the average of the square around it."""
    return avg_pool2d(planes[None], side, 1, side // 2, count_include_pad=False)[0]


def _whole(sign: Tensor) -> Tensor:
    """Stretched to 1, but noise in a plain picture stays small."""
    return sign / max(float(sign.max()), 0.05)


def _window_scores(worth: Tensor, height: int, width: int) -> Tensor:
    """Score of the window at every place it can stand: (rows of places, columns of places)."""
    places = worth.shape[0] - height + 1, worth.shape[1] - width + 1
    sums = pad(worth.double().cumsum(0).cumsum(1), (1, 0, 1, 0))
    scores = torch.zeros(places, dtype=torch.float64)
    for part in _NESTED:
        # Along a side without room all of it stays anyway, so all of it counts.
        inner = _inner(height, part if places[0] > 1 else 1.0), _inner(width, part if places[1] > 1 else 1.0)
        top, left = (height - inner[0]) // 2, (width - inner[1]) // 2
        upper = sums[top : top + places[0]]
        lower = sums[top + inner[0] : top + inner[0] + places[0]]
        right = slice(left + inner[1], left + inner[1] + places[1])
        scores += (lower - upper)[:, right] - (lower - upper)[:, left : left + places[1]]
    if places[0] > 1:
        scores -= _BEHEADED * _cut_above(sums, places, width) * height
    away_y, away_x = (torch.linspace(-1, 1, count).abs() if count > 1 else torch.zeros(1) for count in places)
    return scores - _CENTRAL * max(float(sums[-1, -1]), 1.0) * (away_y[:, None] + away_x)


def _cut_above(sums: Tensor, places: tuple[int, int], width: int) -> Tensor:
    """What stands right above the window's top edge, per row; nothing is cut where the window is at the top."""
    reach = 3
    tops = torch.arange(places[0])
    above = (tops - reach).clamp(min=0)
    bands = (sums[tops] - sums[above]) / reach
    return bands[:, width : width + places[1]] - bands[:, : places[1]]


def _inner(side: int, part: float) -> int:
    return max(1, round(side * part))


def _share(place: int, places: int) -> float:
    return place / (places - 1) if places > 1 else 0.5
