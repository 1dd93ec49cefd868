"""What people see in the graph editor: schemas, and one call each into the library."""

from .slides.background import LecternSlideBackground
from .slides.deck import LecternSaveDeck
from .slides.frame import LecternSlideFrame
from .slides.logo import LecternSlideLogo
from .slides.number import LecternSlideNumber
from .slides.save import LecternSaveSlides
from .slides.title import LecternSlideTitle
from .slides.watermark import LecternSlideWatermark

NODE_CLASS_MAPPINGS = {
    "LecternSlideBackground": LecternSlideBackground,
    "LecternSlideFrame": LecternSlideFrame,
    "LecternSlideTitle": LecternSlideTitle,
    "LecternSlideWatermark": LecternSlideWatermark,
    "LecternSlideLogo": LecternSlideLogo,
    "LecternSlideNumber": LecternSlideNumber,
    "LecternSaveSlides": LecternSaveSlides,
    "LecternSaveDeck": LecternSaveDeck,
}

NODE_DISPLAY_NAME_MAPPINGS = {
    "LecternSlideBackground": "Slide Background",
    "LecternSlideFrame": "Slide Frame",
    "LecternSlideTitle": "Slide Title",
    "LecternSlideWatermark": "Slide Watermark",
    "LecternSlideLogo": "Slide Logo",
    "LecternSlideNumber": "Slide Number",
    "LecternSaveSlides": "Save Slides",
    "LecternSaveDeck": "Save Deck",
}
