"""Which pipelines make videos, told by what their call takes: no list of names."""

from typing import Any

from .arguments import taken_by

# num_frames of nearly all; the others start from a video.
_OF_VIDEOS = ("num_frames", "video_length", "video")


def films(pipe: Any) -> bool:
    return any(name in taken_by(type(pipe)) for name in _OF_VIDEOS)
