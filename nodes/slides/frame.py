from comfy_api.v0_0_2 import io
from torch import Tensor

from ...lectern import host
from ...lectern.images import checked
from ...lectern.slides.colors import TRANSPARENT, parse_color
from ...lectern.slides.framing import AUTO_FOCUS, Finish, frame_images
from ...lectern.slides.geometry import ALWAYS, FITS, FORMATS, UPSCALES, Size
from ...lectern.slides.resampling import FILTERS, Resampling
from ...lectern.slides.sizing import CUSTOM, PIXELS, SIZES, Measure, slide_size
from .common import ANCHOR_NAMES, CATEGORY, all_valid, given, settings


class LecternSlideFrame(io.ComfyNode):
    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="LecternSlideFrame",
            display_name="Slide Frame",
            category=CATEGORY,
            description="Brings pictures to a slide's size, exactly: fills the slide and cuts what is over (cover),"
            " shows all of the picture (contain) on a colour, its own blur or its edges, or stretches it. Sizes in"
            " pixels, ppi, inches or cm; can keep what stands out.",
            search_aliases=["resize", "crop", "fit", "16:9", "4:3", "letterbox", "pad", "smart crop", "dpi", "blur"],
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
                    tooltip="cover fills the slide and cuts what is over; contain shows all; stretch distorts;"
                    " blur-fill shows all over a blurred copy; edge-extend shows all and continues its edges.",
                ),
                io.Combo.Input(
                    "position", options=[*ANCHOR_NAMES, AUTO_FOCUS], default="center",
                    tooltip="Which part stays when something is cut, or where the picture sits when there is room."
                    " auto looks for what stands out in each picture and keeps that.",
                ),
                io.String.Input(
                    "background", default="#000000",
                    tooltip="Colour of the room that the picture leaves free, as #RRGGBB or a name, or transparent.",
                ),
                io.Combo.Input(
                    "size_by", options=list(SIZES), default=PIXELS, optional=True,
                    tooltip="How the size is given: pixels takes short_side (custom: width and height); ppi makes"
                    " PowerPoint's slide of the format at that resolution; inches and cm take the lengths below.",
                ),
                io.Int.Input(
                    "ppi", default=144, min=24, max=1200, optional=True,
                    tooltip="Pixels per inch, for ppi, inches and cm. 16:9 at 96 is 1280 x 720, at 144 1920 x 1080, at"
                    " 220 (what PowerPoint keeps) 2933 x 1650.",
                ),
                io.Float.Input(
                    "physical_width", default=13.333, min=0.1, max=500.0, step=0.001,
                    optional=True, advanced=True,
                    tooltip="For inches and cm: the slide's width. A named format keeps its shape; the height follows.",
                ),
                io.Float.Input(
                    "physical_height", default=7.5, min=0.1, max=500.0, step=0.001,
                    optional=True, advanced=True,
                    tooltip="For inches and cm with the format custom: height of the slide.",
                ),
                io.Float.Input(
                    "offset_x", default=0.0, min=-100.0, max=100.0, step=0.5, optional=True, advanced=True,
                    tooltip="Moves on from the position, in percent of what is cut or left free: from left, 100 is"
                    " right. More shows more of the picture's right, or moves it right.",
                ),
                io.Float.Input(
                    "offset_y", default=0.0, min=-100.0, max=100.0, step=0.5, optional=True, advanced=True,
                    tooltip="The same downwards: from top, 100 is bottom.",
                ),
                io.Combo.Input(
                    "upscale", options=list(UPSCALES), default=ALWAYS, optional=True, advanced=True,
                    tooltip="Whether pictures may be enlarged. never: a picture that is too small keeps its own pixels,"
                    " with room around it. only if smaller: enlarges when both its sides are smaller than the slide.",
                ),
                io.Combo.Input(
                    "filter", options=list(FILTERS), default=FILTERS[0], optional=True, advanced=True,
                    tooltip="How pixels are mixed: lanczos is sharpest, bicubic softer, area an even average for"
                    " shrinking, nearest keeps hard pixels.",
                ),
                io.Boolean.Input(
                    "linear_light", default=False, optional=True, advanced=True,
                    tooltip="Mix light instead of sRGB values: fine bright details keep their brightness when shrunk."
                    " Takes about twice the time.",
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
        size_by: str = PIXELS,
        ppi: int = 144,
        physical_width: float = 13.333,
        physical_height: float = 7.5,
        offset_x: float = 0.0,
        offset_y: float = 0.0,
        upscale: str = ALWAYS,
        filter: str = FILTERS[0],
        linear_light: bool = False,
    ) -> io.NodeOutput:
        limit = settings().limits.side
        length = (physical_width, physical_height)
        slide = slide_size(Measure(format, size_by, short_side, Size(width, height), ppi, length), limit)
        color = None if background == TRANSPARENT else parse_color(background)
        finish = Finish((offset_x, offset_y), upscale, Resampling(filter, linear_light))
        progress = host.Progress(len(images))
        pictures = checked(images, limit)
        return io.NodeOutput(frame_images(pictures, slide, fit, position, color, finish, progress.step))
