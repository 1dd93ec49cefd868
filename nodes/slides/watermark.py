from collections.abc import Sequence

from comfy_api.v0_0_2 import io
from torch import Tensor

from ...lectern.slides.lettering import Look
from ...lectern.slides.numbering import fill
from ...lectern.slides.passages import PLACEHOLDERS, watermark_texts
from ...lectern.slides.sequence import texts_of
from .common import (
    CATEGORY,
    all_valid,
    blend_input,
    check_colors,
    color_input,
    day_of,
    first,
    font_input,
    given,
    lettered,
    margin_input,
    offset_x_input,
    offset_y_input,
    position_input,
    settings,
    size_input,
    spacing_input,
    stagger_input,
    tiled_input,
    tiling_of,
)


class LecternSlideWatermark(io.ComfyNode):
    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="LecternSlideWatermark",
            display_name="Slide Watermark",
            category=CATEGORY,
            description="Writes a discreet text on every picture, once or repeated over all of it: a name, a"
            " copyright, a date, 'draft'.",
            search_aliases=["copyright", "stamp", "text overlay", "brand", "draft", "tile"],
            is_input_list=True,
            inputs=[
                io.Image.Input("images", tooltip="Slides: a batch, a list, or both."),
                io.String.Input(
                    "text", default="© Lectern", multiline=False, dynamic_prompts=False,
                    tooltip="The watermark; {n}, {total}, {date}, {title} and {section} are filled in. Empty writes"
                    " nothing.",
                ),
                position_input("top right", "watermark"),
                size_input(2.8, "watermark"),
                margin_input(4.0),
                io.Float.Input(
                    "opacity", default=0.6, min=0.0, max=1.0, step=0.05, tooltip="0 is invisible, 1 is solid."
                ),
                io.Float.Input(
                    "rotation", default=0.0, min=-180.0, max=180.0, step=1.0,
                    tooltip="Turns the text, degrees counterclockwise.",
                ),
                color_input(),
                font_input(),
                tiled_input(),
                spacing_input(),
                stagger_input(),
                blend_input(),
                offset_x_input(),
                offset_y_input(),
                io.String.Input(
                    "titles", default="", multiline=True, dynamic_prompts=False, optional=True, advanced=True,
                    tooltip="What {title} stands for: one line for each picture, or a list.",
                ),
                io.String.Input(
                    "sections", default="", multiline=True, dynamic_prompts=False, optional=True, advanced=True,
                    tooltip="What {section} stands for: one line for each picture, or a list.",
                ),
            ],
            outputs=[
                io.Image.Output(display_name="images", is_output_list=True, tooltip="The pictures with the watermark.")
            ],
        )  # fmt: skip

    @classmethod
    def validate_inputs(cls, color: list[str] | str | None, text: list[str] | str | None) -> bool | str:
        return all_valid(
            text=lambda: [fill(one, dict.fromkeys(PLACEHOLDERS, "")) for one in given(text)],
            color=lambda: check_colors(color),
        )

    @classmethod
    def fingerprint_inputs(cls, text: list[str] | None = None, **_: object) -> str:
        return day_of(text)

    @classmethod
    def execute(
        cls,
        images: list[Tensor],
        text: list[str],
        position: list[str],
        size: list[float],
        margin: list[float],
        opacity: list[float],
        rotation: list[float],
        color: list[str],
        font: list[str],
        tiled: Sequence[bool] = (False,),
        spacing: Sequence[float] = (10.0,),
        stagger: Sequence[bool] = (True,),
        blend: Sequence[str] = ("normal",),
        offset_x: Sequence[float] = (0.0,),
        offset_y: Sequence[float] = (0.0,),
        titles: list[str] | None = None,
        sections: list[str] | None = None,
    ) -> io.NodeOutput:
        limit = settings().limits.text
        templates = texts_of(text, "none", limit)
        values = texts_of(titles or [""], "lines", limit), texts_of(sections or [""], "lines", limit)
        look = Look(
            first(position),
            first(size),
            first(margin),
            first(color),
            opacity=first(opacity),
            rotation=first(rotation),
            offset=(first(offset_x), first(offset_y)),
            blend=first(blend),
            tiling=tiling_of(tiled, spacing, stagger),
        )
        return io.NodeOutput(
            lettered(images, lambda count: watermark_texts(count, templates, *values), look, first(font), bold=False)
        )
