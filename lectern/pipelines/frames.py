"""How many frames a pipeline makes, and how large it makes them."""

from math import sqrt
from typing import Any

from torch import Tensor

from .arguments import accepted
from .errors import FramesError
from .latents import frame_factor
from .sizes import Size, checked, own_size, step_of


def chosen_frames(pipe: Any, frames: int, video: Tensor | None) -> int | None:
    """0 takes all frames of the linked video, cut to what is possible, or without one the pipeline's own number.

    Returns:
        None where the pipeline's own number is only known to itself.

    Raises:
        FramesError: with the next numbers that are possible.
    """
    step = frame_step(pipe)
    if video is not None:
        frames = frames or (len(video) - 1) // step * step + 1
        if frames > len(video):
            raise FramesError(
                f"The linked video has {len(video)} frames, and {frames} are asked for. Set frames to"
                f" {(len(video) - 1) // step * step + 1} or less, or to 0."
            )
    return checked_frames(frames, step) if frames else own_frames(pipe)


def frame_step(pipe: Any) -> int:
    """The number of frames is one more than a multiple of this: of what the VAE makes one latent frame of."""
    step, own = frame_factor(pipe), own_frames(pipe)
    return 1 if own is not None and (own - 1) % step else step  # its own number shows another rule


def own_frames(pipe: Any) -> int | None:
    taken = accepted(pipe)
    defaults = (taken[name].default for name in ("num_frames", "video_length") if name in taken)
    return next((one for one in defaults if isinstance(one, int)), None)


def checked_frames(frames: int, step: int) -> int:
    if (frames - 1) % step == 0:
        return frames
    lower = (frames - 1) // step * step + 1
    raise FramesError(
        f"This pipeline makes videos of 1 frame and a multiple of {step} more, got {frames}. The next possible numbers"
        f" are {lower} and {lower + step}."
    )


def chosen_size(pipe: Any, width: int, height: int, source: Tensor | None) -> Size:
    """0 takes the pipeline's own side; with a picture linked, its shape in the pipeline's own area at most.

    Args:
        source: (B, H, W, C), what the video starts from.

    Raises:
        SizeError: with the next sizes that are possible.
    """
    step = step_of(pipe)
    own = usual_size(pipe, step)
    if source is not None:
        own = shaped(Size(source.shape[2], source.shape[1]), own, step)
    return checked(Size(width or own.width, height or own.height), step)


def usual_size(pipe: Any, step: int) -> Size:
    """What its call makes when it is told nothing."""
    taken = accepted(pipe)
    width, height = (taken[name].default if name in taken else None for name in ("width", "height"))
    if not isinstance(width, int) or not isinstance(height, int):
        return own_size(pipe, step)
    return Size(width // step * step, height // step * step)


def shaped(source: Size, own: Size, step: int) -> Size:
    """The source's proportions in the area of `own`, never larger than the source."""
    scale = min(1.0, sqrt(own.width * own.height / (source.width * source.height)))
    return Size(*(max(step, int(side * scale) // step * step) for side in source))
