"""Which pipelines make videos, told by what their call takes: no list of names."""

from inspect import signature
from typing import Any

# num_frames of nearly all; the others start from a video.
_OF_VIDEOS = ("num_frames", "video_length", "video")


def films(pipe: Any) -> bool:
    return any(name in signature(type(pipe).__call__).parameters for name in _OF_VIDEOS)
