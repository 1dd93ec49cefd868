"""Everyday names of colours, in English and Chinese, found by nearness in a space that is even to the eye."""

from collections.abc import Sequence
from functools import cache

from .scenes import Both

Color = tuple[float, float, float]  # sRGB, each 0 to 1

_NAMES = """
000000 black | 黑色
2b2b2b charcoal | 炭黑色
555555 dark grey | 深灰色
808080 grey | 灰色
b0b0b0 silver grey | 银灰色
d9d9d9 light grey | 浅灰色
ffffff white | 白色
f7f1e3 ivory | 象牙白
efe0c2 cream | 奶油色
d8c3a5 sand | 沙色
c2a37c tan | 黄褐色
8a7560 taupe | 灰褐色
8b5a2b brown | 棕色
4b2e1e dark brown | 深棕色
b5651d caramel | 焦糖色
b7410e rust | 铁锈色
cb6843 terracotta | 赤陶色
8b0000 dark red | 深红色
e3170a red | 红色
f0544f coral red | 珊瑚红
ff7f62 coral | 珊瑚色
fa9f7f salmon | 鲑鱼粉
ffb38a peach | 桃色
f47b20 orange | 橙色
ffbf3f amber | 琥珀色
e1b12c gold | 金色
ffe03b yellow | 黄色
fff3a6 pale yellow | 淡黄色
c9a227 mustard | 芥末黄
8a8a2a olive | 橄榄绿
b5d334 lime green | 青柠绿
6aa84f leaf green | 叶绿色
2e8b57 sea green | 海绿色
1e5631 forest green | 森林绿
16321f dark green | 墨绿色
a8c3a0 sage green | 鼠尾草绿
bfe8cf mint green | 薄荷绿
36c9a8 turquoise green | 绿松石色
0f8b8d teal | 蓝绿色
0b4f56 dark teal | 深青色
3fd0e0 turquoise | 青色
a9def0 pale blue | 淡蓝色
6fb7e9 sky blue | 天蓝色
2f80d0 blue | 蓝色
1f4fbf royal blue | 宝蓝色
123a7a deep blue | 深蓝色
0c1b3d navy | 藏青色
5b7083 slate blue | 石板蓝
8fa3b5 blue grey | 蓝灰色
3a3f8f indigo | 靛蓝色
6a4bc4 violet | 紫罗兰色
3b1f5b dark violet | 深紫色
9b59b6 purple | 紫色
c9b3e6 lavender | 薰衣草紫
c2187f magenta | 洋红色
f06ba8 pink | 粉红色
f9cfd8 pale pink | 淡粉色
b76e79 dusty rose | 灰玫瑰色
6d1f3a wine red | 酒红色
"""


def color_name(color: Color) -> Both:
    """The nearest of some sixty names."""
    place = oklab(color)
    return min(_table(), key=lambda entry: sum((one - other) ** 2 for one, other in zip(place, entry[0], strict=True)))[
        1
    ]


def color_names(palette: Sequence[Color], most: int = 3) -> list[Both]:
    """Different names, in the order of the palette."""
    return list(dict.fromkeys(color_name(color) for color in palette))[:most]


@cache
def _table() -> tuple[tuple[Color, Both], ...]:
    rows = (line.split(" ", 1) for line in _NAMES.strip().splitlines())
    return tuple((oklab(_from_hex(code)), Both(*(name.strip() for name in names.split("|")))) for code, names in rows)


def _from_hex(code: str) -> Color:
    red, green, blue = (int(code[at : at + 2], 16) / 255 for at in (0, 2, 4))
    return red, green, blue


def oklab(color: Color) -> Color:
    """Lightness, green to red, blue to yellow (Ottosson 2020); distances in it look about as large as they are."""
    red, green, blue = (_linear(min(1.0, max(0.0, channel))) for channel in color)
    long = (0.4122214708 * red + 0.5363325363 * green + 0.0514459929 * blue) ** (1 / 3)
    middle = (0.2119034982 * red + 0.6806995451 * green + 0.1073969566 * blue) ** (1 / 3)
    short = (0.0883024619 * red + 0.2817188376 * green + 0.6299787005 * blue) ** (1 / 3)
    return (
        0.2104542553 * long + 0.7936177850 * middle - 0.0040720468 * short,
        1.9779984951 * long - 2.4285922050 * middle + 0.4505937099 * short,
        0.0259040371 * long + 0.7827717662 * middle - 0.8086757660 * short,
    )


def _linear(channel: float) -> float:
    """sRGB transfer curve inverted, IEC 61966-2-1."""
    return channel / 12.92 if channel <= 0.04045 else ((channel + 0.055) / 1.055) ** 2.4
