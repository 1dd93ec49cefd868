"""What the rules add to an idea, as tags and as sentences, in English and in Chinese."""

import re
from random import Random
from typing import NamedTuple

from ..families import Family, Use
from .scenes import Both, both, pick, scenes_of
from .sentences import capitalised

_ASPECTS = ("light", "view", "colors", "mood", "setting", "medium")  # from what tells most to what tells least

_SENTENCES = {
    "light": Both("The scene is lit by {}.", "画面由{}照亮。"),
    "view": Both("It is seen in {}.", "采用{}。"),
    "colors": Both("The colours are {}.", "色彩以{}为主。"),
    "mood": Both("The mood is {}.", "氛围{}。"),
    "setting": Both("The background shows {}.", "背景是{}。"),
    "medium": Both("The picture is {}.", "画面是{}。"),
    "motion": Both("{} all the while.", "{}。"),
    "camera": Both("The camera {}.", "镜头{}。"),
}
_TAGS = {"colors": "{} palette", "mood": "{} mood"}

_VIEWS = both(
    "a wide shot from eye level | 平视的广角构图; a close view with shallow depth of field | 浅景深的近景;"
    " a view from slightly above | 略微俯视的构图; a low and wide view | 低机位的广角构图"
)
_MEDIA = both(
    "a photograph on 35mm film | 一张35毫米胶片照片; a soft gouache illustration | 一幅柔和的水粉插画;"
    " a clean editorial illustration | 一幅简洁的杂志插画; a finely lit 3d render | 一幅光线细腻的三维渲染"
)
_LENSES = both(
    "a photograph taken with a 35mm lens | 一张用35毫米镜头拍摄的照片;"
    " a photograph taken with an 85mm lens at f/2 | 一张用85毫米镜头、f/2光圈拍摄的照片;"
    " a photograph taken with a 24mm wide-angle lens | 一张用24毫米广角镜头拍摄的照片"
)
_MOTIONS = both(
    "Fine details stir gently | 细小的部分轻轻摆动; Light and shadow move slowly | 光影缓缓移动;"
    " The air moves softly through the scene | 微风轻轻拂过画面"
)
_CAMERAS = both("pushes in slowly | 缓慢推近; glides slowly to the right | 缓慢向右平移; holds still | 固定不动")

_HAS = {  # an idea that says it already is left to it
    "light": r"\b(?:light|lit|lighting|sunlight|backlit|candle\w*|neon|glow\w*|golden hour|spotlight)\b|光",
    "view": r"\b(?:close-?up|wide shot|aerial|from above|from below|macro|bird'?s.eye|top view|side view|isometric)\b"
    r"|特写|航拍|俯视|仰视|广角|近景|全景",
    "colors": r"\b(?:colou?rs?|palette|monochrome|black and white|pastel|red|blue|green|yellow|orange|purple|pink)\b"
    r"|色|黑白",
    "mood": r"\bmood\b|氛围|气氛",
    "setting": r"\bbackground|\bbackdrop|背景",
    "medium": r"\b(?:photo\w*|illustration|painting|watercolou?r|render\w*|3d|sketch|drawing|pixel art|vector|gouache|"
    r"anime|comic|poster|engraving|collage|origami)\b|摄影|照片|插画|插图|水彩|油画|水墨|素描|漫画|渲染|剪纸|版画",
    "motion": r"\b(?:mov\w+|walk\w*|run\w*|fly\w*|fl(?:ow|oat)\w*|turn\w*|fall\w*|ris\w+|drift\w*|swim\w*|danc\w+)\b"
    r"|走|跑|飞|飘|流|转|落|升|游|舞|动",
    "camera": r"\b(?:camera|pan|pans|zoom\w*|dolly|orbit\w*|tracking shot)\b|镜头|推近|拉远|摇镜",
}
_LEFT_OUT = {  # what a use decides by itself
    "icon": {"light", "view", "setting", "mood", "medium"},
    "section divider": {"setting", "view"},
    "cover picture": {"view"},
    "background with calm space": {"view"},
}
_USES = {
    "photo": Both(
        "It is a believable photograph of a real moment, in natural light and with real textures.",
        "这是一张真实瞬间的照片，光线自然，质感真实。",
    ),
    "cover picture": Both(
        "The subject stands large in the right third of a wide cinematic frame, and the left half stays calm and almost"
        " empty.",
        "宽幅电影感构图，主体醒目地位于右侧三分之一，左半边安静而几乎留白。",
    ),
    "section divider": Both(
        "The composition is minimal: one simple motif, few colours, and a large even area around it.",
        "构图极简：一个简单的图形元素，少量色彩，四周是大片均匀的留白。",
    ),
    "icon": Both(
        "It is a flat vector icon: a single centred object with a simple silhouette on a plain light background.",
        "这是一个扁平矢量图标：单个居中的物体，轮廓简洁，背景浅色素净。",
    ),
    "background with calm space": Both(
        "The subject stays on the right, and the left third is a calm, softly lit area with hardly any detail.",
        "主体位于右侧，左侧三分之一是光线柔和、几乎没有细节的平静区域。",
    ),
    "diagram-free": Both(
        "It shows one real scene with physical, tangible objects.", "画面是一个真实的场景，由可触摸的实物构成。"
    ),
}


class Addition(NamedTuple):
    aspect: str
    text: str  # a tag or a sentence
    phrase: Both  # what it says, bare


def of_use(use: Use, prose: bool, chinese: bool) -> list[str]:
    """What the use demands of every picture."""
    if not prose:
        return list(use.words)
    return [_USES[use.name].said(chinese)] if use.name in _USES else []


def of_idea(
    idea: str, family: Family, use: Use, creativity: float, look: str, seed: int, chinese: bool
) -> list[Addition]:
    """Light, view, colours and so on that fit the idea; the more, the higher the creativity.

    Args:
        idea: without syntax.
        look: decides medium and colours where it is given.
        chinese: the language of the sentences.
    """
    random = Random(f"{seed} {use.name} {idea}")
    phrases = _phrases(idea, use, random)
    wanted = round(min(1.0, max(0.0, creativity)) * len(_ASPECTS))
    left_out = _LEFT_OUT.get(use.name, set()) | ({"medium", "colors"} if look.strip() else set())
    aspects = [aspect for aspect in _ASPECTS[:wanted] if aspect not in left_out]
    if family.name == "Wan video":
        aspects = ["motion", "camera", *aspects]
    said = f"{idea} {look}"
    aspects = [aspect for aspect in aspects if not re.search(_HAS[aspect], said, re.IGNORECASE)]
    return [Addition(one, _worded(one, phrases[one], family.form == "prose", chinese), phrases[one]) for one in aspects]


def _phrases(idea: str, use: Use, random: Random) -> dict[str, Both]:
    """One of each kind, whether it is used or not: more creativity adds and changes nothing that was there."""
    scenes = scenes_of(idea)
    found = {aspect: pick(scenes, aspect, random) for aspect in ("light", "setting", "colors", "mood")}
    found["view"] = random.choice(_VIEWS)
    found["medium"] = random.choice(_LENSES if use.name == "photo" else _MEDIA)
    found["motion"] = random.choice(_MOTIONS)
    found["camera"] = random.choice(_CAMERAS)
    return found


def _worded(aspect: str, phrase: Both, prose: bool, chinese: bool) -> str:
    if prose:
        return capitalised(_SENTENCES[aspect].said(chinese).format(phrase.said(chinese)))
    bare = re.sub(r"^(?:an?|the) ", "", phrase.english)
    return _TAGS.get(aspect, "{}").format(bare)
