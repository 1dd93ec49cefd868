import datetime

from comfy_api.v0_0_2 import io
from torch import Tensor

from ...lectern.slides.lettering import Look
from ...lectern.slides.numbering import fill
from ...lectern.slides.sequence import spread, texts_of
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


class LecternSlideWatermark(io.ComfyNode):
    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="LecternSlideWatermark",
            display_name="Slide Watermark",
            category=CATEGORY,
            description="Writes a discreet text on every picture: a name, a copyright, a date, 'draft'.",
            search_aliases=["copyright", "stamp", "text overlay", "brand"],
            is_input_list=True,
            inputs=[
                io.Image.Input("images", tooltip="Slides: a batch, a list, or both."),
                io.String.Input(
                    "text", default="© Lectern", multiline=False, dynamic_prompts=False,
                    tooltip="The watermark; {n}, {total} and {date} are filled in. Empty writes nothing.",
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
            ],
            outputs=[
                io.Image.Output(display_name="images", is_output_list=True, tooltip="The pictures with the watermark.")
            ],
        )  # fmt: skip

    @classmethod
    def validate_inputs(cls, color: list[str] | str | None, text: list[str] | str | None) -> bool | str:
        return all_valid(
            text=lambda: [fill(one, _values(1, 1)) for one in given(text)], color=lambda: check_colors(color)
        )

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
    ) -> io.NodeOutput:
        templates = texts_of(text, "none", settings().limits.text)
        look = Look(
            first(position), first(size), first(margin), first(color), opacity=first(opacity), rotation=first(rotation)
        )

        def texts(count: int) -> list[str]:
            spreaded = spread(templates, count, "texts")
            return [fill(one, _values(index + 1, count)) for index, one in enumerate(spreaded)]

        return io.NodeOutput(lettered(images, texts, look, first(font), bold=False))


def _values(number: int, total: int) -> dict[str, str]:
    return {"n": str(number), "total": str(total), "date": datetime.date.today().isoformat()}
