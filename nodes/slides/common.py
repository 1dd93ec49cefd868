"""What the slide nodes share: inputs that look alike, settings, and list handling."""

import datetime
from collections.abc import Callable, Sequence
from typing import TypeVar

from comfy_api.v0_0_2 import io
from torch import Tensor

from ...lectern import host
from ...lectern.errors import LecternError
from ...lectern.images import checked
from ...lectern.slides.colors import AUTO, parse_color
from ...lectern.slides.fonts import FontBook
from ...lectern.slides.geometry import ANCHORS
from ...lectern.slides.lettering import Look, Passage, Writer, owned
from ...lectern.slides.stamps import BLENDS
from ...lectern.slides.tiling import Tiling
from ...lectern.slides.type import Font
from ..shared import settings as settings

T = TypeVar("T")

CATEGORY = "Lectern/Slides"
ANCHOR_NAMES = list(ANCHORS)


def first(values: Sequence[T]) -> T:
    """The value of a widget on a node that takes lists."""
    return values[0]


def position_input(default: str, what: str) -> io.Combo.Input:
    return io.Combo.Input("position", options=ANCHOR_NAMES, default=default, tooltip=f"Where the {what} stands.")


def size_input(default: float, what: str) -> io.Float.Input:
    return io.Float.Input(
        "size", default=default, min=0.5, max=50.0, step=0.1,
        tooltip=f"Text size of the {what} in percent of the slide's shorter side.",
    )  # fmt: skip


def margin_input(default: float) -> io.Float.Input:
    return io.Float.Input(
        "margin", default=default, min=0.0, max=45.0, step=0.5,
        tooltip="Free space to the edges in percent of the slide's shorter side.",
    )  # fmt: skip


def color_input() -> io.String.Input:
    return io.String.Input(
        "color", default=AUTO,
        tooltip="auto chooses light or dark by what lies behind; or #RRGGBB; or a name such as white.",
    )  # fmt: skip


def font_input() -> io.String.Input:
    return io.String.Input(
        "font", default="", advanced=True,
        tooltip="Family or file name of a font in models/fonts or on this machine. Empty: the built-in Inter;"
        " characters it lacks come from other fonts found here.",
    )  # fmt: skip


def offset_x_input() -> io.Float.Input:
    return io.Float.Input(
        "offset_x", default=0.0, min=-100.0, max=100.0, step=0.5, optional=True, advanced=True,
        tooltip="Moves it from its position: percent of the slide's width, to the right.",
    )  # fmt: skip


def offset_y_input() -> io.Float.Input:
    return io.Float.Input(
        "offset_y", default=0.0, min=-100.0, max=100.0, step=0.5, optional=True, advanced=True,
        tooltip="Moves it from its position: percent of the slide's height, downwards.",
    )  # fmt: skip


def tiled_input() -> io.Boolean.Input:
    return io.Boolean.Input("tiled", default=False, optional=True, tooltip="Repeats it over the whole slide.")


def spacing_input() -> io.Float.Input:
    return io.Float.Input(
        "spacing", default=10.0, min=0.0, max=100.0, step=0.5, optional=True, advanced=True,
        tooltip="For tiled: free space between neighbours in percent of the slide's shorter side.",
    )  # fmt: skip


def stagger_input() -> io.Boolean.Input:
    return io.Boolean.Input(
        "stagger", default=True, optional=True, advanced=True, tooltip="For tiled: shifts every second row by half."
    )


def blend_input() -> io.Combo.Input:
    return io.Combo.Input(
        "blend", options=list(BLENDS), default=BLENDS[0], optional=True, advanced=True,
        tooltip="How its colours mix with the picture: multiply darkens, screen lightens, overlay does both.",
    )  # fmt: skip


def tiling_of(tiled: Sequence[bool], spacing: Sequence[float], stagger: Sequence[bool]) -> Tiling | None:
    return Tiling(first(spacing), first(stagger)) if first(tiled) else None


def all_valid(**checks: Callable[[], object]) -> bool | str:
    """ComfyUI's answer to a check of inputs: True, or the sentences that say what is wrong.

    ComfyUI reports one answer under every input that was checked, so where there are several each sentence begins with
    its own input's name.
    """
    wrong = []
    for name, check in checks.items():
        try:
            check()
        except LecternError as error:
            wrong.append(f"{name}: {error}" if len(checks) > 1 else str(error))
    return " ".join(wrong) or True


def day_of(*templates: list[str] | None) -> str:
    """For fingerprints: today where a text uses {date}, or may (None: it is linked), else nothing.

    ComfyUI keeps results while nothing changes; without this a server left running would keep yesterday's date.
    """
    dated = any(text is None or any("{date}" in one for one in text) for text in templates)
    return datetime.date.today().isoformat() if dated else ""


def given(value: list[str] | str | None) -> list[str]:
    """What a checked input holds; nothing while it is linked to another node."""
    values = value if isinstance(value, list) else [value]
    return [one for one in values if one]


def check_colors(color: list[str] | str | None) -> None:
    for one in given(color):
        if one != AUTO:
            parse_color(one)


def deck_font(name: str, bold: bool) -> Font:
    return Font(FontBook([*settings().fonts.folders, *host.font_directories()]), name, bold)


def lettered(
    images: Sequence[Tensor], texts: Callable[[int], Sequence[Passage]], look: Look, font: str, bold: bool
) -> list[Tensor]:
    """Copies of the batches with texts(number of pictures)[i] written on picture i."""
    current = settings()
    copies, frames = owned([checked(batch, current.limits.side) for batch in images])
    lines = texts(len(frames))
    book = FontBook([*current.fonts.folders, *host.font_directories()])
    progress = host.Progress(len(frames))
    writer = Writer(look, Font(book, font, bold))
    writer.match_(frames, lines)
    for frame, text in zip(frames, lines, strict=True):
        writer.write_(frame, text)
        progress.step()
    return copies
