"""`python -m tools.help_pictures`: remakes the pictures of the help pages and the templates' thumbnails.

Runs in the environment. It calls the library as the nodes do, so no ComfyUI is needed, and the same code always makes
the same pictures. What is drawn around the slides (canvas, captions, shadows) is made here with Pillow.
"""

import io
import json
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from PIL import Image, ImageDraw, ImageFilter, ImageFont, ImageOps
from pptx import Presentation
from torch import Tensor

from lectern.images import from_pillow, to_pillow
from lectern.slides.backgrounds import background
from lectern.slides.badges import Badge
from lectern.slides.colors import palette_colors, parse_color
from lectern.slides.deck_model import Contents
from lectern.slides.deck_pdf import page_pictures
from lectern.slides.decks import DeckSlide, DeckStyle, save_deck
from lectern.slides.encoders import FORMATS as ENCODINGS
from lectern.slides.encoders import Encoder, Encoding
from lectern.slides.fields import Recipe
from lectern.slides.fonts import BUNDLED, FontBook
from lectern.slides.framing import frame_images
from lectern.slides.geometry import FITS, Size
from lectern.slides.lettering import Look, Passage, Writer
from lectern.slides.logos import LogoLook, LogoPress
from lectern.slides.numbering import Numbering, number_texts
from lectern.slides.passages import title_passages
from lectern.slides.tiling import Tiling
from lectern.slides.type import Font
from tools.cache import CHECKOUT

IMAGES = CHECKOUT / "web" / "docs" / "images"
WORKFLOW = "deck_from_titles"
BRANDING = "brand_a_folder"
CONTENTS_WORKFLOW = "deck_with_contents"
DIFFUSERS = "diffusers_to_slides"
REMOTE, INPAINT, FARM = "remote_txt2img_to_slides", "remote_inpaint", "one_prompt_on_four_servers"
FARM_SERVERS = "north", "east", "south", "west"
SLIDE = Size(1920, 1080)  # px, as the nodes make them by default
THUMBNAIL = Size(1024, 576)  # px

