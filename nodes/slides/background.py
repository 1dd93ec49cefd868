from comfy_api.v0_0_2 import io
from torch import Tensor

from ...lectern import host
from ...lectern.errors import ImageError
from ...lectern.images import checked
from ...lectern.slides.backgrounds import STYLES, background
from ...lectern.slides.calm import NONE, ZONES
from ...lectern.slides.colors import PALETTES, Rgb, palette_colors, palette_from_words, parse_colors
from ...lectern.slides.fields import Recipe
from ...lectern.slides.geometry import Size
from ...lectern.slides.palettes import palette_from_image
from ...lectern.slides.sequence import texts_of
from .common import CATEGORY, all_valid, given, settings

FROM_WORDS = "from words"
CUSTOM = "custom"
FROM_IMAGE = "from image"


class LecternSlideBackground(io.ComfyNode):
    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="LecternSlideBackground",
            display_name="Slide Background",
            category=CATEGORY,
            description="Makes calm, good-looking slide backgrounds from a palette or from words. Needs no model: it is"
            " drawn, and the same seed always draws the same picture.",
            search_aliases=["gradient", "mesh gradient", "pattern", "wallpaper", "presentation"],
            inputs=[
                io.Combo.Input("style", options=list(STYLES), default=STYLES[0], tooltip="What is drawn."),
                io.Combo.Input(
                    "palette", options=[FROM_WORDS, *PALETTES, CUSTOM, FROM_IMAGE], default=FROM_WORDS,
                    tooltip="The colours. 'from words' chooses them by the words below, 'custom' takes your own, 'from"
                    " image' those of palette_image.",
                ),
                io.String.Input(
                    "colors", default="#0b1026, #2f6fed, #35d0ba",
                    tooltip="For the palette 'custom': 2 to 8 colours as #RRGGBB or names; the first is the ground.",
                ),
                io.String.Input(
                    "words", default="", multiline=True, dynamic_prompts=False,
                    tooltip="What the slides are about, one line for each picture. Every line draws its own picture.",
                ),
                io.Int.Input(
                    "seed", default=0, min=0, max=0xFFFFFFFFFFFFFFFF, control_after_generate=True,
                    tooltip="Another seed draws other shapes; the same seed the same.",
                ),
                io.Int.Input("width", default=1920, min=16, max=16384, tooltip="Width in pixels."),
                io.Int.Input("height", default=1080, min=16, max=16384, tooltip="Height in pixels."),
                io.Int.Input(
                    "batch_size", default=0, min=0, max=4096,
                    tooltip="How many pictures. 0 makes one for each line of the words, and one when there are none.",
                ),
                io.Image.Input(
                    "palette_image", optional=True,
                    tooltip="For the palette 'from image': a picture, or a batch, whose main colours are used. The"
                    " ground is its commonest dark or light colour.",
                ),
                io.Combo.Input(
                    "calm_zone", options=list(ZONES), default=NONE, optional=True,
                    tooltip="Where the pattern fades so that a title is readable there: light or dark text at 4.5:1.",
                ),
            ],
            outputs=[io.Image.Output(display_name="images", tooltip="The backgrounds as one batch.")],
        )  # fmt: skip

    @classmethod
    def validate_inputs(cls, colors: str | None) -> bool | str:
        return all_valid(colors=lambda: [parse_colors(one) for one in given(colors) if one.strip()])

    @classmethod
    def execute(
        cls,
        style: str,
        palette: str,
        colors: str,
        words: str,
        seed: int,
        width: int,
        height: int,
        batch_size: int,
        palette_image: Tensor | None = None,
        calm_zone: str = NONE,
    ) -> io.NodeOutput:
        import torch

        limits = settings().limits
        lines = texts_of([words], "lines", limits.text)
        count = batch_size or len(lines) or 1
        if count > limits.slides or max(width, height) > limits.side:
            raise ImageError(
                f"{count} backgrounds of {width}x{height} pixels are more than the {limits.slides} pictures and the"
                f" longest side of {limits.side} that lectern.toml allows. Ask for less or raise the limits there."
            )
        chosen = _colors(palette, colors, words, palette_image, limits.side)
        batch = torch.empty((count, height, width, 3))
        progress = host.Progress(count)
        for index in range(count):
            line = lines[index % len(lines)] if lines else ""
            recipe = Recipe(style, chosen, seed, f"{index} {line}", Size(width, height), calm_zone)
            batch[index] = background(recipe)
            progress.step()
        return io.NodeOutput(batch)


def _colors(palette: str, colors: str, words: str, picture: Tensor | None, limit: int) -> tuple[Rgb, ...]:
    """One palette for the whole batch: the pictures of a deck belong together."""
    if palette == FROM_IMAGE:
        if picture is None:
            raise ImageError(
                "The palette 'from image' needs a picture and none is linked. Link one to palette_image, or choose"
                " another palette."
            )
        return tuple(palette_from_image(checked(picture, limit)))
    if palette == CUSTOM:
        return tuple(parse_colors(colors))
    return tuple(palette_from_words(words) if palette == FROM_WORDS else palette_colors(palette))
