from comfy_api.v0_0_2 import io
from torch import Tensor

from ...lectern.errors import ImageError
from ...lectern.images import checked
from ...lectern.slides.colors import TRANSPARENT, parse_color
from ...lectern.slides.framing import frame_images
from ...lectern.slides.geometry import FITS, FORMATS, Size, format_size
from .common import ANCHOR_NAMES, CATEGORY, all_valid, given, settings

CUSTOM = "custom"


class LecternSlideFrame(io.ComfyNode):
    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="LecternSlideFrame",
            display_name="Slide Frame",
            category=CATEGORY,
            description="Brings pictures to a slide's size, exactly: fills the slide and cuts what is over (cover),"
            " shows all of the picture (contain), or stretches it. Lanczos at full float precision.",
            search_aliases=["resize", "crop", "fit", "16:9", "4:3", "letterbox", "pad"],
            inputs=[
                io.Image.Input("images", tooltip="Pictures of any size, with or without alpha."),
                io.Combo.Input(
                    "format", options=[*FORMATS, CUSTOM], default="16:9",
                    tooltip="Shape of the slide. 'custom' takes width and height.",
                ),
                io.Int.Input(
                    "short_side", default=1080, min=16, max=16384,
                    tooltip="The slide's shorter side in pixels: 1080 with 16:9 gives 1920 x 1080.",
                ),
                io.Int.Input(
                    "width", default=1920, min=16, max=16384, advanced=True, tooltip="For 'custom': width in pixels."
                ),
                io.Int.Input(
                    "height", default=1080, min=16, max=16384, advanced=True, tooltip="For 'custom': height in pixels."
                ),
                io.Combo.Input(
                    "fit", options=list(FITS), default="cover",
                    tooltip="cover fills the slide and cuts what is over; contain shows all; stretch distorts.",
                ),
                io.Combo.Input(
                    "position", options=ANCHOR_NAMES, default="center",
                    tooltip="Which part stays when something is cut, or where the picture sits when there is room.",
                ),
                io.String.Input(
                    "background", default="#000000",
                    tooltip="For contain: colour of the free room as #RRGGBB or a name, or transparent.",
                ),
            ],
            outputs=[io.Image.Output(display_name="images", tooltip="The pictures at the slide's size.")],
        )  # fmt: skip

    @classmethod
    def validate_inputs(cls, background: str | None) -> bool | str:
        return all_valid(background=lambda: [parse_color(one) for one in given(background) if one != TRANSPARENT])

    @classmethod
    def execute(
        cls,
        images: Tensor,
        format: str,
        short_side: int,
        width: int,
        height: int,
        fit: str,
        position: str,
        background: str,
    ) -> io.NodeOutput:
        limit = settings().limits.side
        slide = Size(width, height) if format == CUSTOM else format_size(format, short_side)
        if max(slide) > limit:
            raise ImageError(
                f"A slide of {slide.width}x{slide.height} pixels is larger than the {limit} that lectern.toml allows"
                " (limits.side). Choose a smaller size or raise the limit."
            )
        color = None if background == TRANSPARENT else parse_color(background)
        return io.NodeOutput(frame_images(checked(images, limit), slide, fit, position, color))
