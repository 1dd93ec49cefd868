"""What each family of image models wants of a prompt, and what a picture is for. Data for models and rules alike."""

from dataclasses import dataclass
from typing import Literal

Form = Literal["tags", "prose"]


@dataclass(frozen=True)
class Family:
    name: str  # as the widget shows it
    form: Form  # comma-separated tags, or sentences
    language: str  # what it understands best, a name of languages.LANGUAGES
    words: tuple[int, int]  # of a good prompt: fewest, most
    negative: str  # its usual negative prompt; empty where it takes none
    quality: tuple[str, ...]  # words that open every prompt, verbatim
    guidance: str  # told to a chat model that writes for it
    languages: tuple[str, ...] = ("English",)  # all that it understands well, names of languages.LANGUAGES


@dataclass(frozen=True)
class Use:
    name: str  # as the widget shows it
    guidance: str  # told to a chat model
    words: tuple[str, ...]  # what the rules add to a prompt
    negative: tuple[str, ...] = ()  # and to the negative one


_NO_LETTERING = (
    "Never ask for text, letters, numbers, captions, watermarks, signatures or logos unless the idea asks for them."
)
_BOTH = ("English", "中文", "繁體中文")

_FAMILIES = (
    Family(
        name="SDXL",
        form="tags",
        language="English",
        words=(15, 70),
        negative=(
            "text, letters, watermark, signature, logo, blurry, low quality, jpeg artifacts, deformed, bad anatomy,"
            " extra fingers, cropped"
        ),
        quality=(),
        guidance=(
            "Write one prompt for Stable Diffusion XL in English. Begin with one plain phrase of 5 to 15 words that"
            " says who or what is seen, doing what, and where. Go on with short comma-separated phrases in this order:"
            " composition and point of view, light, medium or lens (for example 35mm photograph, gouache illustration,"
            " isometric 3d render), two or three colours, mood. What comes first weighs most, and what lies beyond 75"
            " tokens is read apart and weighs less: stay between 15 and 70 words. Name one medium and one kind of"
            " light, never two that exclude each other. Leave out empty praise such as masterpiece, 8k, trending or"
            " award-winning; this family does not need it. Emphasis such as (word:1.2) is for at most two terms, from"
            f" 0.8 to 1.3. {_NO_LETTERING} The negative prompt is a short comma-separated list of things that may go"
            " wrong, nouns and adjectives without the word no."
        ),
    ),
    Family(
        name="SD 1.5 tags",
        form="tags",
        language="English",
        words=(12, 55),
        negative=(
            "worst quality, low quality, normal quality, lowres, blurry, jpeg artifacts, text, letters, watermark,"
            " signature, username, logo, bad anatomy, bad hands, extra fingers, missing fingers, deformed, cropped"
        ),
        quality=("masterpiece", "best quality", "highly detailed"),
        guidance=(
            "Write one prompt for Stable Diffusion 1.5 as comma-separated tags in English, each of one to four words,"
            " no sentences and no full stops. Order them: quality (masterpiece, best quality, highly detailed); the"
            " subject with its number; what it looks like, wears and does; the place; composition (close-up, wide"
            " shot, from above, centered, negative space); light (soft lighting, rim light, golden hour, volumetric"
            " lighting); medium (photograph, 50mm lens, oil painting, flat vector illustration); colours; mood."
            " Earlier tags weigh more. The text encoder reads 75 tokens at a time: stay below 55 words, and say each"
            " thing once. It counts and relates badly, so ask for one subject or one group rather than for numbers,"
            " and for one relation in space at most. Weights are written (tag:1.2), from 0.8 to 1.4, for at most"
            f" three tags. {_NO_LETTERING} The negative prompt is a list of tags too: low quality, worst quality, and"
            " the faults that this subject invites."
        ),
    ),
    Family(
        name="Pony / Illustrious tags",
        form="tags",
        language="English",
        words=(15, 65),
        negative=(
            "score_6, score_5, score_4, worst quality, low quality, lowres, jpeg artifacts, text, watermark, signature,"
            " username, logo, bad anatomy, bad hands, extra digits, censored, nsfw"
        ),
        quality=("score_9", "score_8_up", "score_7_up", "masterpiece", "best quality", "absurdres", "rating_safe"),
        guidance=(
            "Write one prompt as comma-separated image-board tags in English for models descended from Pony Diffusion"
            " or Illustrious. Open with score_9, score_8_up, score_7_up (which Pony models know), then masterpiece,"
            " best quality, absurdres (which Illustrious models know), then rating_safe. Go on with how many people"
            " there are (1girl, 1boy, 2girls, multiple people) or, when there are none, no humans and scenery; then"
            " hair, clothes, expression, pose, action; then objects and the place (indoors, outdoors, office,"
            " cityscape, mountain); then the view (wide shot, from above, from side, close-up, depth of field,"
            " negative space, simple background); then light and colour (sunset, backlighting, pastel colors, limited"
            " palette, blue theme). Tags are lower case, with spaces in place of underscores except in the score tags"
            " and ratings. Use tags that exist on such boards rather than sentences; brackets that belong to a tag are"
            " escaped: \\( and \\). Name no artists and no copyrighted characters. Between 15 and 65 words."
            f" {_NO_LETTERING} The negative prompt opens with score_6, score_5, score_4, worst quality, low quality and"
            " goes on in tags."
        ),
    ),
    Family(
        name="Flux",
        form="prose",
        language="English",
        words=(30, 160),
        negative="",
        quality=(),
        guidance=(
            "Write one prompt for Flux in English: one paragraph of three to six full sentences, 30 to 160 words, as"
            " one would describe a finished picture to somebody who cannot see it. Say first what the picture is (a"
            " photograph, a gouache painting, a clean vector illustration) and what it shows. Then say where each thing"
            " is (in the foreground, on the left, behind it), how large it is and what it is made of; then where the"
            " light comes from and how hard it is; then lens or brush, colours, mood. Be exact and concrete, and let"
            " everything fit one moment and one place. There is no negative prompt, and a thing that is named tends to"
            " appear: describe what is there, such as a bare white wall, instead of what is not. No weights, no"
            f" brackets, no lists of tags, no quality words such as masterpiece. {_NO_LETTERING} Lettering that is"
            " wanted stands in double quotation marks with its place and its kind of type. Leave the negative prompt"
            " empty."
        ),
    ),
    Family(
        name="Qwen-Image",
        form="prose",
        language="English",
        words=(30, 180),
        negative="low quality, blurry, distorted, deformed hands, watermark, logo, garbled text",
        quality=(),
        guidance=(
            "Write one prompt for Qwen-Image: flowing prose in English or in Chinese, one language throughout, one"
            " paragraph, 30 to 180 words (in Chinese 60 to 300 characters). Name the style first (photograph,"
            " watercolour, flat illustration, ink painting), then the main subject with its attributes, then what"
            " surrounds it and where it stands in the frame, then light, colours, material and mood. The model follows"
            " long and precise descriptions of layout and of several objects well, so give each object its place and"
            " its attributes once and do not repeat them. It draws text in English and Chinese: lettering that is"
            " wanted stands in double quotation marks, exactly as it shall be drawn, with its place, typeface, colour"
            f" and size. {_NO_LETTERING} The negative prompt is a short list of faults."
        ),
        languages=_BOTH,
    ),
    Family(
        name="Wan video",
        form="prose",
        language="English",
        words=(40, 130),
        negative=(
            "overexposed, static frame, blurred details, subtitles, text, watermark, logo, low quality, jpeg artifacts,"
            " ugly, deformed, extra fingers, badly drawn hands, badly drawn face, fused fingers, cluttered background,"
            " flicker, walking backwards"
        ),
        quality=(),
        guidance=(
            "Write one prompt for the Wan video models in English or in Chinese: one paragraph of 40 to 130 words about"
            " one unbroken shot of about five seconds. Order: the subject and what it looks like; the scene, with what"
            " is near and far; the motion, one clear action that fits into five seconds, with its pace and what it"
            " moves (hair, water, leaves, cloth); the camera, one movement and one distance (slow push in, pan to the"
            " left, orbit, fixed camera; close-up, medium shot, wide shot); then light, colours, mood and style. Write"
            " in the present tense and in the order of time. No cuts, no second scene, no sound, no dialogue. For a"
            " background behind a title let the motion be slow and even, and keep the side that stays calm free of it."
            f" {_NO_LETTERING} The negative prompt is a comma-separated list of faults."
        ),
        languages=_BOTH,
    ),
    Family(
        name="plain",
        form="prose",
        language="English",
        words=(10, 90),
        negative="text, watermark, logo, blurry, low quality",
        quality=(),
        guidance=(
            "Write one prompt that any image model understands: one to four plain sentences in English, 10 to 90 words."
            " Say what is seen, where, from what distance, in what light, in which medium, in which colours and in"
            " which mood. No weights, no brackets, no special tags, no quality words, nothing that only one model"
            f" knows. {_NO_LETTERING} The negative prompt is a short comma-separated list of what must not appear."
        ),
    ),
)

