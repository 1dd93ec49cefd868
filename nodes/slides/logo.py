from collections.abc import Sequence

from comfy_api.v0_0_2 import io
from torch import Tensor

from ...lectern import host
from ...lectern.images import checked
from ...lectern.slides.lettering import owned
from ...lectern.slides.logos import RECOLORS, LogoLook, LogoPress, logos_with_alpha
from .common import (
    CATEGORY,
    blend_input,
    first,
    margin_input,
    offset_x_input,
    offset_y_input,
    position_input,
    settings,
    spacing_input,
    stagger_input,
    tiled_input,
    tiling_of,
)


class LecternSlideLogo(io.ComfyNode):
    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="LecternSlideLogo",
            display_name="Slide Logo",
            category=CATEGORY,
            description="Puts a logo on every picture, with its transparency: in a corner, or repeated over all of it.",
            search_aliases=["brand", "watermark image", "overlay", "composite", "stamp"],
            is_input_list=True,
            inputs=[
                io.Image.Input("images", tooltip="Slides: a batch, a list, or both."),
                io.Image.Input("logo", tooltip="The logo, with or without alpha: one for all slides, or one for each."),
                position_input("bottom right", "logo"),
                io.Float.Input(
                    "size", default=14.0, min=0.5, max=100.0, step=0.5,
                    tooltip="Longer side of the logo in percent of the slide's shorter side.",
                ),
                margin_input(4.0),
                io.Float.Input(
                    "opacity", default=1.0, min=0.0, max=1.0, step=0.05, tooltip="0 is invisible, 1 is solid."
                ),
                io.Float.Input(
                    "rotation", default=0.0, min=-180.0, max=180.0, step=1.0,
                    tooltip="Turns the logo, degrees counterclockwise.",
                ),
                io.Combo.Input(
                    "recolor", options=list(RECOLORS), default=RECOLORS[0],
                    tooltip="automatic light/dark draws the logo's shape in plain white or dark, by what lies behind.",
                ),
                io.Mask.Input(
                    "mask", optional=True,
                    tooltip="What of the logo is transparent, as Load Image gives it: 1 is clear, 0 is solid.",
                ),
                tiled_input(),
                spacing_input(),
                stagger_input(),
                blend_input(),
                offset_x_input(),
                offset_y_input(),
            ],
            outputs=[
                io.Image.Output(display_name="images", is_output_list=True, tooltip="The pictures with the logo.")
            ],
        )  # fmt: skip

    @classmethod
    def execute(
        cls,
        images: list[Tensor],
        logo: list[Tensor],
        position: list[str],
        size: list[float],
        margin: list[float],
        opacity: list[float],
        rotation: list[float],
        recolor: list[str],
        mask: list[Tensor] | None = None,
        tiled: Sequence[bool] = (False,),
        spacing: Sequence[float] = (10.0,),
        stagger: Sequence[bool] = (True,),
        blend: Sequence[str] = ("normal",),
        offset_x: Sequence[float] = (0.0,),
        offset_y: Sequence[float] = (0.0,),
    ) -> io.NodeOutput:
        limit = settings().limits.side
        copies, frames = owned([checked(batch, limit) for batch in images])
        look = LogoLook(
            first(position),
            first(size),
            first(margin),
            first(opacity),
            first(rotation),
            (first(offset_x), first(offset_y)),
            first(blend),
            first(recolor) != RECOLORS[0],
            tiling_of(tiled, spacing, stagger),
        )
        press = LogoPress(logos_with_alpha([checked(batch, limit) for batch in logo], mask or [], len(frames)), look)
        progress = host.Progress(len(frames))
        for number, frame in enumerate(frames):
            press.press_(frame, number)
            progress.step()
        return io.NodeOutput(copies)
