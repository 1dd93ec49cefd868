"""Style sheets: what all pictures of a deck have in common, in one line."""

import re
from random import Random

from .scenes import Both, both

_SOBER = both(
    "quiet editorial photography, muted navy and warm grey, soft side light |"
    " 安静的杂志摄影，柔和的海军蓝与暖灰，柔和侧光;"
    " minimal paper-cut illustration, ivory and deep green, soft shadows | 极简剪纸插画，象牙白与墨绿，柔和阴影;"
    " fine engraving style, ink blue on cream paper, even tones | 精细版画风格，奶油色纸上的墨蓝，色调均匀;"
    " matte 3d still life, graphite and brass, diffused studio light | 哑光三维静物，石墨色与黄铜色，漫射棚光"
)
_LIVELY = both(
    "flat vector illustration, muted teal and coral, soft paper texture | 扁平矢量插画，柔和的青色与珊瑚色，细腻纸纹;"
    " gouache illustration, sunflower yellow and cobalt, visible brush strokes | 水粉插画，向日葵黄与钴蓝，可见笔触;"
    " soft clay 3d scene, pastel peach and mint, rounded shapes | 柔和黏土三维场景，粉桃色与薄荷色，圆润造型;"
    " risograph print, warm red and petrol blue, fine grain | 孔版印刷风格，暖红与石油蓝，细颗粒;"
    " loose watercolor, ochre and sea green, much white paper | 写意水彩，赭色与海绿，大量留白;"
    " isometric illustration, lilac and apricot, clean edges | 等距插画，丁香紫与杏色，边缘干净"
)
_SOBER_TONES = re.compile(
    r"formal|serious|sober|factual|academic|professional|neutral|sachlich|seriös|förmlich|sérieux|formel|serio"
    r"|正式|严肃|专业|学术|客观|稳重",
    re.IGNORECASE,
)
_LIVELY_TONES = re.compile(
    r"playful|fun|friendly|warm|casual|humou?r|inspir|energetic|locker|freundlich|humorvoll|amical|drôle|divertido|amable"
    r"|活泼|轻松|幽默|友好|温暖|有趣",
    re.IGNORECASE,
)


def propose_look(seed: int, topic: str, tone: str) -> Both:
    """One of some dozen; a tone that is sober or lively narrows the choice."""
    looks = (*_LIVELY, *_SOBER)
    if _SOBER_TONES.search(tone):
        looks = _SOBER
    elif _LIVELY_TONES.search(tone):
        looks = _LIVELY
    return Random(f"look {seed} {topic[:200]}").choice(looks)
