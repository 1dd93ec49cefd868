from comfy_api.v0_0_2 import io
from torch import Tensor

from ...lectern.slides.lettering import Look
from ...lectern.slides.passages import title_passages
from ...lectern.slides.sequence import SPLITS, texts_of
from .common import (
    CATEGORY,
    all_valid,
    check_colors,
    color_input,
    first,
    font_input,
    lettered,
    margin_input,
    position_input,
    settings,
    size_input,
)


class LecternSlideTitle(io.ComfyNode):
    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="LecternSlideTitle",
            display_name="Slide Title",
            category=CATEGORY,
            description="Writes a title on every picture, and a subtitle and points below it. Wraps and shrinks them to"
            " fit, chooses light or dark text, and lays a soft veil behind it only where it would be hard to read.",
            search_aliases=["text", "heading", "caption", "label", "text overlay", "subtitle", "bullets"],
            is_input_list=True,
            inputs=[
                io.Image.Input("images", tooltip="Slides: a batch, a list, or both."),
                io.String.Input(
                    "title", default="", multiline=True, dynamic_prompts=False,
                    tooltip="The titles, one line for each picture; a single one goes on all. A list works too.",
                ),
                io.Combo.Input(
                    "split", options=list(SPLITS), default=SPLITS[0],
                    tooltip="How one text becomes titles: every line; every paragraph (blank line between, line ends"
                    " stay); or none: the whole text on every picture.",
                ),
                position_input("bottom left", "title"),
                size_input(9.0, "title"),
                margin_input(6.0),
                io.Float.Input(
                    "width", default=80.0, min=5.0, max=100.0, step=1.0,
                    tooltip="Widest line in percent of the room between the margins.",
                ),
                color_input(),
                io.Boolean.Input(
                    "scrim", default=True,
                    tooltip="Veil the picture behind the title where the contrast is under 4.5 to 1 (WCAG AA).",
                ),
                font_input(),
                io.String.Input(
                    "subtitle", default="", multiline=True, dynamic_prompts=False, optional=True,
                    tooltip="The subtitles, one line for each picture; a single one goes on all. A list works too.",
                ),
                io.String.Input(
                    "body", default="", multiline=True, dynamic_prompts=False, optional=True,
                    tooltip="Points below the title, one a line; a blank line begins the next picture's. Points of one"
                    " picture only go on all. A list works too.",
                ),
            ],
            outputs=[
                io.Image.Output(display_name="images", is_output_list=True, tooltip="The pictures with their titles.")
            ],
        )  # fmt: skip

    @classmethod
    def validate_inputs(cls, color: list[str] | str | None) -> bool | str:
        return all_valid(color=lambda: check_colors(color))

    @classmethod
    def execute(
        cls,
        images: list[Tensor],
        title: list[str],
        split: list[str],
        position: list[str],
        size: list[float],
        margin: list[float],
        width: list[float],
        color: list[str],
        scrim: list[bool],
        font: list[str],
        subtitle: list[str] | None = None,
        body: list[str] | None = None,
    ) -> io.NodeOutput:
        limit = settings().limits.text
        titles = texts_of(title, first(split), limit)
        subtitles = texts_of(subtitle or [""], "lines", limit)
        bodies = texts_of(body or [""], "paragraphs", limit)
        look = Look(
            first(position),
            first(size),
            first(margin),
            first(color),
            width=first(width),
            scrim=first(scrim),
            alike=True,
            room=0.62 if not bodies else 1.0,  # a title alone leaves the picture some of the slide
        )
        return io.NodeOutput(
            lettered(
                images, lambda count: title_passages(count, titles, subtitles, bodies), look, first(font), bold=True
            )
        )