_USES = (
    Use("any", "The picture stands on a slide of a presentation. Nothing else is known about it.", ()),
    Use(
        "photo",
        "The picture is a believable photograph of a real moment: real materials, natural light, a lens and an aperture"
        " that a photographer would choose, people who do something rather than pose for the camera, small"
        " imperfections. No illustration, no render, no glossy stock-photo smiles.",
        ("photograph", "natural light", "realistic texture"),
        ("illustration", "painting", "3d render", "cartoon", "plastic skin"),
    ),
    Use(
        "cover picture",
        "The picture opens a deck and is seen for a long time, large. One strong subject that stands for the whole"
        " topic, seen at once from the last row, in the right half or the right third; the left half calm, with even"
        " tones on which a large title can be read. Wide framing, depth, a clear mood.",
        ("wide cinematic composition", "one strong subject on the right", "calm empty space on the left"),
        ("cluttered", "busy background", "collage", "split screen"),
    ),
    Use(
        "section divider",
        "The picture separates two parts of a deck and is seen for a few seconds. One simple motif or material, close"
        " or from far away, few shapes, few colours, a large even area for a short heading in the middle or on one"
        " side. It belongs to the same family as the cover but is quieter.",
        ("minimal composition", "one simple motif", "large even area", "few colors"),
        ("cluttered", "busy background", "crowd", "collage"),
    ),
    Use(
        "icon",
        "The picture is an icon that must be understood at the size of a thumbnail. One object, whole, centred, seen"
        " straight from the front or in isometric view, a simple silhouette, flat or softly shaded, two or three"
        " colours on a plain light background, even margins. No scene, no people in detail, no fine lines.",
        ("flat vector icon", "single centered object", "simple silhouette", "plain light background"),
        ("photo", "scenery", "complex background", "multiple objects", "fine details", "drop shadow", "cropped"),
    ),
    Use(
        "background with calm space",
        "Text will lie on the picture. One side or one third of it (say which: left, right, top or bottom) has little"
        " detail, low contrast and an even tone, such as sky, wall, water, mist, paper or a blurred distance; what the"
        " picture is about stays on the other side and is not loud. Moderate contrast throughout, no bright spots, no"
        " sharp lines behind the text.",
        ("subject off to one side", "large calm empty area", "soft low-contrast background", "shallow depth of field"),
        ("cluttered", "busy background", "high contrast background", "border", "frame"),
    ),
    Use(
        "diagram-free",
        "The picture illustrates a point that others would put in a diagram, as one real scene or one object that"
        " stands for it. Nothing that looks like information: no charts, graphs, arrows, labels, maps, screens with an"
        " interface, flow charts or infographics, because a model draws them wrong and people will try to read them.",
        ("one real scene", "physical objects", "tangible materials"),
        ("diagram", "chart", "graph", "infographic", "flowchart", "arrows", "labels", "user interface", "map"),
    ),
)

FAMILIES: dict[str, Family] = {family.name: family for family in _FAMILIES}
USES: dict[str, Use] = {use.name: use for use in _USES}
