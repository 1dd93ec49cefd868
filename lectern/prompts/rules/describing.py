"""What can honestly be said of a picture that no model looks at: its shape, its colours, where it is light and busy."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from .colornames import Color, color_names
from .scenes import Both
from .sentences import capitalised
from .tongues import CHINESE

_DARK, _LIGHT = 0.3, 0.65  # mean luminance
_STRONG, _EVEN = 0.5, 0.12  # between the darkest and the lightest ninth
_STANDS_OUT = 0.08  # above the mean: a bright part worth naming
_BUSY = 0.06  # mean difference to the neighbours: a part worth naming
_PANORAMA, _SQUARE = 1.9, 1.12  # longer side to shorter one

_PLACES = (
    (Both("upper left", "左上方"), Both("top", "上方"), Both("upper right", "右上方")),
    (Both("left", "左侧"), Both("centre", "中央"), Both("right", "右侧")),
    (Both("lower left", "左下方"), Both("bottom", "下方"), Both("lower right", "右下方")),
)
_TONES = {"dark": Both("dark", "偏暗"), "light": Both("bright", "明亮"), "medium": Both("evenly lit", "明暗适中")}
_CONTRASTS = {
    "strong": Both("strong contrast", "对比强烈"),
    "even": Both("soft even tones", "色调柔和均匀"),
    "medium": Both("moderate contrast", "对比适中"),
}


@dataclass(frozen=True)
class _Seen:
    """What was measured, in words."""

    shape: Both
    colors: tuple[Both, ...]
    tone: Both
    contrast: Both
    bright: Both | None  # where the brightest part is, where one stands out
    busy: Both | None  # where neighbouring parts differ most
    calm: Both | None


def describe_by_rules(
    palette: Sequence[Color],
    width: int,
    height: int,
    lightness: Sequence[Sequence[float]],
    task: str,
    language: str,
) -> str:
    """A prompt, a caption, an alt text or tags; in Chinese, or in English for every other language.

    Args:
        palette: main colours, the commonest first; sRGB, each 0 to 1.
        width: pixels.
        height: pixels.
        lightness: mean luminance of each ninth of the picture, 0 to 1, in rows from the top.
        task: "prompt", "caption", "alt text" or "tags".
        language: a name of languages.LANGUAGES.

    Raises:
        KeyError: another task.
    """
    return _WRITERS[task](_seen(palette, width, height, lightness), language in CHINESE)


def _seen(palette: Sequence[Color], width: int, height: int, lightness: Sequence[Sequence[float]]) -> _Seen:
    grid = [[value if math.isfinite(value) else 0.5 for value in row] for row in lightness if row]
    values = [value for row in grid for value in row] or [0.5]
    mean = sum(values) / len(values)
    spread = max(values) - min(values)
    changes = {(y, x): _change(grid, y, x) for y, row in enumerate(grid) for x in range(len(row))}
    varied = bool(changes) and max(changes.values()) >= _BUSY
    return _Seen(
        shape=_shape(width, height),
        colors=tuple(color_names([color for color in palette if all(map(math.isfinite, color))])),
        tone=_TONES["dark" if mean < _DARK else "light" if mean > _LIGHT else "medium"],
        contrast=_CONTRASTS["strong" if spread > _STRONG else "even" if spread < _EVEN else "medium"],
        bright=_brightest(grid, mean),
        busy=_place(grid, *max(changes, key=lambda at: changes[at])) if varied else None,
        calm=_place(grid, *min(changes, key=lambda at: changes[at])) if varied else None,
    )


def _shape(width: int, height: int) -> Both:
    ratio = max(width, height, 1) / max(1, min(width, height))
    if ratio < _SQUARE:
        return Both("square", "方形")
    if width < height:
        return Both("portrait", "竖幅")
    return Both("panoramic", "宽幅全景") if ratio > _PANORAMA else Both("landscape", "横幅")


def _brightest(grid: Sequence[Sequence[float]], mean: float) -> Both | None:
    places = {(y, x): value for y, row in enumerate(grid) for x, value in enumerate(row)}
    if not places or max(places.values()) < mean + _STANDS_OUT:
        return None
    return _place(grid, *max(places, key=lambda at: places[at]))


def _change(grid: Sequence[Sequence[float]], y: int, x: int) -> float:
    """How much a part differs from those beside, above and below it."""
    around = [(y - 1, x), (y + 1, x), (y, x - 1), (y, x + 1)]
    near = [grid[row][column] for row, column in around if 0 <= row < len(grid) and 0 <= column < len(grid[row])]
    return sum(abs(value - grid[y][x]) for value in near) / len(near) if near else 0.0


def _place(grid: Sequence[Sequence[float]], y: int, x: int) -> Both:
    return _PLACES[min(2, y * 3 // len(grid))][min(2, x * 3 // len(grid[y]))]


def _colors(seen: _Seen, chinese: bool) -> str:
    names = [name.said(chinese) for name in seen.colors]
    if chinese:
        return "、".join(names)
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def _prompt(seen: _Seen, chinese: bool) -> str:
    parts = ["抽象构图" if chinese else "abstract composition", _colors(seen, chinese), seen.contrast.said(chinese)]
    if seen.bright:
        parts.append(f"光线来自{seen.bright.chinese}" if chinese else f"light from the {seen.bright.english}")
    if seen.calm:
        parts.append(f"{seen.calm.chinese}留白" if chinese else f"calm area at the {seen.calm.english}")
    mood = {"dark": Both("low-key lighting", "低调光线"), "light": Both("airy high-key lighting", "明亮通透的光线")}
    parts += [mood[key].said(chinese) for key in mood if seen.tone == _TONES[key]]
    parts.append(f"{seen.shape.chinese}构图" if chinese else f"{seen.shape.english} format")
    return ("，" if chinese else ", ").join(part for part in parts if part)


def _caption(seen: _Seen, chinese: bool) -> str:
    colors = _colors(seen, chinese)
    if chinese:
        first = f"一幅{seen.tone.chinese}的{seen.shape.chinese}图片" + (f"，以{colors}为主" if colors else "")
        rest = [f"最亮处在{seen.bright.chinese}"] if seen.bright else []
        rest += [f"{seen.busy.chinese}变化最多"] if seen.busy else [seen.contrast.chinese]
        return "，".join([first, *rest]) + "。"
    article = "An" if seen.tone.english[0] in "aeiou" else "A"
    first = f"{article} {seen.tone.english} picture in {seen.shape.english} format"
    first += f", mainly {colors}" if colors else ""
    rest = [f"brightest at the {seen.bright.english}"] if seen.bright else []
    rest += [f"with most contrast at the {seen.busy.english}"] if seen.busy else [f"in {seen.contrast.english}"]
    return f"{', '.join([first, *rest])}."


def _alt_text(seen: _Seen, chinese: bool) -> str:
    """Shorter than a caption: those who listen need no lay-out."""
    colors = _colors(seen, chinese)
    if chinese:
        return f"{seen.tone.chinese}的图片" + (f"，主要颜色为{colors}" if colors else "") + "。"
    return capitalised(f"{seen.tone.english} picture") + (f", mainly {colors}." if colors else ".")


def _tags(seen: _Seen, chinese: bool) -> str:
    parts = [*seen.colors, seen.tone, seen.contrast]
    found = [part.said(chinese) for part in parts]
    if seen.bright:
        found.append(f"{seen.bright.chinese}明亮" if chinese else f"bright {seen.bright.english}")
    found.append(f"{seen.shape.chinese}构图" if chinese else f"{seen.shape.english} format")
    return ("，" if chinese else ", ").join(found)


_WRITERS: dict[str, Callable[[_Seen, bool], str]] = {
    "prompt": _prompt,
    "caption": _caption,
    "alt text": _alt_text,
    "tags": _tags,
}
TASKS = tuple(_WRITERS)