WIDTH = 1000  # px, of every help picture
GAP = 20  # px, between slides and around them
CELL = Size((WIDTH - 3 * GAP) // 2, (WIDTH - 3 * GAP) * 9 // 32)
CAPTION = 66  # px, height of the line below a slide
LETTERS = 38  # px; ComfyUI's help panel shows a picture about 260 px wide, a quarter of its size
CORNER = 8  # px, radius
CANVAS, INK, FAINT = "#1c1e24", "#f2f4f8", "#a9b0bd"  # dark: calm in ComfyUI's dark panel and in its light one
HELP_LIMIT, THUMBNAIL_LIMIT = 118_000, 148_000  # bytes


class Tile(NamedTuple):
    picture: Image.Image
    caption: str


def slide_background(style: str, palette: str, seed: int, variant: str = "0 ", size: Size = SLIDE) -> Tensor:
    """What Slide Background draws, (H, W, 3)."""
    return background(Recipe(style, tuple(palette_colors(palette)), seed, variant, size))


def lettered(frame: Tensor, text: Passage, look: Look, bold: bool = False) -> Tensor:
    return all_lettered([frame], [text], look, bold)[0]


def all_lettered(frames: Sequence[Tensor], texts: Sequence[Passage], look: Look, bold: bool = False) -> list[Tensor]:
    """Copies of the slides with their texts, as Slide Title, Watermark and Number write them."""
    copies = [frame.clone() for frame in frames]
    writer = Writer(look, Font(FontBook(), "", bold))
    writer.match_(copies, texts)
    for copy, text in zip(copies, texts, strict=True):
        writer.write_(copy, text)
    return copies


def title_look(anchor: str, color: str = "auto", scrim: bool = True) -> Look:
    return Look(anchor, 12, 7, color, width=80, scrim=scrim, alike=True, room=0.62)


def landscape(palette: str, seed: int, size: Size) -> Tensor:
    """A stand-in for a photograph: hills from the wave style under a sun, so that a stretched circle shows."""
    hills = to_pillow(slide_background("soft waves", palette, seed, size=size))
    disc = Image.new("L", size)
    radius, x, y = round(min(size) * 0.09), round(size.width * 0.8), round(size.height * 0.33)
    ImageDraw.Draw(disc).ellipse((x - radius, y - radius, x + radius, y + radius), fill=235)
    hills.paste("#fff1d0", mask=disc.filter(ImageFilter.GaussianBlur(1.2)))
    return from_pillow(hills)[0]


def background_picture() -> Image.Image:
    recipes = (
        ("mesh gradient", "aurora", 2),
        ("soft waves", "ocean", 1),
        ("geometric", "berry", 5),
        ("dots", "sand", 2),
        ("paper", "sand", 4),
        ("blueprint", "ocean", 1),
    )
    tiles = [Tile(to_pillow(slide_background(*recipe)), recipe[0]) for recipe in recipes]
    colors = tuple(palette_colors("sunset"))
    for zone in ("none", "left"):
        calm = background(Recipe("geometric", colors, 5, "0 ", SLIDE, zone))
        tiles.append(Tile(to_pillow(calm), f"calm zone {zone}"))
    return grid(tiles)


def frame_picture() -> Image.Image:
    source = landscape("sunset", 3, Size(1440, 1440))
    ground = parse_color("#7a1f4f")
    after = [to_pillow(frame_images(source[None], SLIDE, fit, "center", ground)[0]) for fit in FITS]
    return grid(
        [
            Tile(to_pillow(source), "before"),
            *(Tile(picture, fit) for fit, picture in zip(FITS, after, strict=True)),
        ]
    )


def title_picture() -> Image.Image:
    calm = slide_background("soft waves", "ocean", 3)
    bright = slide_background("mesh gradient", "sunset", 2)
    titled = lettered(calm, "What the sea remembers", title_look("top left"), bold=True)
    looks = [title_look("bottom left", "white", scrim) for scrim in (False, True)]
    bare, veiled = (lettered(bright, "Heat moves north faster than trees", look, bold=True) for look in looks)
    return grid(
        [
            Tile(to_pillow(calm), "before"),
            Tile(to_pillow(titled), "after"),
            Tile(to_pillow(bare), "scrim off"),
            Tile(to_pillow(veiled), "scrim on"),
            Tile(to_pillow(subtitled()), "subtitle"),
            Tile(to_pillow(pointed()), "body"),
        ]
    )


def subtitled() -> Tensor:
    (passage,) = title_passages(1, ["Third quarter"], ["North and south together"], [])
    look = title_look("left")._replace(size=17)
    return lettered(slide_background("mesh gradient", "aurora", 2), passage, look, bold=True)


def pointed() -> Tensor:
    points = "Two new sites, in Lyon and Graz\nOrders up by 12 %\nNext: the coast"
    (passage,) = title_passages(1, ["Third quarter"], ["What went well"], [points])
    look = title_look("left")._replace(size=17, room=1.0)
    return lettered(slide_background("soft waves", "mint", 4), passage, look, bold=True)


def watermark_picture() -> Image.Image:
    hills = landscape("forest", 3, SLIDE)
    name = Look("top left", 11, 7, "auto", opacity=0.75)
    draft = Look("center", 30, 4, "white", opacity=0.35, rotation=16)
    tiled = Look("center", 9, 4, "white", opacity=0.35, rotation=25, tiling=Tiling(10, stagger=True))
    overlaid = Look("center", 30, 4, "white", blend="overlay")
    return grid(
        [
            Tile(to_pillow(lettered(hills, "© Studio Nord", name)), "opacity 0.75"),
            Tile(to_pillow(lettered(hills, "DRAFT", draft)), "rotation 16"),
            Tile(to_pillow(lettered(hills, "© Studio Nord", tiled)), "tiled"),
            Tile(to_pillow(lettered(hills, "NORD", overlaid)), "blend overlay"),
        ]
    )


def number_picture() -> Image.Image:
    """The third slide of twelve in six manners."""
    slide = lettered(slide_background("soft waves", "mint", 2), "Third movement", title_look("top left"), bold=True)
    look = Look("bottom right", 15, 7, "auto", scrim=True)
    levels = ("1", "2", "2", *"1" * 9)
    manners = (
        ("01", "{n}", "none"), ("I", "{n}", "none"), ("1", "Page {n} of {total}", "none"), ("1.2.3", "{n}", "none"),
        ("1", "{n}", "circle"), ("1", "{n}/{total}", "pill"),
    )  # fmt: skip
    tiles = []
    for style, template, badge in manners:
        text = number_texts(12, Numbering(style, template, 1, 0, levels))[2]
        numbered = lettered(slide, text, look._replace(badge=Badge(badge, "auto")))
        caption = f"badge {badge}" if badge != "none" else f"style {style}" if template == "{n}" else template
        tiles.append(Tile(to_pillow(numbered), caption))
    return grid(tiles)


def logo_picture() -> Image.Image:
    hills = landscape("ocean", 3, SLIDE)
    corner = LogoLook("top left", 30, 7, 1.0, 0, (0, 0), "normal", recolor=False)
    plain = corner._replace(recolor=True)
    tiled = plain._replace(size=18, opacity=0.4, rotation=20, tiling=Tiling(12, stagger=True))
    screened = corner._replace(anchor="center", size=70, blend="screen")
    captions = "top left", "automatic light", "tiled", "blend screen"
    looks = corner, plain, tiled, screened
    return grid([Tile(to_pillow(branded(hills, look)), name) for look, name in zip(looks, captions, strict=True)])


def branded(frame: Tensor, look: LogoLook) -> Tensor:
    copy = frame.clone()
    LogoPress([sample_logo()], look).press_(copy, 0)
    return copy


def sample_logo() -> Tensor:
    """An N in a ring, (H, W, 4)."""
    logo = Image.new("RGBA", (800, 800))
    pen = ImageDraw.Draw(logo)
    pen.ellipse((20, 20, 780, 780), fill="#f2545b")
    pen.ellipse((110, 110, 690, 690), fill=(0, 0, 0, 0))
    pen.text((400, 400), "N", "#ffd166", inter(430, bold=True), anchor="mm")
    return from_pillow(logo)[0]


def grid(tiles: Sequence[Tile]) -> Image.Image:
    """Two columns of slides with captions; a picture of another shape stands whole in the middle of its cell."""
    rows = -(-len(tiles) // 2)
    canvas = Image.new("RGB", (WIDTH, GAP + rows * (CELL.height + CAPTION)), CANVAS)
    pen = ImageDraw.Draw(canvas)
    for index, tile in enumerate(tiles):
        left = GAP + index % 2 * (CELL.width + GAP)
        top = GAP + index // 2 * (CELL.height + CAPTION)
        small = fitted(tile.picture, CELL)
        canvas.paste(small, (left + (CELL.width - small.width) // 2, top), rounded(Size(*small.size)))
        pen.text((left + CELL.width // 2, top + CELL.height + 32), tile.caption, FAINT, inter(LETTERS), anchor="mm")
    return canvas


def fitted(picture: Image.Image, cell: Size) -> Image.Image:
    scale = min(cell.width / picture.width, cell.height / picture.height)
    size = round(picture.width * scale), round(picture.height * scale)
    return picture.convert("RGB").resize(size, Image.Resampling.LANCZOS)


def rounded(size: Size, radius: int = CORNER) -> Image.Image:
    """A mask with round corners, drawn four times as large so that they are smooth."""
    large = Image.new("L", (size.width * 4, size.height * 4))
    ImageDraw.Draw(large).rounded_rectangle((0, 0, large.width - 1, large.height - 1), radius * 4, fill=255)
    return large.resize(size, Image.Resampling.BOX)


def inter(pixels: int, bold: bool = False) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(str(BUNDLED / ("Inter-Bold.ttf" if bold else "Inter-Regular.ttf")), pixels)


def save_picture() -> Image.Image:
    """One slide in every format, read back from its file."""
    slide = lettered(landscape("ocean", 4, SLIDE), "The same slide", title_look("top left"), bold=True)
    tiles = []
    for name in ENCODINGS:
        data = Encoder(Encoding(name, quality=80))(slide)
        tiles.append(Tile(Image.open(io.BytesIO(data)), f"{name}  {round(len(data) / 1000)} KB"))
    return grid(tiles)


def deck_picture() -> Image.Image:
    """Slides of a real deck, and beside them what was read back from its first slide."""
    titles = "Bees of the city", "Where they nest", "What you can plant"
    plain = [slide_background("soft waves", "citrus", 1, f"{index} ") for index in range(3)]
    drawn = all_lettered(plain, titles, title_look("top left"), bold=True)
    texts = "Yellow hills", "Ask who saw one today."
    canvas = Image.new("RGB", (WIDTH, 730), CANVAS)
    for index in reversed(range(3)):
        lay(canvas, to_pillow(drawn[index]), Size(560, 315), 60 + 160 * index, 40 + 52 * index, shade=0.6)
    facts = facts_of([DeckSlide(frame, title, *texts) for frame, title in zip(drawn, titles, strict=True)])
    write_facts(ImageDraw.Draw(canvas), facts)
    return canvas


def facts_of(slides: Sequence[DeckSlide]) -> list[tuple[str, str]]:
    """What the saved file says about its first slide."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "deck.pptx"
        save_deck(file, slides, DeckStyle(slides[0].title), lambda: None)
        deck = Presentation(str(file))
    slide = deck.slides[0]
    named = {shape.name: shape for shape in slide.shapes}
    notes = slide.notes_slide.notes_text_frame
    return [
        ("title", slide.shapes.title.text if slide.shapes.title else ""),
        ("alt text", named["Picture 1"]._element._nvXxPr.cNvPr.get("descr") or ""),
        ("notes", notes.text if notes else ""),
        ("number", "PowerPoint's own" if "Slide Number" in named else "none"),
    ]


def write_facts(pen: ImageDraw.ImageDraw, facts: Sequence[tuple[str, str]]) -> None:
    for index, (name, value) in enumerate(facts):
        baseline = 530 + 54 * index
        pen.text((290, baseline), name, FAINT, inter(LETTERS), anchor="rs")
        pen.text((320, baseline), value, INK, inter(LETTERS, bold=True), anchor="ls")


def lay(canvas: Image.Image, slide: Image.Image, size: Size, left: int, top: int, shade: float = 0.3) -> None:
    """Puts a slide on the canvas, with round corners and a soft shadow below it."""
    mask = rounded(size, 10)
    shadow = Image.new("L", (size.width + 120, size.height + 120))
    shadow.paste(mask.point(lambda value: value * shade), (60, 60))
    canvas.paste("#05060a", (left - 60, top - 60 + 8), shadow.filter(ImageFilter.GaussianBlur(14)))
    canvas.paste(ImageOps.fit(slide.convert("RGB"), size, Image.Resampling.LANCZOS), (left, top), mask)


def workflow_slides() -> list[Image.Image]:
    """The finished slides of the template, from the values in its own API form."""
    graph = json.loads((CHECKOUT / "workflows" / "api" / f"{WORKFLOW}.json").read_text("utf-8"))
    values = {node["class_type"]: node["inputs"] for node in graph.values()}
    titles = values["PrimitiveStringMultiline"]["value"].splitlines()
    drawn, title = values["LecternSlideBackground"], values["LecternSlideTitle"]
    mark, number = values["LecternSlideWatermark"], values["LecternSlideNumber"]
    counted = Numbering(number["style"], number["template"], number["start"], number["skip_first"])
    frames = [
        slide_background(drawn["style"], drawn["palette"], drawn["seed"], f"{index} {text}")
        for index, text in enumerate(titles)
    ]
    titling = look_of(title, width=title["width"], scrim=title["scrim"], alike=True, room=0.62)
    frames = all_lettered(frames, titles, titling, bold=True)
    marks = look_of(mark, opacity=mark["opacity"], rotation=mark["rotation"])
    frames = all_lettered(frames, [mark["text"]] * len(frames), marks)
    frames = all_lettered(frames, number_texts(len(frames), counted), look_of(number, scrim=True))
    return [to_pillow(frame) for frame in frames]


def look_of(inputs: dict[str, str | float], **more: float) -> Look:
    return Look(inputs["position"], inputs["size"], inputs["margin"], inputs["color"], **more)  # type: ignore[arg-type]


def thumbnail() -> Image.Image:
    """The template's card: one slide large, five small ones around its corner."""
    slides = workflow_slides()
    canvas = Image.new("RGB", THUMBNAIL, "#e8ebf3")
    gap = 18
    height = (THUMBNAIL.height - 4 * gap) // 3
    small = Size(height * 16 // 9, height)
    edge = (THUMBNAIL.width - 3 * small.width - 2 * gap) // 2
    for index, column, row in ((0, 2, 0), (1, 2, 1), (3, 0, 2), (5, 1, 2), (6, 2, 2)):
        lay(canvas, slides[index], small, edge + column * (small.width + gap), gap + row * (height + gap))
    lay(canvas, slides[4], Size(2 * small.width + gap, 2 * height + gap), edge, gap)
    return canvas


def branded_thumbnail() -> Image.Image:
    """The card of "Brand a folder of pictures": pictures of any shape, and the slides that they become."""
    graph = json.loads((CHECKOUT / "workflows" / "api" / f"{BRANDING}.json").read_text("utf-8"))
    values = {node["class_type"]: node["inputs"] for node in graph.values()}
    mark, number = values["LecternSlideWatermark"], values["LecternSlideNumber"]
    sources = [
        slide_background("soft waves", "sunset", 3, size=Size(1080, 1440)),
        landscape("ocean", 6, Size(1440, 1440)),
        landscape("forest", 3, Size(1600, 900)),
    ]
    frames = [frame_images(source[None], SLIDE, "cover", "center", None)[0] for source in sources]
    frames = all_lettered(frames, [mark["text"]] * 3, look_of(mark, opacity=mark["opacity"]))
    counted = Numbering(number["style"], number["template"], number["start"], number["skip_first"])
    frames = all_lettered(frames, number_texts(3, counted), look_of(number, scrim=True))
    canvas = Image.new("RGB", THUMBNAIL, "#e8ebf3")
    for index, source in enumerate(sources):
        middle = 104 + index * 184
        small = fitted(to_pillow(source), Size(250, 156))
        lay(canvas, small, Size(*small.size), 170 - small.width // 2, middle - small.height // 2)
    for index, frame in enumerate(frames):
        lay(canvas, to_pillow(frame), Size(480, 270), 330 + index * 90, 36 + index * 117, shade=0.5)
    return canvas


def contents_slides() -> list[Image.Image]:
    """The pages of the second template's deck, its contents among them, as its PDF has them."""
    graph = json.loads((CHECKOUT / "workflows" / "api" / f"{CONTENTS_WORKFLOW}.json").read_text("utf-8"))
    titles = graph["1"]["inputs"]["value"].splitlines()
    drawn, title, deck = (graph[number]["inputs"] for number in "456")
    frames = [
        slide_background(drawn["style"], drawn["palette"], drawn["seed"], f"{index} {text}")
        for index, text in enumerate(titles)
    ]
    look = look_of(title, width=title["width"], scrim=title["scrim"], alike=True, room=0.62)
    frames = all_lettered(frames, titles, look, bold=True)
    slides = [DeckSlide(frame, text) for frame, text in zip(frames, titles, strict=True)]
    style = DeckStyle(contents=Contents(deck["contents"], deck["contents_title"]))
    return [to_pillow(picture) for picture in page_pictures(slides, style, lambda bold: Font(FontBook(), "", bold))]


def contents_thumbnail() -> Image.Image:
    """The second template's card: the contents slide in front of a row of others."""
    slides = contents_slides()
    canvas = Image.new("RGB", THUMBNAIL, "#e8ebf3")
    small = Size(384, 216)
    for index, left, top in ((0, 24, 24), (2, 616, 24), (4, 24, 336), (6, 616, 336)):
        lay(canvas, slides[index], small, left, top)
    lay(canvas, slides[1], Size(640, 360), 192, 108, shade=0.6)
    return canvas


def remote_thumbnail() -> Image.Image:
    """The card of "Remote txt2img to slides": its four titles on stand-ins for what a server would generate."""
    graph = json.loads((CHECKOUT / "workflows" / "api" / f"{REMOTE}.json").read_text("utf-8"))
    values = {node["class_type"]: node["inputs"] for node in graph.values()}
    titles = values["PrimitiveStringMultiline"]["value"].splitlines()
    title, number = values["LecternSlideTitle"], values["LecternSlideNumber"]
    looks = (("berry", 4), ("sunset", 8), ("ocean", 6), ("forest", 3))
    frames = [landscape(palette, seed, SLIDE) for palette, seed in looks]
    titling = look_of(title, width=title["width"], scrim=title["scrim"], alike=True, room=0.62)
    frames = all_lettered(frames, titles, titling, bold=True)
    counted = Numbering(number["style"], number["template"], number["start"], number["skip_first"])
    frames = all_lettered(frames, number_texts(len(frames), counted), look_of(number, scrim=True))
    canvas = Image.new("RGB", THUMBNAIL, "#e8ebf3")
    for index, frame in enumerate(frames):
        lay(canvas, to_pillow(frame), Size(470, 264), 32 + index % 2 * 490, 14 + index // 2 * 284)
    return canvas


def diffusers_thumbnail() -> Image.Image:
    """The card of "Diffusers to slides": its four titles on stand-ins for what a model would generate."""
    graph = json.loads((CHECKOUT / "workflows" / "api" / f"{DIFFUSERS}.json").read_text("utf-8"))
    values = {node["class_type"]: node["inputs"] for node in graph.values()}
    titles, title = values["PrimitiveStringMultiline"]["value"].splitlines(), values["LecternSlideTitle"]
    frames = [landscape(palette, seed, SLIDE) for palette, seed in (("ocean", 11), ("berry", 5), ("forest", 9))]
    titling = look_of(title, width=title["width"], scrim=title["scrim"], alike=True, room=0.62)
    slides = [to_pillow(frame) for frame in all_lettered(frames, titles[:3], titling, bold=True)]
    canvas = Image.new("RGB", THUMBNAIL, CANVAS)
    for slide, place in zip(slides, ((32, 40), (262, 156), (492, 272)), strict=True):
        lay(canvas, slide, Size(500, 281), *place)
    return canvas


def inpaint_thumbnail() -> Image.Image:
    """The card of "Remote inpaint": a picture with what is painted over it, and a boat there afterwards."""
    before = to_pillow(landscape("ocean", 6, Size(1200, 1200))).convert("RGB")
    mask = Image.new("L", before.size)
    for x, y in ((380, 760), (430, 660), (480, 580), (520, 680), (570, 760)):  # touches of a round brush
        ImageDraw.Draw(mask).circle((x, y), 120, 150)
    painted = before.copy()
    painted.paste("#f2545b", mask=mask)
    after = before.copy()
    pen = ImageDraw.Draw(after)
    pen.polygon([(480, 480), (480, 740), (310, 740)], "#fff1d0")
    pen.polygon([(500, 520), (500, 740), (630, 740)], "#ffd9a0")
    pen.polygon([(290, 760), (660, 760), (600, 840), (350, 840)], "#7a3b1f")
    canvas = Image.new("RGB", THUMBNAIL, "#e8ebf3")
    lay(canvas, painted, Size(460, 460), 40, 58)
    lay(canvas, after, Size(460, 460), 524, 58, shade=0.5)
    return canvas


def farm_thumbnail() -> Image.Image:
    """The card of "One prompt on four servers": who made which of the eight pictures."""
    canvas = Image.new("RGB", THUMBNAIL, CANVAS)
    pen = ImageDraw.Draw(canvas)
    small = Size(226, 226)
    for column, (name, palette) in enumerate(zip(FARM_SERVERS, ("ocean", "berry", "sunset", "forest"), strict=True)):
        left = 24 + column * (small.width + 24)
        pen.text((left + small.width // 2, 40), name, INK, inter(30, bold=True), anchor="mm")
        for row in range(2):
            picture = landscape(palette, 3 + column + 4 * row, Size(900, 900))
            lay(canvas, to_pillow(picture), small, left, 76 + row * 246)
    return canvas


def save(picture: Image.Image, file: Path, limit: int) -> None:
    """As JPEG, at the best quality that stays below the limit (bytes)."""
    file.parent.mkdir(parents=True, exist_ok=True)
    data = next(data for quality in range(92, 40, -3) if len(data := jpeg(picture, quality)) <= limit)
    file.write_bytes(data)
    print(f"{file.relative_to(CHECKOUT)}: {picture.width} x {picture.height}, {len(data) // 1000} kB")


def jpeg(picture: Image.Image, quality: int) -> bytes:
    data = io.BytesIO()
    picture.save(data, "JPEG", quality=quality, optimize=True, progressive=True, subsampling=0)
    return data.getvalue()


def main() -> None:
    makers = {
        "background": background_picture,
        "frame": frame_picture,
        "title": title_picture,
        "watermark": watermark_picture,
        "logo": logo_picture,
        "number": number_picture,
        "save": save_picture,
        "deck": deck_picture,
    }
    for name, make in makers.items():
        save(make(), IMAGES / f"{name}.jpg", HELP_LIMIT)
    save(thumbnail(), CHECKOUT / "workflows" / f"{WORKFLOW}.jpg", THUMBNAIL_LIMIT)
    save(branded_thumbnail(), CHECKOUT / "workflows" / f"{BRANDING}.jpg", THUMBNAIL_LIMIT)
    save(contents_thumbnail(), CHECKOUT / "workflows" / f"{CONTENTS_WORKFLOW}.jpg", THUMBNAIL_LIMIT)
    save(remote_thumbnail(), CHECKOUT / "workflows" / f"{REMOTE}.jpg", THUMBNAIL_LIMIT)
    save(inpaint_thumbnail(), CHECKOUT / "workflows" / f"{INPAINT}.jpg", THUMBNAIL_LIMIT)
    save(diffusers_thumbnail(), CHECKOUT / "workflows" / f"{DIFFUSERS}.jpg", THUMBNAIL_LIMIT)
    save(farm_thumbnail(), CHECKOUT / "workflows" / f"{FARM}.jpg", THUMBNAIL_LIMIT)


if __name__ == "__main__":
    main()
