from comfy_api.v0_0_2 import io
from torch import Tensor

from ...lectern.slides.lettering import Look
from ...lectern.slides.numbering import STYLES, Numbering, fill, number_texts
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
    size_input,
)


class LecternSlideNumber(io.ComfyNode):
    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="LecternSlideNumber",
            display_name="Slide Number",
            category=CATEGORY,
            description="Numbers the pictures in order, through batches and lists: 1, 01, i, A, 一, 'Page 3 of 12'.",
            search_aliases=["page number", "index", "counter", "numbering"],
            is_input_list=True,
            inputs=[
                io.Image.Input("images", tooltip="Slides: a batch, a list, or both. Numbers continue through all."),
                io.Combo.Input("style", options=list(STYLES), default=STYLES[0], tooltip="How a number is written."),
                io.String.Input(
                    "template", default="{n}", dynamic_prompts=False,
                    tooltip="What is written: {n} is the number, {total} the last one. For example {n}/{total}.",
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
            ],
            outputs=[
                io.Image.Output(display_name="images", is_output_list=True, tooltip="The pictures with their numbers.")
            ],
        )  # fmt: skip

    @classmethod
    def validate_inputs(cls, color: list[str] | str | None, template: list[str] | str | None) -> bool | str:
        return all_valid(
            template=lambda: [fill(one, {"n": "", "total": ""}) for one in given(template)],
            color=lambda: check_colors(color),
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
    ) -> io.NodeOutput:
        numbering = Numbering(first(style), first(template), first(start), first(skip_first))
        look = Look(first(position), first(size), first(margin), first(color), scrim=True)
        return io.NodeOutput(
            lettered(images, lambda count: number_texts(count, numbering), look, first(font), bold=False)
        )
