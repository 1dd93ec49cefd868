from collections.abc import Sequence

from comfy_api.v0_0_2 import io
from torch import Tensor

from ...lectern.slides.badges import BADGES, Badge
from ...lectern.slides.colors import AUTO
from ...lectern.slides.lettering import Look
from ...lectern.slides.numbering import STYLES, Numbering, fill, number_texts
from ...lectern.slides.sequence import texts_of
from .common import (
    CATEGORY,
    all_valid,
    check_colors,
    color_input,
    first,
    font_input,
    given,
    lettered,
    margin_input,
    position_input,
    settings,
    size_input,
)


class LecternSlideNumber(io.ComfyNode):
    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="LecternSlideNumber",
            display_name="Slide Number",
            category=CATEGORY,
            description="Numbers the pictures in order, through batches and lists: 1, 01, i, A, 一, 1.2.3,"
            " 'Page 3 of 12'.",
            search_aliases=["page number", "index", "counter", "numbering"],
            is_input_list=True,
            inputs=[
                io.Image.Input("images", tooltip="Slides: a batch, a list, or both. Numbers continue through all."),
                io.Combo.Input("style", options=list(STYLES), default=STYLES[0], tooltip="How a number is written."),
                io.String.Input(
                    "template", default="{n}", dynamic_prompts=False,
                    tooltip="What is written: {n} is the number, {total} the last one, {path} the number by levels. For"
                    " example {n}/{total} or ({n}).",
                ),
                io.Int.Input("start", default=1, min=0, max=99999, tooltip="Number of the first picture."),
                io.Int.Input(
                    "skip_first", default=0, min=0, max=99999,
                    tooltip="So many pictures at the beginning carry no number; they still count (1 for a cover).",
                ),
                position_input("bottom right", "number"),
                size_input(2.8, "number"),
                margin_input(4.0),
                color_input(),
                font_input(),
                io.String.Input(
                    "levels", default="", multiline=True, dynamic_prompts=False, optional=True,
                    tooltip="For the style 1.2.3 and for {path}: the level of each picture, one a line or a list."
                    " 1 is a chapter, 2 a section in it; 0 leaves a picture without a number.",
                ),
                io.Combo.Input(
                    "badge", options=list(BADGES), default=BADGES[0], optional=True,
                    tooltip="The shape behind the number.",
                ),
                io.String.Input(
                    "badge_color", default=AUTO, optional=True, advanced=True,
                    tooltip="Colour of the shape: auto stands out from the picture; or #RRGGBB; or a colour name.",
                ),
            ],
            outputs=[
                io.Image.Output(display_name="images", is_output_list=True, tooltip="The pictures with their numbers.")
            ],
        )  # fmt: skip

    @classmethod
    def validate_inputs(
        cls,
        color: list[str] | str | None,
        template: list[str] | str | None,
        badge_color: list[str] | str | None = None,
    ) -> bool | str:
        return all_valid(
            template=lambda: [fill(one, {"n": "", "total": "", "path": ""}) for one in given(template)],
            color=lambda: check_colors(color),
            badge_color=lambda: check_colors(badge_color),
        )

    @classmethod
    def execute(
        cls,
        images: list[Tensor],
        style: list[str],
        template: list[str],
        start: list[int],
        skip_first: list[int],
        position: list[str],
        size: list[float],
        margin: list[float],
        color: list[str],
        font: list[str],
        levels: list[str] | None = None,
        badge: Sequence[str] = (BADGES[0],),
        badge_color: Sequence[str] = (AUTO,),
    ) -> io.NodeOutput:
        deep = tuple(texts_of(levels or [""], "lines", settings().limits.text))
        numbering = Numbering(first(style), first(template), first(start), first(skip_first), deep)
        look = Look(
            first(position),
            first(size),
            first(margin),
            first(color),
            scrim=True,
            badge=Badge(first(badge), first(badge_color)),
        )
        return io.NodeOutput(
            lettered(images, lambda count: number_texts(count, numbering), look, first(font), bold=False)
        )
