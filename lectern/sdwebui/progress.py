"""What GET /sdapi/v1/progress and POST /internal/progress say, and one bar for a whole order."""

import math
from base64 import b64decode
from collections.abc import Mapping
from io import BytesIO
from typing import Any, NamedTuple

from PIL import Image

_LARGEST_PREVIEW = 2048  # pixels a side
_FORMATS = ("PNG", "JPEG", "WEBP")  # what the servers' live_previews_image_format offers; EPS would start Ghostscript


class Glimpse(NamedTuple):
    """One look at a running request."""

    fraction: float  # 0 to 1, of the whole request: the servers count batches and the second pass into it
    picture: str = ""  # base64 of a small preview, perhaps as a data: address
    picture_id: int = -1
    stamp: str = ""  # of the job that runs on the server, whosever it is
    running: bool = True  # anything runs; for a task, that one does
    waiting: bool = False  # the task is in the server's queue


def _object(content: Any) -> Mapping[str, Any]:
    return content if isinstance(content, dict) else {}


def _fraction(value: Any) -> float:
    return min(max(float(value), 0.0), 1.0) if isinstance(value, int | float) and math.isfinite(value) else 0.0


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def read_global(content: Any) -> Glimpse:
    """Of GET progress. `eta_relative` is left alone: it grows without bound while a model loads."""
    found = _object(content)
    state = _object(found.get("state"))
    fraction = _fraction(found.get("progress"))
    running = fraction > 0 or bool(state.get("job_count"))
    return Glimpse(fraction, _text(found.get("current_image")), -1, _text(state.get("job_timestamp")), running)


def read_task(content: Any) -> Glimpse | None:
    """Of POST /internal/progress for one task; None when the server has never heard of it."""
    found = _object(content)
    active, queued, completed = (bool(found.get(key)) for key in ("active", "queued", "completed"))
    if not (active or queued or completed):
        return None
    number = found.get("id_live_preview")
    return Glimpse(
        fraction=1.0 if completed and not active else _fraction(found.get("progress")),
        picture=_text(found.get("live_preview")),
        picture_id=number if type(number) is int else -1,
        running=active,
        waiting=queued,
    )


class Watch:
    """The progress of one order over all its requests. Written on the background loop, read by the node."""

    def __init__(self) -> None:
        self.fraction = 0.0  # never falls
        self.preview = ""  # the newest, base64
        self.previews = 0  # how many there were
        self._total = 1
        self._done = 0
        self._running: dict[object, tuple[int, float]] = {}

    def expect(self, total: int) -> None:
        """Pictures in all."""
        self._total = max(1, total)

    def seen(self, part: object, count: int, glimpse: Glimpse) -> None:
        """A request that makes `count` pictures is so far."""
        self._running[part] = (count, glimpse.fraction)
        if glimpse.picture:
            self.preview = glimpse.picture
            self.previews += 1
        self._raise()

    def ended(self, part: object, count: int) -> None:
        """The request is over; `count` of its pictures came."""
        self._running.pop(part, None)
        self._done += count
        self._raise()

    def picture(self) -> Image.Image | None:
        """The newest preview; None for one that cannot be read. Takes a while: for a thread."""
        text = self.preview.partition(",")[2] if self.preview.startswith("data:") else self.preview
        try:
            with Image.open(BytesIO(b64decode(text)), formats=_FORMATS) as image:
                return image.convert("RGB") if max(image.size) <= _LARGEST_PREVIEW else None
        except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
            return None

    def _raise(self) -> None:
        running = sum(count * fraction for count, fraction in self._running.values())
        self.fraction = max(self.fraction, min(1.0, (self._done + running) / self._total))
